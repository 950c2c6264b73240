"""Published ImageNet weights, from `keras.applications` into our layers.

Ours differ in two ways, and both can be put into the numbers. Where theirs add a bias, batch normalisation follows in
ours: its moving mean takes the bias away with the opposite sign. And the input is normalised in another way: the first
kernel is scaled, and reordered where their channels are blue, green, red.
"""

import os
from pathlib import Path

import numpy as np

from course_utils.backend import keras
from course_utils.errors import CourseError
from course_utils.models.blocks import MEAN, STANDARD_DEVIATION
from course_utils.models.encoders.base import encoder_name
from course_utils.models.encoders.imagenet.weights_source import WeightsSource, sha256_of

FILES = {
    "VGG16": ("vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", "CC BY 4.0"),
    "ResNet50": ("resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5", "MIT"),
    "ResNet101": ("resnet101_weights_tf_dim_ordering_tf_kernels_notop.h5", "MIT"),
    "MobileNetV2": ("mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5", "Apache License 2.0"),
}
"""What Keras calls the file that it downloads, and the licence that the authors of the weights state."""


def application(name, weights, include_top=False):
    """The classifier `keras.applications.<name>`.

    Args:
        name: such as "VGG16".
        weights: "imagenet", downloaded and kept by Keras, or the path of a weights file.
        include_top: whether with its dense layers; a file of "no top" weights lacks them.

    Raises:
        CourseError: no network, or a file that does not fit.
    """
    held, file = ("layers", "file") if include_top else ("convolutions", "no-top file")
    try:
        return getattr(keras.applications, name)(weights=str(weights), include_top=include_top)
    except Exception as error:  # Keras raises bare Exceptions for a failed download, and many kinds for a bad file.
        reason = str(error).strip().splitlines()[0]
        if weights == "imagenet":
            remedy = (
                f"Connect to the network once, or fetch the {file} elsewhere and pass its path as weights, "
                "or pretrain a classifier of the course and use copy_encoder."
            )
            raise CourseError(f"{name}'s ImageNet weights could not be downloaded ({reason}). {remedy}") from error
        remedy = f"Pass the weights of keras.applications.{name}(include_top={include_top}), an .h5 file."
        raise CourseError(f"{weights} does not hold {name}'s {held} ({reason}). {remedy}") from error


def application_source(name, weights) -> WeightsSource:
    """Where the weights of `application(name, weights)` come from."""
    if weights != "imagenet":
        return WeightsSource(name, str(weights), "that of the file", sha256_of(Path(weights)))
    file, licence = FILES[name]
    cache = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    return WeightsSource(name, f"keras.applications.{name}", licence, sha256_of(cache / "models" / file))


def copy_convolutions(model, pairs, preprocessing, source_name):
    """Copies convolutions and what normalises them into `model`.

    Args:
        model: a model with our encoder.
        pairs: `(name, convolution, normalization)`, in the order of the network: our convolution is called `name`, its
            batch normalisation `name_bn`; `convolution` and `normalization` are theirs, the latter None where they
            only add a bias. Normalisations of further scales of the image get the same numbers.
        preprocessing: of their input: "caffe" is blue, green, red in 0..255 less the mean, "tf" red, green, blue in
            -1..1.
        source_name: of their network, for messages.

    Raises:
        CourseError: the widths differ; nothing has been copied then.
    """
    for name, theirs, _ in pairs:
        if model.get_layer(name).kernel.shape != theirs.kernel.shape:
            raise CourseError(
                f"The encoder of model {model.name!r} has kernels of shape {tuple(model.get_layer(name).kernel.shape)} "
                f"in {name}, {source_name} has {tuple(theirs.kernel.shape)}. Build the model with width=1."
            )
    for number, (name, convolution, normalization) in enumerate(pairs):
        kernel, *bias = convolution.get_weights()
        bias = bias[0] if bias else 0.0
        if number == 0:
            kernel, shift = _for_our_input(kernel, preprocessing)
            bias = bias + shift
        ours = [layer for layer in model.layers if encoder_name(layer) == f"{name}_bn"]
        set_block(model.get_layer(name), ours, kernel, bias, normalization)


def set_block(convolution, normalizations, kernel, bias, theirs=None):
    """Makes a convolution block compute, in inference, what another network's convolution does with its bias.

    Args:
        convolution: ours, without bias.
        normalizations: our batch normalisations behind it: one, or one for each scale of the image.
        kernel: `[height, width, channels, new channels]`.
        bias: `[new channels]`, or 0.
        theirs: their batch normalisation; None where they only add the bias.
    """
    if theirs is None:
        ones = np.ones(kernel.shape[-1], "float32")
        gamma, beta, mean, variance, epsilon = ones, 0 * ones, 0 * ones, ones, 0.0
    else:
        gamma, beta, mean, variance = theirs.get_weights()
        epsilon = theirs.epsilon
    convolution.set_weights([kernel])
    for layer in normalizations:
        layer.set_weights([gamma, beta, mean - bias, variance + epsilon - layer.epsilon])


def _for_our_input(kernel, preprocessing):
    """The first kernel for images minus `MEAN`, over `STANDARD_DEVIATION`, and the bias that it then lacks.

    The bias is exact but at the border, where both networks pad with zeros: those mean the average colour in ours and
    after "caffe", mid-grey after "tf".
    """
    deviation, mean = np.array(STANDARD_DEVIATION, "float32"), np.array(MEAN, "float32")
    if preprocessing == "caffe":
        return kernel[:, :, ::-1] * (255 * deviation)[:, np.newaxis], 0.0
    return kernel * (2 * deviation)[:, np.newaxis], (kernel * (2 * mean - 1)[:, np.newaxis]).sum(axis=(0, 1, 2))
