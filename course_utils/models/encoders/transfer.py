"""Weights for an encoder from elsewhere: from another network of the course, or from ImageNet."""

from course_utils.errors import CourseError
from course_utils.models.encoders.base import PREFIX, encoder_name
from course_utils.models.encoders.encode import ENCODERS


def encoder_layers(model):
    """The layers of the model's encoder, from the image on: to freeze them, count them, or copy their weights.

    In a network that sees the image at several scales, the batch normalisations of every scale are among them.
    """
    return [layer for layer in model.layers if encoder_name(layer)]


def copy_encoder(source, target):
    """Copies the weights of every encoder layer of `source` into the layer of the same name in `target`.

    Where only `target` has batch normalisations for further scales of the image, all get those of the one scale.

    Args:
        source, target: models with the same encoder at the same width, such as a `classifier` and a `SegNet`.

    Raises:
        CourseError: the encoders differ; nothing has been copied then.
    """
    theirs = {layer.name: layer for layer in encoder_layers(source) if layer.weights}
    ours = {layer.name: layer for layer in encoder_layers(target) if layer.weights}
    remedy = "Build both models with the same encoder and width."
    if not theirs:
        raise CourseError(f"Model {source.name!r} has no encoder to copy from. {remedy}")
    names = [{encoder_name(layer) for layer in layers.values()} for layers in (theirs, ours)]
    if different := sorted(names[0] ^ names[1]):
        holder = source if different[0] in names[0] else target
        raise CourseError(f"Encoder layer {different[0]!r} exists only in model {holder.name!r}. {remedy}")
    pairs = {name: (theirs.get(name, theirs[encoder_name(layer)]), layer) for name, layer in ours.items()}
    for name, pair in pairs.items():
        their_shapes, shapes = ([tuple(weight.shape) for weight in layer.weights] for layer in pair)
        if shapes != their_shapes:
            raise CourseError(
                f"Encoder layer {name!r} has weights {their_shapes} in model {source.name!r} "
                f"and {shapes} in {target.name!r}. {remedy}"
            )
    for their_layer, layer in pairs.values():
        layer.set_weights(their_layer.get_weights())


def load_imagenet_weights(model, weights="imagenet"):
    """Gives the encoder of `model` the weights of a classifier that was trained on ImageNet.

    In inference mode (and frozen) the encoder then computes exactly what the classifier's convolutions compute: what
    its convolutions add as a bias, and the batch normalisation that it may not have, is folded into ours.

    Args:
        model: a model with an encoder of the course at full width.
        weights: "imagenet", or the path of such a file. EfficientNet-Lite0's come with the extra `weights`;
            `keras.applications` downloads and keeps the others' (a file must be without dense layers, "no top").

    Returns:
        a `WeightsSource`: where the weights come from, their licence and their hash.

    Raises:
        CourseError: no such package, no network, a file that does not fit, an encoder without ImageNet weights or of
            another width.
    """
    names = [encoder_name(layer) for layer in encoder_layers(model)]
    published = {name: card.imagenet for name, card in ENCODERS.items() if card.imagenet}
    loaders = [load for key, load in published.items() if any(name.startswith(f"{PREFIX}{key}_") for name in names)]
    if not loaders:
        raise CourseError(
            f"There are no ImageNet weights for the encoder of model {model.name!r}. "
            f"Choose one of the encoders {', '.join(published)}, or pretrain a classifier and use copy_encoder."
        )
    return loaders[0](model, weights)
