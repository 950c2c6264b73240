"""From a recipe to a finished run: data, network, budget, then epoch after epoch."""

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from course_utils.backend import keras, tf
from course_utils.datasets.augmentation import Augmentation
from course_utils.datasets.pipeline import clear_errors, training_batches
from course_utils.errors import CourseError
from course_utils.inference import Predictor
from course_utils.training.fitting import Budget, fit
from course_utils.training.network import new_network
from course_utils.training.objectives import prediction_network
from course_utils.training.recipe import Recipe
from course_utils.training.recorder import Recorder
from course_utils.training.run import Run
from course_utils.training.schedules import look_up_schedule
from course_utils.training.validation import confusion_of_frames


def train_recipe(recipe: Recipe, output, *, replace: bool = False) -> Run:
    """Train by a recipe into a new run folder.

    Args:
        recipe: what to do.
        output: the run folder.
        replace: start afresh where a run is already.

    Returns:
        the finished run.

    Raises:
        CourseError: the data are incomplete, a name is unknown, the minutes are over before the first step, or the
            folder is taken. No folder is made then.
    """
    session = _prepare(recipe, time.monotonic())
    run = Run.create(output, recipe.config(), replace=replace)
    session.train(run)
    return run


def resume_run(output, *, minutes: float | None = None, epochs: int | None = None) -> Run:
    """Go on with an interrupted run, or with a finished one if its budget has grown.

    Args:
        output: the run folder; the recipe in it holds.
        minutes: a new budget for the whole run, where it was started with minutes; None keeps the one it has.
        epochs: the same for a run that was started with epochs.

    Returns:
        the finished run.

    Raises:
        CourseError: there is no run, the budget is of the other kind, or as for `train_recipe`.
    """
    started = time.monotonic()
    run = Run(output)
    session = _prepare(_resumed_recipe(run, minutes, epochs), started, run)
    if session.budget.progress < 1.0:
        session.train(run)
    return run


def _resumed_recipe(run: Run, minutes: float | None, epochs: int | None) -> Recipe:
    names = {item.name for item in dataclasses.fields(Recipe)}
    stored = {name: value for name, value in run.config.items() if name in names}
    if minutes is not None or epochs is not None:
        if (stored["minutes"] is None) != (minutes is None):
            unit = "--epochs" if stored["minutes"] is None else "--minutes"
            raise CourseError(f"{run.path} was started with {unit}: resume it with {unit} too.")
        stored |= {"minutes": minutes, "epochs": epochs}
    # JSON made lists of them.
    return Recipe(**{name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()})


@dataclass
class _Session:
    """A run that can begin.

    Attributes:
        recipe: what to do.
        model: the compiled network.
        state: of the run, as `Run.save_checkpoint` keeps it.
        budget: of the training.
        batches: endless images and labels to train on, from where the state stands.
        epoch_steps: batches per epoch.
        schedule: from progress to a factor on the peak learning rate.
        validate: returns the `ConfusionMatrix` of the network as it is when called.
    """

    recipe: Recipe
    model: keras.Model
    state: dict
    budget: Budget
    batches: tf.data.Dataset
    epoch_steps: int
    schedule: Callable[[float], float]
    validate: Callable

    def train(self, run: Run) -> None:
        """Train until the budget is spent."""
        recipe = self.recipe
        size = "their own size" if recipe.image_size is None else "{}x{}".format(*recipe.image_size)
        with clear_errors():
            fit(
                self.model,
                self.batches,
                self.budget,
                learning_rate=recipe.learning_rate,
                schedule=self.schedule,
                epoch_steps=self.epoch_steps,
                first_epoch=self.state["epoch"],
                callbacks=[Recorder(run, self.state, self.budget, self.validate)],
                title=f"Training {recipe.system.name} on {recipe.data.name}, images of {size}",
            )


def _prepare(recipe: Recipe, started: float, interrupted: Run | None = None) -> _Session:
    """Everything that a run needs; whatever can be wrong is found here, before a folder is made."""
    training = recipe.data.load("train", recipe.image_size)
    validation = recipe.data.load("val").frames
    epoch_steps = math.ceil(len(training.frames) / recipe.batch_size)
    schedule = look_up_schedule(recipe.schedule)
    if recipe.mixed_precision:
        keras.mixed_precision.set_global_policy(recipe.mixed_precision)
    keras.utils.set_random_seed(recipe.seed)
    restored = interrupted.restore() if interrupted else None
    model, state = restored or (new_network(recipe), {"epoch": 0, "log": [], "best": -1.0})
    batches = training_batches(
        training,
        recipe.batch_size,
        seed=recipe.seed,
        augmentation=Augmentation(recipe.crop_size, recipe.scale, recipe.flip, recipe.color),
        start_step=state["epoch"] * epoch_steps,
    )
    predictor = Predictor(prediction_network(model), recipe.image_size)
    validate = partial(confusion_of_frames, predictor, recipe.data, validation)
    budget = _budget(recipe, state, epoch_steps, started)
    return _Session(recipe, model, state, budget, batches, epoch_steps, schedule, validate)


def _budget(recipe: Recipe, state: dict, epoch_steps: int, started: float) -> Budget:
    """What is left of the budget; preparing counts, too."""
    budget = Budget(
        steps=None if recipe.epochs is None else recipe.epochs * epoch_steps,
        seconds=None if recipe.minutes is None else 60 * recipe.minutes,
        spent_steps=state["epoch"] * epoch_steps,
        spent_seconds=state.get("seconds", 0.0) + time.monotonic() - started,
    )
    if state["epoch"] == 0 and budget.progress >= 1.0:
        raise CourseError(
            f"--minutes {recipe.minutes:g} is over before the first step: preparing took {budget.elapsed:.1f} s. "
            "Give more minutes."
        )
    return budget
