"""VGG16's thirteen convolutions with batch normalisation, five poolings with indices.

Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015, configuration
D; batch normalisation as in SegNet (Badrinarayanan et al., PAMI 2017).
"""

from course_utils.backend import keras
from course_utils.layers import MaxPoolingWithIndices2D
from course_utils.models.blocks import convolution_block
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
