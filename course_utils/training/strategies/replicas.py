"""One network, or several copies of it that stay equal: on the GPUs of a machine, on several machines, or both."""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from course_utils.backend import silent_stderr, tf
from course_utils.errors import CourseError, brief
from course_utils.evaluation import ConfusionMatrix
from course_utils.progress import say
from course_utils.training.optimization.averaging import WeightAverage
from course_utils.training.recipe import Recipe
from course_utils.training.run_folder.checkpoint import random_states
from course_utils.training.strategies import meeting
from course_utils.training.strategies.cluster import Cluster, find_cluster
from course_utils.training.strategies.meeting import Meeting
from course_utils.training.strategies.steps import ReplicatedSteps, equalize

STRATEGIES = ("auto", "one", "mirrored", "multiworker")
"""What `course train --strategy` may name."""


class Replicas:
    """The replicas of a network that train together, and the worker that this process is; without arguments, one.

    Args:
        strategy: of TensorFlow, None for one network.
        meeting: with the other workers, None where there are none.
        asked: False where nobody asked for them, and one network may train instead.

    Attributes:
        worker: which worker this is, from 0 on.
        workers: how many there are.
        chief: whether this worker keeps the run folder; the others write nothing.
    """

    def __init__(self, strategy=None, meeting: Meeting | None = None, asked: bool = True):
        self.strategy, self._meeting, self._asked = strategy, meeting, asked
        self.worker, self.workers = (meeting.cluster.index, len(meeting.cluster.addresses)) if meeting else (0, 1)
        self.chief = self.worker == 0

    @property
    def count(self) -> int:
        """How many replicas there are on all workers."""
        return self.strategy.num_replicas_in_sync if self.strategy else 1

    @property
    def part(self) -> dict:
        """Which part of a batch this worker reads, as `course_utils.datasets.pipeline.training_batches` takes it."""
        return {"worker": self.worker, "workers": self.workers, "replicas": self.count}

    def check(self, recipe: Recipe) -> "Replicas":
        """Refuse what replicas cannot do together.

        Args:
            recipe: what they are to train; its batches are those of all of them together.

        Returns:
            these replicas; or one network, and a line that says so, where nobody asked for replicas and they cannot
            share the batches.

        Raises:
            CourseError: batches cannot be parted evenly, or workers would have to agree on the time.
        """
        if recipe.batch_size % self.count:
            fault = f"Batches of {recipe.batch_size} images cannot be parted evenly among {self.count} replicas"
            if not self._asked:
                print(f"{fault}: one GPU trains. All do with {_divisible(recipe, self.count)}.", file=sys.stderr)
                return ONE
            raise CourseError(f"{fault}: give {_divisible(recipe, self.count)}, or --strategy one.")
        if recipe.minutes is not None and self.workers > 1:
            raise CourseError(
                "Several workers cannot train for --minutes, since their clocks differ, and with them the learning "
                "rate: give --epochs."
            )
        return self

    def scope(self):
        """Networks built in here have their variables on every replica."""
        return self.strategy.scope() if self.strategy else contextlib.nullcontext()

    def share(self, value: Callable[[], object]):
        """What a function gives on the chief, on every worker; JSON has to hold it."""
        if not self._meeting:
            return value()
        return self._meeting.share(value() if self.chief else None)

    def say(self, line: str) -> None:
        """Write a line to standard error, and to that of the chief."""
        say(line)
        if self._meeting:
            self._meeting.note(line)

    def agree(self, facts: dict) -> None:
        """Make sure that all workers do the same.

        Args:
            facts: of this worker, by name.

        Raises:
            CourseError: those of the chief differ.
        """
        facts = json.loads(json.dumps(facts))
        chief = self.share(lambda: facts)
        other = [f"{name} {facts.get(name)} (there: {value})" for name, value in chief.items() if value != facts[name]]
        if other:
            raise CourseError(
                f"worker {self.worker} would train with another {', '.join(other)} than worker 0: start all of them by "
                "the same command, on the same data, and name what their machines decide."
            )

    def confusion(self, count: Callable[[Sequence], ConfusionMatrix], frames: Sequence) -> ConfusionMatrix:
        """The confusion matrix over frames, of which every worker counts a part.

        Args:
            count: gives the matrix of some frames.
            frames: all of them.
        """
        confusion = count(frames[self.worker :: self.workers])
        if self._meeting:
            parts = self._meeting.collect([confusion.matrix.tolist(), confusion.missed.tolist()])
            matrix, missed = self.share(
                lambda: [sum(map(np.array, part)).tolist() for part in zip(*parts, strict=True)]
            )
            confusion.matrix, confusion.missed = np.array(matrix, np.int64), np.array(missed, np.int64)
        return confusion

    def equalize(self, model, average: WeightAverage | None) -> None:
        """Give all replicas the values that the chief has; what they draw at random differs all the same.

        Args:
            model: compiled.
            average: of its weights.
        """
        if self.strategy:
            variables = [*model.variables, *model.optimizer.variables, *(average.variables if average else ())]
            equalize(self.strategy, variables, random_states(model))

    def steps(self, model, parts: int = 1):
        """What trains a network in the place of `model.fit`; None where Keras does.

        Args:
            model: compiled.
            parts: in which a step is taken.
        """
        return ReplicatedSteps(model, self.strategy, parts) if self.strategy else None

    @contextlib.contextmanager
    def ending(self) -> Iterator[None]:
        """What is trained in here ends on all workers, or an error ends all of them."""
        try:
            yield
        except (KeyboardInterrupt, Exception) as error:
            if not self._meeting:
                raise
            if isinstance(error, _of_gone()):
                # What TensorFlow says when a worker is gone is no news: the thread that listens ends this process.
                time.sleep(2 * meeting.VANISHED)
            self._meeting.leave("interrupted" if isinstance(error, KeyboardInterrupt) else _told(error))
            raise
        if self._meeting:
            self._meeting.leave()


