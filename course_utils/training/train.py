"""From a recipe to a finished run: data, network, budget, then epoch after epoch."""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from course_utils.backend import keras
from course_utils.datasets import Dataset, Frame
from course_utils.datasets.pipeline import clear_errors
from course_utils.errors import CourseError
from course_utils.evaluation import ImageBlindPrior
from course_utils.files import check_writable
from course_utils.inference import Predictor
from course_utils.training.fitting import Budget, fit
from course_utils.training.growing import TrainingImages, stages
from course_utils.training.network import new_network
from course_utils.training.objectives import prediction_network
from course_utils.training.optimization.averaging import WeightAverage
from course_utils.training.optimization.memory import advice_on_memory
from course_utils.training.recipe import Recipe
from course_utils.training.recorder import Recorder, validated_epochs
from course_utils.training.run_folder.another import refuse_another
from course_utils.training.run_folder.checkpoint import Checkpoint
from course_utils.training.run_folder.run import Run, check_free, training_alone
from course_utils.training.schedules import look_up_schedule
from course_utils.training.standstill import Standstill
from course_utils.training.strategies.replicas import ONE, Replicas
from course_utils.training.validation import confusion_of_frames

ENDING = 2.0
"""Seconds for the last checkpoint and the end of the process."""

TIMED_FRAMES = 6
"""So many frames are predicted to find out how long a validation takes."""


def train_recipe(
    recipe: Recipe, output, *, replace: bool = False, started: float | None = None, replicas: Replicas = ONE
) -> Run | None:
    """Train by a recipe into a new run folder.

    Args:
        recipe: what to do.
        output: the run folder.
        replace: start afresh where a run is already.
        started: when the minutes of the recipe began, on the clock of `time.monotonic`; now when omitted.
        replicas: which train together, as `course_utils.training.strategies.replicas.start` gives them.

    Returns:
        the finished run; None on a worker that is not the chief, which keeps it.

    Raises:
        CourseError: the data are incomplete, a name is unknown, the minutes are over before the first step, the
            replicas cannot share the batches, or the folder is taken. No folder is made then. Or memory ran out: then
            the run can go on.
    """
    replicas = replicas.check(recipe)
    if replicas.chief:
        output = check_writable(output, "--output")
        check_free(output, replace)
    with advice_on_memory(recipe):
        session = _prepare(recipe, time.monotonic() if started is None else started, replicas)
    if not replicas.chief:
        return session.train(None)
    with training_alone(output), advice_on_memory(recipe, output):
        run = Run.create(output, {**recipe.config(), "prior_mean_iou": session.prior}, replace=replace)
        session.train(run)
    return run


def resume_run(
    output,
    *,
    minutes: float | None = None,
    epochs: int | None = None,
    given: Mapping[str, object] | None = None,
    started: float | None = None,
    replicas: Replicas = ONE,
) -> Run | None:
    """Go on with an interrupted run, or with a finished one if its budget has grown.

    With a budget in epochs, on processors, the run then ends with the same weights, bit for bit, as one that nothing
    had interrupted.

    Args:
        output: the run folder; the recipe in it holds.
        minutes: a new budget for the whole run, where it was started with minutes; None keeps the one it has.
        epochs: the same for a run that was started with epochs.
        given: values of the recipe that the user named once more; they must be those of the run, but that a step may
            be divided into other batches (`batch_size` times `accumulate` stays).
        started, replicas: as in `train_recipe`; the replicas may be others than before.

    Returns:
        as `train_recipe`.

    Raises:
        CourseError: there is no run, the budget is of the other kind, something else was given than the run has, parts
            of the run are missing or damaged, or as for `train_recipe`.
    """
    started = time.monotonic() if started is None else started
    if not replicas.chief:
        return _join(replicas, given or {}, started)
    run = Run(output)
    recipe = _resumed_recipe(run, minutes, epochs, given or {})
    replicas = replicas.check(recipe)
    with training_alone(run.path), advice_on_memory(recipe, run.path):
        checkpoint = run.last_checkpoint()
        replicas.share(lambda: dataclasses.asdict(recipe))
        session = _prepare(recipe, started, replicas, run, checkpoint)
        run.going_on(checkpoint)
        if checkpoint and run.best_is_behind(checkpoint):
            with session.average.applied() if session.average else contextlib.nullcontext():
                run.save_best(prediction_network(session.model), checkpoint.state["epoch"])
        if session.budget.progress < 1.0:
            session.train(run)
    return run


def _resumed_recipe(run: Run, minutes: float | None, epochs: int | None, given: Mapping[str, object]) -> Recipe:
    names = {item.name for item in dataclasses.fields(Recipe)}
    stored = {name: value for name, value in run.config.items() if name in names}
    if given:
        stored |= refuse_another(run, given)
    if minutes is not None or epochs is not None:
        if (stored["minutes"] is None) != (minutes is None):
            unit = "--epochs" if stored["minutes"] is None else "--minutes"
            raise CourseError(f"{run.path} was started with {unit}: resume it with {unit} too.")
        stored |= {"minutes": minutes, "epochs": epochs}
    return _recipe(stored)


def _recipe(stored: Mapping[str, object]) -> Recipe:
    # JSON made lists of tuples.
    return Recipe(**{name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()})


def _join(replicas: Replicas, given: Mapping[str, object], started: float) -> None:
    """Go on with the run that the chief has; data may lie elsewhere here."""
    stored = replicas.share(dict)
    places = {name: given[name] for name in ("data_dir", "encoder_weights") if given.get(name)}
    recipe = _recipe({**stored, **places})
    with advice_on_memory(recipe):
        session = _prepare(recipe, started, replicas)
        if session.budget.progress < 1.0:
            session.train(None)


