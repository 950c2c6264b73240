"""Training a model for a budget of steps or of time."""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.layers.backend_operations import on_tensorflow
from course_utils.losses import SegmentationCrossEntropy
from course_utils.progress import Progress
from course_utils.training.optimization.optimizers import sgd
from course_utils.training.schedules import Schedule, look_up_schedule
from course_utils.training.schedules import learning_rate as scheduled_rate

FEW_STEPS = 4
"""Up to this many steps are trained without compiling one first.

Compiling a step of SegNet takes as much processor time as nine steps that are not compiled (measured: 8.8 and 1.0 s),
and pays from then on: a compiled step takes 0.12 s.
"""


@dataclass
class Budget:
    """How long to train: a number of steps or a number of seconds, and how much of it is already spent.

    Seconds are wall time, validation and checkpoints included. `reserve` seconds at the end are left for a last
    validation; set it before the first step, since progress jumps with it, and the learning rate with that.
    """

    steps: int | None = None
    seconds: float | None = None
    spent_steps: int = 0
    spent_seconds: float = 0.0
    reserve: float = 0.0

    def __post_init__(self):
        if (self.steps is None) == (self.seconds is None):
            raise CourseError("A training budget is either a number of steps or a number of seconds: give one of them.")
        limit = self.steps if self.seconds is None else self.seconds
        if limit <= 0:
            raise CourseError(f"A training budget must be positive, got {limit}.")
        self._clock = time.monotonic() - self.spent_seconds

    def count_step(self) -> None:
        self.spent_steps += 1

    @property
    def elapsed(self) -> float:
        """Seconds spent so far, those before an interruption included."""
        return time.monotonic() - self._clock

    @property
    def progress(self) -> float:
        """Share of the budget spent, 0 to 1."""
        if self.steps is not None:
            return min(1.0, self.spent_steps / self.steps)
        return min(1.0, (self.elapsed + self.reserve) / self.seconds)


def compile_model(
    model,
    *,
    learning_rate: float = 0.1,
    weight_decay: float = 5e-4,
    optimizer: Callable = sgd,
    class_weights=None,
    objective: dict | None = None,
):
    """Give a model its loss and optimiser: void-aware cross-entropy, and gradient descent unless said otherwise.

    Args:
        model: a network from images to logits, or to a dictionary of them and further outputs.
        learning_rate: the peak rate, which `fit` schedules.
        weight_decay: share by which a kernel shrinks in a step, times the learning rate.
        optimizer: a function from model, rate and decay to a Keras optimiser, such as a value of
            `course_utils.training.optimization.optimizers.OPTIMIZERS`.
        class_weights: see `SegmentationCrossEntropy`.
        objective: loss and weight for each output, as `course_utils.training.objective` gives them, in place of the
            cross-entropy of the logits; outputs that the model does not have are passed over.

    Raises:
        CourseError: the model has an output that the objective does not know.
    """
    terms = objective or {"logits": (SegmentationCrossEntropy(class_weights), 1.0)}
    outputs = output_names(model)
    unknown = [name for name in outputs if name not in terms]
    if unknown:
        raise CourseError(f"{model.name} has outputs without a loss: {', '.join(unknown)}.")
    losses, weights = ({name: terms[name][part] for name in outputs} for part in (0, 1))
    several = isinstance(model.output, dict)
    model.compile(
        optimizer=optimizer(model, learning_rate, weight_decay),
        loss=losses if several else losses["logits"],
        loss_weights=weights if several else None,
    )
    # Built now, the optimiser makes no variables inside the first training step, which would be traced twice for it.
    model.optimizer.build(model.trainable_variables)


def output_names(model) -> list[str]:
    """Names of a network's outputs; one that has nothing but logits gives a tensor and no dictionary."""
    return list(model.output) if isinstance(model.output, dict) else ["logits"]