def _of_gone() -> tuple:
    """What TensorFlow raises where a worker does not answer."""
    names = ("Unavailable", "Aborted", "Cancelled", "DeadlineExceeded", "FailedPrecondition", "Internal")
    return tuple(getattr(tf.errors, f"{name}Error") for name in names)


def _told(error: BaseException) -> str:
    return str(error) if isinstance(error, CourseError) else brief(error)


def _divisible(recipe: Recipe, count: int) -> str:
    """Options for batches that replicas can share: for the same step and no larger on each, if there are such."""
    sizes = range(count, count * recipe.batch_size + 1, count)
    same = [size for size in sizes if not recipe.step_size % size]
    if same:
        return f"--batch-size {same[-1]} --accumulate {recipe.step_size // same[-1]} (the same step)"
    below = recipe.batch_size // count * count
    return f"--batch-size {' or '.join(str(size) for size in (below, below + count) if size)}"


ONE = Replicas()
"""One network, trained by Keras."""


def start(
    strategy: str = "auto",
    *,
    wait: float = meeting.WAIT,
    gone: Callable[[str], None] = meeting.end,
    devices: Sequence[str] | None = None,
) -> Replicas:
    """The replicas of a strategy; the first thing that a process does with TensorFlow.

    Args:
        strategy: "one"; "mirrored", on the GPUs of this machine; "multiworker", on the workers that TF_CONFIG names, or
            SLURM; "auto" takes what there is, and one GPU where the batches do not suit all of them.
        wait: seconds that workers wait for one another.
        gone: see `Meeting`.
        devices: for "mirrored", instead of all GPUs.

    Raises:
        CourseError: there are no such devices or workers, a worker does not come, or TensorFlow runs already.
    """
    cluster = find_cluster() if strategy in ("auto", "multiworker") else None
    if cluster:
        return _multiworker(cluster, wait, gone)
    if strategy == "multiworker":
        raise CourseError(
            "--strategy multiworker needs several workers, and neither TF_CONFIG nor SLURM names them: docs/cluster.md "
            "says how, or give --strategy one."
        )
    devices = [] if strategy == "one" else devices or [device.name for device in tf.config.list_physical_devices("GPU")]
    if len(devices) > 1:
        names = [name.removeprefix("/physical_device:") for name in devices]
        return Replicas(tf.distribute.MirroredStrategy(names), asked=strategy == "mirrored")
    if strategy == "mirrored":
        raise CourseError(
            f"--strategy mirrored needs several GPUs, and TensorFlow finds {len(devices)}: give --strategy one."
        )
    with silent_stderr():
        tf.zeros(1)  # as in `course_utils.backend`, which leaves it out for this to come first
    return ONE


def _multiworker(cluster: Cluster, wait: float, gone: Callable[[str], None]) -> Replicas:
    os.environ["TF_CONFIG"] = cluster.config()
    together, on_term = Meeting(cluster, wait, gone), signal.getsignal(signal.SIGTERM) or signal.SIG_DFL
    try:
        with silent_stderr():
            strategy = tf.distribute.MultiWorkerMirroredStrategy()
        # TensorFlow notes a SIGTERM from now on and does nothing about it; `kill` and a cluster's end have to end this.
        signal.signal(signal.SIGTERM, on_term)
    except RuntimeError as error:
        together.leave(str(error))
        raise CourseError(f"Workers have to be started before anything else is computed ({error}).") from None
    return Replicas(strategy, together)
