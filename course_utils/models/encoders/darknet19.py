"""DarkNet-19: eighteen convolutions, five poolings with indices.

Redmon and Farhadi, "YOLO9000: better, faster, stronger", CVPR 2017, table 6, without the last convolution, which
classifies.
"""

from course_utils.backend import keras
from course_utils.models.blocks import convolution_block
from course_utils.models.encoders.base import PREFIX, Encoder, Stage, Striding, scaled
from course_utils.models.encoders.pooling import max_pooling

# 3x3 and 1x1 convolutions alternate.
CHANNELS = ((32,), (64,), (128, 64, 128), (256, 128, 256), (512, 256, 512, 256, 512), (1024, 512, 1024, 512, 1024))


def darknet19(x, width=1.0, dropout=0.0, output_stride=32):
    """Six stages at strides 1, 2, 4, 8, 16 and 32; all but the last are pooled, with indices where that halves them.

    Args:
        x: normalised images `[batch, height, width, 3]`.
        width: multiplier of all channel counts.
        dropout: rate of the dropout after stages 4 to 6.
        output_stride: 8, 16 or 32.
    """
    stages, striding = [], Striding(output_stride)
    for block, channels in enumerate(CHANNELS, start=1):
        name, stride = f"{PREFIX}darknet19_block{block}", striding.stride
        channels = tuple(scaled(count, width) for count in channels)
        for number, count in enumerate(channels, start=1):
            size, convolution = (3, 1)[(number - 1) % 2], f"{name}_conv{number}"
            x = convolution_block(x, count, size, None, rate=striding.rate, name=convolution)
            x = keras.layers.LeakyReLU(0.1, name=f"{convolution}_relu")(x)
        if dropout and block >= 4:
            x = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)
        if block == len(CHANNELS):
            stages.append(Stage(x, channels, stride))
        else:
            features = x
            x, indices = max_pooling(features, striding, name=f"{name}_pool")
            stages.append(Stage(features, channels, stride, x, indices))
    return stages


DARKNET19 = Encoder(darknet19)
