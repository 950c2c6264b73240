"""A small residual encoder for two processor cores.

Plain residual blocks (He et al., "Deep residual learning for image recognition", CVPR 2016, figure 5 left) at channel
counts that halve the resolution early: most of a small network's time goes into its finest maps.
"""

from course_utils.backend import keras
from course_utils.models.blocks import convolution_block
from course_utils.models.encoders.base import PREFIX, Encoder, Stage, Striding, scaled

CHANNELS = (24, 48, 96, 160, 256)
BLOCKS = (0, 1, 2, 2, 2)


def slim(x, width=1.0, dropout=0.0, output_stride=32):
    """Five stages at strides 2, 4, 8, 16 and 32, the last ones denser where `output_stride` says so.

    Args:
        x: normalised images `[batch, height, width, 3]`.
        width: multiplier of all channel counts.
        dropout: rate of the dropout after stages 3 to 5.
        output_stride: 8, 16 or 32.
    """
    stages, striding = [], Striding(output_stride)
    for number, (channels, blocks) in enumerate(zip(CHANNELS, BLOCKS, strict=True), start=1):
        name, channels, rate = f"{PREFIX}slim_stage{number}", scaled(channels, width), striding.rate
        strides = striding.halve()
        x = convolution_block(x, channels, strides=strides, rate=rate, name=f"{name}_down")
        for block in range(1, blocks + 1):
            x = _residual_block(x, channels, striding.rate, name=f"{name}_block{block}")
        if dropout and number >= 3:
            x = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)
        stages.append(Stage(x, (channels,) * (1 + blocks), striding.stride))
    return stages


def _residual_block(x, channels, rate, *, name):
    y = convolution_block(x, channels, rate=rate, name=f"{name}_conv1")
    y = convolution_block(y, channels, rate=rate, activation=None, name=f"{name}_conv2")
    x = keras.layers.Add(name=f"{name}_add")([x, y])
    return keras.layers.Activation("relu", name=f"{name}_relu")(x)


SLIM = Encoder(slim)
