"""VGG16's thirteen convolutions with batch normalisation, five poolings with indices.

Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015, configuration
D; batch normalisation as in SegNet (Badrinarayanan et al., PAMI 2017).
"""

import numpy as np

from course_utils.backend import keras
from course_utils.errors import CourseError
from course_utils.layers import MaxPoolingWithIndices2D
from course_utils.models.blocks import STANDARD_DEVIATION, convolution_block
from course_utils.models.encoders.base import PREFIX, Stage, scaled

CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def vgg16(x, width=1.0, dropout=0.0):
    """Five stages; stage `i` (0 to 4) has its features at 1 / 2**i of the input's size, and half of that pooled.

    Args:
        x: normalised images `[batch, height, width, 3]`.
        width: multiplier of all channel counts.
        dropout: rate of the dropout after poolings 3 to 5.
    """
    stages = []
    for block, channels in enumerate(CHANNELS, start=1):
        name = f"{PREFIX}vgg16_block{block}"
        channels = tuple(scaled(count, width) for count in channels)
        for number, count in enumerate(channels, start=1):
            x = convolution_block(x, count, name=f"{name}_conv{number}")
        features = x
        x, indices = MaxPoolingWithIndices2D(name=f"{name}_pool")(features)
        if dropout and block >= 3:
            x = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)
        stages.append(Stage(features, channels, x, indices))
    return stages


def load_imagenet_weights(model, weights="imagenet"):
    """Copies the convolutions of `keras.applications.VGG16` into the VGG16 encoder of `model`, at full width.

    VGG16 knows neither batch normalisation nor our normalisation of the input:

    - Its bias `b` becomes the moving mean `-b`; with moving variance `1 - epsilon`, scale 1 and shift 0 the
      normalisation adds `b` and does nothing else. (Training with unfrozen normalisation uses the batch's own
      statistics instead, and the averages move towards those.)
    - It reads blue, green, red in 0..255 without the mean, we read red, green, blue divided by the standard deviation:
      the first kernel is flipped and multiplied accordingly.

    Raises:
        CourseError: see `course_utils.models.load_imagenet_weights`.
    """
    source = _application(weights)
    pairs = []
    for layer in source.layers:
        if not layer.weights:
            continue
        convolution = model.get_layer(f"{PREFIX}vgg16_{layer.name}")
        if convolution.kernel.shape != layer.kernel.shape:
            raise CourseError(
                f"The encoder of model {model.name!r} has {convolution.kernel.shape[-1]} channels in {layer.name}, "
                f"VGG16 has {layer.kernel.shape[-1]}. Build the model with width=1."
            )
        pairs.append((convolution, model.get_layer(f"{convolution.name}_bn"), *layer.get_weights()))
    for number, (convolution, normalization, kernel, bias) in enumerate(pairs):
        if number == 0:
            kernel = kernel[:, :, ::-1] * (255 * np.array(STANDARD_DEVIATION, "float32"))[:, np.newaxis]
        convolution.set_weights([kernel])
        ones = np.ones_like(bias)
        normalization.set_weights([ones, 0 * ones, -bias, ones - normalization.epsilon])


def _application(weights):
    try:
        return keras.applications.VGG16(weights=str(weights), include_top=False)
    except Exception as error:  # Keras raises bare Exceptions for a failed download, and many kinds for a bad file.
        reason = str(error).strip().splitlines()[0]
        if weights == "imagenet":
            remedy = (
                "Connect to the network once, or fetch the no-top file elsewhere and pass its path as weights, "
                "or pretrain a classifier of the course and use copy_encoder."
            )
            raise CourseError(f"VGG16's ImageNet weights could not be downloaded ({reason}). {remedy}") from error
        remedy = "Pass the weights of keras.applications.VGG16(include_top=False), an .h5 file."
        raise CourseError(f"{weights} does not hold VGG16's convolutions ({reason}). {remedy}") from error
