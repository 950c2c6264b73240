"""Training a model for a budget of steps or of time."""

import contextlib
import time
from dataclasses import dataclass

from course_utils.backend import keras
from course_utils.errors import CourseError
from course_utils.losses import SegmentationCrossEntropy
from course_utils.progress import Progress
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
    validation.
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
    class_weights=None,
    objective: dict | None = None,
    averaging: float | None = None,
    clip: float = 5.0,
):
    """Give a model its loss and optimiser: void-aware cross-entropy and SGD with Nesterov's momentum of 0.9.

    Rate and momentum are SegNet's (section 3.1); its step also compiles faster than Adam's, which keeps more state.
    Biases and the scales and offsets of batch normalisation do not decay.

    Args:
        model: a network from images to logits, or to a dictionary of them and further outputs.
        learning_rate: the peak rate, which `fit` schedules.
        weight_decay: share by which a weight shrinks in a step, times the learning rate.
        class_weights: see `SegmentationCrossEntropy`.
        objective: loss and weight for each output, as `course_utils.training.objective` gives them, in place of the
            cross-entropy of the logits; outputs that the model does not have are passed over.
        averaging: momentum of the exponential moving average of the weights, None for none.
        clip: largest global norm of the gradient.

    Raises:
        CourseError: the model has an output that the objective does not know.
    """
    terms = objective or {"logits": (SegmentationCrossEntropy(class_weights), 1.0)}
    outputs = output_names(model)
    unknown = [name for name in outputs if name not in terms]
    if unknown:
        raise CourseError(f"{model.name} has outputs without a loss: {', '.join(unknown)}.")
    losses, weights = ({name: terms[name][part] for name in outputs} for part in (0, 1))
    optimizer = keras.optimizers.SGD(
        learning_rate,
        momentum=0.9,
        nesterov=True,
        weight_decay=weight_decay,
        global_clipnorm=clip,
        use_ema=averaging is not None,
        ema_momentum=averaging or 0.99,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    if isinstance(model.output, dict):
        model.compile(optimizer=optimizer, loss=losses, loss_weights=weights)
    else:
        model.compile(optimizer=optimizer, loss=losses["logits"])
    # Built now, the optimiser makes no variables inside the first training step, which would be traced twice for it.
    optimizer.build(model.trainable_variables)


def output_names(model) -> list[str]:
    """Names of a network's outputs; one that has nothing but logits gives a tensor and no dictionary."""
    return list(model.output) if isinstance(model.output, dict) else ["logits"]


class _Pace(keras.callbacks.Callback):
    """Sets the learning rate by progress, reports it, and stops when the budget is spent."""

    def __init__(self, budget: Budget, schedule: Schedule, peak: float, progress: Progress):
        super().__init__()
        self.budget, self.schedule, self.peak, self.progress = budget, schedule, peak, progress

    def on_train_batch_begin(self, batch, logs=None):
        rate = scheduled_rate(self.schedule, self.peak, self.budget.progress)
        self.model.optimizer.learning_rate.assign(rate)

    def on_train_batch_end(self, batch, logs=None):
        self.budget.count_step()
        self.progress.update(self.budget.progress, loss=logs["loss"])
        if self.budget.progress >= 1.0:
            self.model.stop_training = True


@contextlib.contextmanager
def _uncompiled(model, steps: int | None):
    """Let Keras run each operation as it comes, where so few steps are to be trained that compiling does not pay."""
    if model.train_function is not None or steps is None or steps > FEW_STEPS:
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
) -> list[float]:
    """Train a compiled model until its budget is spent.

    Args:
        model: compiled by `compile_model`.
        batches: an endless data set of `(images [batch, height, width, 3], labels [batch, height, width])`.
        budget: how long.
        learning_rate: the peak rate.
        schedule: a key of `course_utils.training.schedules.SCHEDULES`, or a function of progress.
        epoch_steps: steps between two calls of `on_epoch_end`; the whole budget when omitted.
        first_epoch: number of the first epoch, above 0 when a run goes on.
        callbacks: further Keras callbacks.
        title: what the progress line says.

    Returns:
        the mean training loss of each epoch.
    """
    schedule = look_up_schedule(schedule)
    if isinstance(model.output, dict):
        names = output_names(model)
        batches = batches.map(lambda images, labels: (images, dict.fromkeys(names, labels)))
    with Progress(title, total=1.0) as progress, _uncompiled(model, budget.steps):
        history = model.fit(
            batches,
            initial_epoch=first_epoch,
            epochs=2**31,
            steps_per_epoch=epoch_steps or budget.steps,
            callbacks=[*callbacks, _Pace(budget, schedule, learning_rate, progress)],
            shuffle=False,
            verbose=0,
        )
        losses = history.history["loss"]
        progress.done = f"{title}: {budget.spent_steps} steps, loss {losses[-1]:.2f}"
    return losses
