"""Freeze, train, unfreeze: the early recipe for networks whose encoder was a classifier (lecture claim L4)."""

from course_utils.models import encoder_layers


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
