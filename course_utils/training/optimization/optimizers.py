"""Optimisers by name: functions from a network, a peak rate and a decay to a Keras optimiser."""

from collections.abc import Callable

from course_utils.backend import keras
from course_utils.models import encoder_layers
from course_utils.training.optimization.muon import Muon, hidden_kernels

CLIP = 5.0
"""Largest global norm of the gradient."""

ADAM_SHARE = 1 / 15
"""Rate of AdamW, for what Muon leaves to it, as a share of Muon's."""


def muon(model, learning_rate: float, weight_decay: float):
    """Muon for the hidden kernels, which alone decay, and Adam for all else."""
    return _muon(model, learning_rate, weight_decay)


def muon_with_gentle_encoder(model, learning_rate: float, weight_decay: float):
    """The same, but with the encoder trained by Adam, at a lower rate, as one with ImageNet weights has to be."""
    encoder = {weight.path for layer in encoder_layers(model) for weight in layer.trainable_weights}
    gentle = [index for index, variable in enumerate(model.trainable_variables) if variable.path in encoder]
    return _muon(model, learning_rate, weight_decay, gentle)


def _muon(model, learning_rate, weight_decay, gentle=()):
    return Muon(
        learning_rate,
        hidden_kernels(model),
        gentle,
        adam_lr_ratio=ADAM_SHARE,
        weight_decay=weight_decay,
        adam_weight_decay=None,
        global_clipnorm=CLIP,
    )


def adamw(model, learning_rate: float, weight_decay: float):
    """AdamW (Loshchilov and Hutter, ICLR 2019)."""
    return _kernels_decay(keras.optimizers.AdamW(learning_rate, weight_decay, global_clipnorm=CLIP))


def sgd(model, learning_rate: float, weight_decay: float):
    """Gradient descent with Nesterov's momentum of 0.9, which SegNet was trained by (section 3.2)."""
    descent = keras.optimizers.SGD(
        learning_rate, momentum=0.9, nesterov=True, weight_decay=weight_decay, global_clipnorm=CLIP
    )
    return _kernels_decay(descent)


def _kernels_decay(optimizer):
    """Biases and the scales and shifts of batch normalisation do not decay."""
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


OPTIMIZERS: dict[str, Callable] = {
    "muon": muon,
    "muon-gentle": muon_with_gentle_encoder,
    "adamw": adamw,
    "sgd": sgd,
}
