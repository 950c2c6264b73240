"""What happens between two epochs of a run."""

import contextlib

from course_utils.backend import keras
from course_utils.training.fitting import Budget
from course_utils.training.objectives import prediction_network
from course_utils.training.run import Run

VALIDATION_SHARE = 0.1
"""Validation may take this share of a run that is measured in minutes."""


class Recorder(keras.callbacks.Callback):
    """At the end of an epoch: validate when it is due, keep the best network, write checkpoint and logs.

    Validation is at the labels' own resolution, so that its mIoU is what `course evaluate` prints.

    When the budget is measured in epochs, every epoch is validated. When it is measured in minutes, validation waits
    until it would take no more than `VALIDATION_SHARE` of the time, and the budget keeps a reserve for a last one.

    Args:
        run: where everything goes.
        state: of the run, as `Run.save_checkpoint` keeps it, with the best score so far as `best`; goes on from there.
        budget: of the training.
        validate: returns the `ConfusionMatrix` of the network as it is when called.
    """

    def __init__(self, run: Run, state: dict, budget: Budget, validate):
        super().__init__()
        self.run, self.state, self.budget, self.validate = run, state, budget, validate
        self.cost, self.last = state.get("validation_seconds", 0.0), budget.elapsed
        budget.reserve = self.cost

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
        if self._due():
            started = self.budget.elapsed
            with _averaged_weights(self.model):
                confusion = self.validate()
                row["val_mean_iou"] = round(float(confusion.mean_iou()), 5)
                row["val_pixel_accuracy"] = round(float(confusion.pixel_accuracy()), 5)
                if row["val_mean_iou"] > self.state["best"]:
                    self.state["best"] = row["val_mean_iou"]
                    self.run.save_best(prediction_network(self.model))
            self.last = self.budget.elapsed
            self.cost = self.budget.reserve = self.last - started
        self.state.update(epoch=epoch + 1, seconds=self.budget.elapsed, validation_seconds=self.cost)
        self.state["log"].append(row)
        self.run.save_checkpoint(self.model, self.state)

    def _due(self) -> bool:
        if self.budget.steps is not None or self.budget.progress >= 1.0:
            return True
        return self.budget.elapsed - self.last >= self.cost / VALIDATION_SHARE


@contextlib.contextmanager
def _averaged_weights(model):
    """Put the optimiser's weight average into the model for a while."""
    if not model.optimizer.use_ema:
        yield
        return
    raw = [variable.numpy() for variable in model.trainable_variables]
    model.optimizer.finalize_variable_values(model.trainable_variables)
    try:
        yield
    finally:
        for variable, value in zip(model.trainable_variables, raw, strict=True):
            variable.assign(value)
