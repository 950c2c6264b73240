"""Freeze, train, unfreeze: the early recipe for networks whose encoder was a classifier (lecture claim L4)."""

from collections.abc import Callable
from dataclasses import dataclass

from course_utils.backend import keras
from course_utils.models import encoder_layers
from course_utils.training.fitting import Budget, compile_model, fit
from course_utils.training.optimization.optimizers import sgd


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
    learning_rate: float = 0.1


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


def settle_encoder(model, images) -> None:
    """Give the encoder's batch normalisation the statistics of a batch of images.

    An encoder that has never been trained stores mean 0 and variance 1, which fit nothing that comes in. Frozen, it
    would keep them.

    Args:
        model: a network with a named encoder.
        images: float [batch, height, width, 3] in 0..1.
    """
    unfreeze_encoder(model)
    layers = encoder_layers(model)
    norms = [layer for layer in layers if hasattr(layer, "moving_mean")]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    keras.Model(model.inputs, layers[-1].output)(images, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


class PhaseTrainer:
    """Trains one network phase after phase, as often as wanted, and measures it on the way.

    TensorFlow needs some ten seconds to compile a training step of SegNet. The trainer compiles one for the frozen and
    one for the free encoder and keeps both, so that a comparison over many starts and seeds pays twice and not each
    time: give the network other weights with `set_weights` and train again.

    Args:
        model: a network from images to logits with a named encoder.
        class_weights: of the loss.
        optimizer: as for `compile_model`.
    """

    def __init__(self, model, class_weights=None, optimizer: Callable = sgd):
        self.model, self.class_weights, self.optimizer = model, class_weights, optimizer
        self._compiled = {}

    def train(self, batches, phases, measure, *, every: int, title: str = "Training"):
        """Train from the weights that the network has now.

        Each phase starts its own optimiser, as the historic recipe did; its learning rate warms up and then falls to
        zero.

        Args:
            batches: an endless data set of images and labels.
            phases: of type `Phase`, in order.
            measure: called with the model, returns a number.
            every: steps between two measurements; divides the steps of each phase.
            title: what the progress line says.

        Returns:
            the steps at which it was measured, 0 included, and the numbers.
        """
        steps, values = [0], [measure(self.model)]
        for phase in phases:
            start, budget = steps[-1], Budget(steps=phase.steps)

            def record(epoch, logs, start=start, budget=budget):
                steps.append(start + budget.spent_steps)
                values.append(measure(self.model))

            fit(
                self._fresh(phase),
                batches,
                budget,
                learning_rate=phase.learning_rate,
                schedule="cosine",
                epoch_steps=min(every, phase.steps),
                callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=record)],
                title=f"{title}: {phase.name}",
            )
        return steps, values

    def _fresh(self, phase: Phase):
        """A model of the same layers, compiled for the phase, its optimiser as new."""
        (freeze_encoder if phase.frozen else unfreeze_encoder)(self.model)
        if phase.frozen not in self._compiled:
            twin = keras.Model(self.model.inputs, self.model.outputs)
            options = {"class_weights": self.class_weights, "optimizer": self.optimizer}
            compile_model(twin, learning_rate=phase.learning_rate, **options)
            self._compiled[phase.frozen] = twin
        twin = self._compiled[phase.frozen]
        for variable in twin.optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable.value))
        return twin
