"""Freeze, train, unfreeze: the early recipe for networks whose encoder was a classifier (lecture claim L4)."""

from dataclasses import dataclass

from course_utils.backend import keras
from course_utils.models import encoder_layers
from course_utils.training.fit import Budget, compile_model, fit


@dataclass(frozen=True)
class Phase:
    """A stretch of training.

    Attributes:
        name: what curves and progress lines call it.
        steps: how many batches.
        frozen: whether the encoder stays as it is.
        learning_rate: the peak rate.
    """

    name: str
    steps: int
    frozen: bool = False
    learning_rate: float = 2e-3


def freeze_encoder(model) -> None:
    """Stop training the encoder; its batch normalisation uses its stored statistics.

    Compile the model anew afterwards.
    """
    for layer in encoder_layers(model):
        layer.trainable = False


def unfreeze_encoder(model) -> None:
    """Train the encoder again. Compile the model anew afterwards."""
    for layer in encoder_layers(model):
        layer.trainable = True


def train_in_phases(model, batches, phases, measure, *, every: int, class_weights=None, title="Training"):
    """Train a model phase after phase and measure it on the way.

    Each phase starts its own optimiser, as the historic recipe did; its learning rate warms up and then falls to zero.

    Args:
        model: a network from images to logits with a named encoder.
        batches: an endless data set of images and labels.
        phases: of type `Phase`, in order.
        measure: called with the model, returns a number.
        every: steps between two measurements; divides the steps of each phase.
        class_weights: of the loss.
        title: what the progress line says.

    Returns:
        the steps at which it was measured, 0 included, and the numbers.
    """
    steps, values = [0], [measure(model)]
    for phase in phases:
        (freeze_encoder if phase.frozen else unfreeze_encoder)(model)
        compile_model(model, learning_rate=phase.learning_rate, class_weights=class_weights)
        budget = Budget(steps=phase.steps)
        start = steps[-1]

        def record(epoch, logs, start=start, budget=budget):
            steps.append(start + budget.spent_steps)
            values.append(measure(model))

        fit(
            model,
            batches,
            budget,
            learning_rate=phase.learning_rate,
            schedule="cosine",
            epoch_steps=min(every, phase.steps),
            callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=record)],
            title=f"{title}: {phase.name}",
        )
    return steps, values