@dataclass
class _Session:
    """A run that can begin.

    Attributes:
        recipe: what to do.
        model: the compiled network.
        average: of its weights, None without one.
        state: of the run, as `Run.save_checkpoint` keeps it.
        budget: of the training.
        images: to train on.
        schedule: from progress to a factor on the peak learning rate.
        count: takes frames; returns the `ConfusionMatrix` of the network as it is when called, of this worker alone.
        validation: the frames to validate on.
        prior: mean IoU of the image-blind prior on them, None for a run that goes on.
        replicas: which train.
    """

    recipe: Recipe
    model: keras.Model
    average: WeightAverage | None
    state: dict
    budget: Budget
    images: TrainingImages
    schedule: Callable[[float], float]
    count: Callable
    validation: Sequence[Frame]
    prior: float | None
    replicas: Replicas

    def train(self, run: Run | None) -> None:
        """Train until the budget is spent; without a run, into none."""
        recipe = self.recipe
        size = "their own size" if recipe.image_size is None else "{}x{}".format(*recipe.image_size)
        bits = f", {recipe.mixed_precision}" if recipe.mixed_precision else ""
        standstill = Standstill(self.images.reading, self.replicas.say, self.replicas.workers)
        count = partial(self.count, counted=lambda name: standstill.begins(f"validating, after frame {name}"))
        validate = partial(self.replicas.confusion, count, self.validation)
        frames = len(self.images.frames), len(self.validation)
        validated = None if recipe.epochs is None else validated_epochs(recipe.epochs, *frames)
        with standstill, clear_errors():
            if self.budget.seconds is not None:
                self.budget.reserve = self._validation_seconds() + min(ENDING, 0.02 * self.budget.seconds)
            fit(
                self.model,
                [(stage.until, partial(self.images.batches, stage)) for stage in stages(recipe)],
                self.budget,
                learning_rate=recipe.learning_rate,
                schedule=self.schedule,
                epoch_steps=self.images.epoch_steps,
                first_epoch=self.state["epoch"],
                callbacks=[standstill, Recorder(run, self.state, self.budget, validate, self.average, validated)],
                title=f"Training {recipe.system.name} on {recipe.data.name}, images of {size}{bits}",
                steps=self.replicas.steps(self.model, recipe.accumulate),
            )

    def _validation_seconds(self) -> float:
        """How long a validation is going to take, from a few frames; the first time compiles the prediction."""
        few = self.validation[:TIMED_FRAMES]
        self.count(few)
        started = time.monotonic()
        self.count(few)
        return (time.monotonic() - started) * len(self.validation) / len(few)


def _prepare(
    recipe: Recipe,
    started: float,
    replicas: Replicas,
    interrupted: Run | None = None,
    checkpoint: Checkpoint | None = None,
) -> _Session:
    """Everything that a run needs; whatever can be wrong is found here, before a folder is made.

    Args:
        recipe: what to do.
        started: when the minutes of the recipe began.
        replicas: which are to train; those that are not the chief's begin with what the chief begins with.
        interrupted: the run that goes on, None for a new one.
        checkpoint: what it goes on from, None for the beginning.
    """
    images = TrainingImages(recipe, replicas.part)
    validation = recipe.data.load("val").frames
    schedule = look_up_schedule(recipe.schedule)
    if interrupted:
        interrupted.import_own_modules()
    replicas.agree(_facts(recipe, images, validation))
    keras.utils.set_random_seed(recipe.seed)
    with replicas.scope():
        model = new_network(recipe, pretrained=checkpoint is None)
    average = WeightAverage(model, recipe.averaging) if recipe.averaging else None
    state = {"epoch": 0, "log": [], "best": -1.0}
    if checkpoint:
        checkpoint.restore(model, average)
        state = checkpoint.state
    replicas.equalize(model, average)
    state = replicas.share(lambda: state)
    predictor = Predictor(prediction_network(model), recipe.image_size)
    count = partial(confusion_of_frames, predictor, recipe.data)
    prior = _prior_mean_iou(recipe.data, validation) if replicas.chief and not interrupted else None
    budget = _budget(recipe, state, images.epoch_steps, started)
    return _Session(recipe, model, average, state, budget, images, schedule, count, validation, prior, replicas)


def _facts(recipe: Recipe, images: TrainingImages, validation: Sequence[Frame]) -> dict:
    """What has to be the same on all workers, in words: everything but where it is."""
    names = {"training frames": images.frames, "validation frames": validation}
    frames = {kind: f"{len(some)}, from {some[0].name} to {some[-1].name}" for kind, some in names.items()}
    return {**recipe.config(), **frames, "data_dir": None, "encoder_weights": bool(recipe.encoder_weights)}


def _prior_mean_iou(data: Dataset, frames: Sequence[Frame]) -> float | None:
    """What a guess scores that never looks at the image; None where the labels tell nothing."""
    prior = ImageBlindPrior.of(data)
    return prior and round(float(prior.score(data, frames).mean_iou()), 5)


def _budget(recipe: Recipe, state: dict, epoch_steps: int, started: float) -> Budget:
    """What is left of the budget; preparing counts, too."""
    budget = Budget(
        steps=None if recipe.epochs is None else recipe.epochs * epoch_steps,
        seconds=None if recipe.minutes is None else 60 * recipe.minutes,
        spent_steps=int(state["log"][-1]["steps"]) if state["log"] else 0,
        spent_seconds=state.get("seconds", 0.0) + time.monotonic() - started,
    )
    if state["epoch"] == 0 and budget.progress >= 1.0:
        raise CourseError(
            f"--minutes {recipe.minutes:g} is over before the first step: preparing took {budget.elapsed:.1f} s. "
            "Give more minutes."
        )
    return budget
