"""What happens between two epochs of a run."""

import math
from contextlib import contextmanager, nullcontext

from course_utils.backend import keras
from course_utils.training.fitting import Budget
from course_utils.training.objectives import prediction_network
from course_utils.training.optimization.averaging import WeightAverage
from course_utils.training.run_folder.run import Run

VALIDATION_SHARE = 0.05
"""Validation may take this share of a run, the last one among it."""

FEWEST_VALIDATIONS = 5
"""So often a run that is measured in epochs is validated, whatever the share, if it has so many."""

CHECKPOINT_SHARE = 0.02
"""Checkpoints may take this share of it."""


class Recorder(keras.callbacks.Callback):
    """At the end of an epoch: validate when it is due, keep the best network, write checkpoint and logs.

    Validation is at the labels' own resolution, so that its mIoU is what `course evaluate` prints.

    When the budget is measured in minutes, an epoch is validated and kept only if the time spent on that, the last
    validation included, stays within its share. When it is measured in epochs, every epoch is kept, and those are
    validated that `validated_epochs` gives: no clock decides what such a run ends with.

    Args:
        run: where everything goes; None for nowhere, on a worker that only helps.
        state: of the run, as `Run.save_checkpoint` keeps it, with the best score so far as `best`; goes on from there.
        budget: of the training; its reserve is what a validation is expected to take.
        validate: returns the `ConfusionMatrix` of the network as it is when called.
        average: what is validated and kept instead of the weights, None for the weights.
        validated: the epochs to validate, None to choose them by the time that they take.
    """

    def __init__(
        self,
        run: Run | None,
        state: dict,
        budget: Budget,
        validate,
        average: WeightAverage | None = None,
        validated=None,
    ):
        super().__init__()
        self.validated = validated
        self.run, self.state, self.budget, self.validate, self.average = run, state, budget, validate, average
        self.validation, self.checkpoint = _Cost(VALIDATION_SHARE, budget.reserve), _Cost(CHECKPOINT_SHARE)

    def on_train_batch_end(self, batch, logs=None):
        if self.average:
            self.average.follow(int(self.model.optimizer.iterations.numpy()))

    def on_epoch_end(self, epoch, logs=None):
        rate = float(self.model.optimizer.learning_rate.numpy())
        row = {
            "epoch": epoch + 1,
            "steps": self.budget.spent_steps,
            "minutes": round(self.budget.elapsed / 60, 3),
            "learning_rate": float(f"{rate:.4g}"),
            "loss": round(float(logs["loss"]), 5),
            "val_mean_iou": None,
            "val_pixel_accuracy": None,
        }
        improved = False
        due = self.validation.is_due(self.budget) if self.validated is None else epoch + 1 in self.validated
        if due:
            with self.validation.measured(self.budget), self._averaged():
                confusion = self.validate()
            row["val_mean_iou"] = round(float(confusion.mean_iou()), 5)
            row["val_pixel_accuracy"] = round(float(confusion.pixel_accuracy()), 5)
            improved = row["val_mean_iou"] > self.state["best"]
            self.state["best"] = max(self.state["best"], row["val_mean_iou"])
        self.state.update(epoch=epoch + 1, seconds=self.budget.elapsed)
        self.state["log"].append(row)
        if self.run is None:
            return
        # The best network is never of an epoch that a kill would make undone.
        if improved or self.checkpoint.is_due(self.budget):
            with self.checkpoint.measured(self.budget):
                self.run.save_checkpoint(self.model, self.state, self.average)
        if improved:
            with self._averaged():
                self.run.save_best(prediction_network(self.model), epoch + 1)

    def _averaged(self):
        return self.average.applied() if self.average else nullcontext()


def validated_epochs(epochs: int, training_frames: int, validation_frames: int) -> range:
    """Which epochs of a run that is measured in epochs are validated, the last one always.

    To predict a frame takes a third of what a training step takes for it, whose gradients cost two passes more. So the
    share of validation follows from the numbers of frames, and is the same on every machine.

    Args:
        epochs: of the run.
        training_frames: in an epoch.
        validation_frames: in a validation.

    Returns:
        numbers of epochs, counted from 1, the last one first.
    """
    interval = math.ceil(validation_frames / (3 * VALIDATION_SHARE * training_frames))
    return range(epochs, 0, -max(1, min(interval, epochs // FEWEST_VALIDATIONS)))


class _Cost:
    """Seconds spent on something that may take a share of a budget in minutes.

    Args:
        share: that it may take.
        expected: seconds that it takes once, until it has been measured.
    """

    def __init__(self, share: float, expected: float = 0.0):
        self.share, self.once, self.spent = share, expected, 0.0

    def is_due(self, budget: Budget) -> bool:
        """Whether it fits now, with a last time at the end; it always does at the end, and where epochs are counted."""
        if budget.steps is not None or budget.progress >= 1.0:
            return True
        return self.spent + 2 * self.once <= self.share * budget.elapsed

    @contextmanager
    def measured(self, budget: Budget):
        """Count what is done meanwhile."""
        started = budget.elapsed
        yield
        self.once = budget.elapsed - started
        self.spent += self.once