class _Pace(keras.callbacks.Callback):
    """Sets the learning rate by progress, reports it, and stops when the budget is spent.

    With the epoch in which progress reaches `until` it stops, too, so that training can go on with other batches.
    """

    def __init__(self, budget: Budget, schedule: Schedule, peak: float, progress: Progress):
        super().__init__()
        self.budget, self.schedule, self.peak, self.progress = budget, schedule, peak, progress
        self.until = 1.0

    def on_train_batch_begin(self, batch, logs=None):
        rate = scheduled_rate(self.schedule, self.peak, self.budget.progress)
        self.model.optimizer.learning_rate.assign(rate)

    def on_train_batch_end(self, batch, logs=None):
        self.budget.count_step()
        self.progress.update(self.budget.progress, loss=logs["loss"])
        if self.budget.progress >= 1.0:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        if self.budget.progress >= self.until:
            self.model.stop_training = True


@contextlib.contextmanager
def _uncompiled(model, steps: int | None):
    """Let TensorFlow run each operation as it comes, where so few steps are to be trained that compiling does not pay.

    Other backends compile every operation by itself then, and it never pays.
    """
    if model.train_function is not None or steps is None or steps > FEW_STEPS or not on_tensorflow():
        yield
        return
    model.run_eagerly = True
    model.make_train_function()
    model.run_eagerly = False  # what the network predicts in between is compiled
    try:
        yield
    finally:
        model.train_function = None


def fit(
    model,
    batches,
    budget: Budget,
    *,
    learning_rate: float = 0.1,
    schedule: str | Schedule = "constant-then-linear",
    epoch_steps: int | None = None,
    first_epoch: int = 0,
    callbacks=(),
    title: str = "Training",
    steps: Callable | None = None,
) -> list[float]:
    """Train a compiled model until its budget is spent.

    Args:
        model: compiled by `compile_model`.
        batches: an endless data set of `(images [batch, height, width, 3], labels [batch, height, width])`, from
            tf.data or any other iterator; or several, as pairs of the progress until which they last and a function
            from the number of steps spent to the data set.
        budget: how long.
        learning_rate: the peak rate.
        schedule: a key of `course_utils.training.schedules.SCHEDULES`, or a function of progress.
        epoch_steps: steps between two calls of `on_epoch_end`; the whole budget when omitted.
        first_epoch: number of the first epoch, above 0 when a run goes on.
        callbacks: further Keras callbacks.
        title: what the progress line says.
        steps: trains instead of Keras, see `course_utils.training.strategies.steps.ReplicatedSteps`.

    Returns:
        the mean training loss of each epoch.
    """
    schedule = look_up_schedule(schedule)
    stages = batches if isinstance(batches, Sequence) else [(1.0, lambda steps: batches)]
    outputs = output_names(model) if isinstance(model.output, dict) else None
    losses = []
    with Progress(title, total=1.0) as progress, _uncompiled(model, budget.steps):
        pace = _Pace(budget, schedule, learning_rate, progress)
        for until, begin in stages:
            if budget.progress >= until:
                continue
            pace.until = until
            prepare = partial(_for_training, outputs, len(stages) > 1 and on_tensorflow())
            examples = begin(budget.spent_steps)
            if steps:
                epoch = first_epoch + len(losses)
                losses += steps(examples.map(prepare), epoch, epoch_steps or budget.steps, [*callbacks, pace])
                continue
            history = model.fit(
                examples.map(prepare) if hasattr(examples, "map") else (prepare(*batch) for batch in examples),
                initial_epoch=first_epoch + len(losses),
                epochs=2**31,
                steps_per_epoch=epoch_steps or budget.steps,
                callbacks=[*callbacks, pace],
                shuffle=False,
                verbose=0,
            )
            losses += history.history["loss"]
        progress.done = f"{title}: {budget.spent_steps} steps, loss {losses[-1]:.2f}"
    return losses


def _for_training(outputs: list[str] | None, of_any_size: bool, images, labels):
    """A batch as `fit` takes it: the labels for each of several outputs, and sizes unknown where they will change.

    A training step is compiled for the sizes that TensorFlow knows: for other ones it would be compiled again.
    """
    if of_any_size:
        batch, unknown = images.shape[0], (None, None)
        images = tf.compat.v1.placeholder_with_default(images, (batch, *unknown, 3))
        labels = tf.compat.v1.placeholder_with_default(labels, (batch, *unknown))
    return images, labels if outputs is None else dict.fromkeys(outputs, labels)
