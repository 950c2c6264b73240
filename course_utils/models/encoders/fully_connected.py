"""The fully connected layers of a classifier, as convolutions: they then run over images of any size.

Long, Shelhamer and Darrell, "Fully convolutional networks for semantic segmentation", CVPR 2015, section 3.1.
"""

from course_utils.backend import keras
from course_utils.models.blocks import convolution_block
from course_utils.models.encoders.base import scaled


def fully_connected(x, classifier, width, dropout):
    """Convolution blocks fc6, fc7 and so on, each with dropout behind it.

    Args:
        x: the encoder's last features `[batch, height, width, channels]`.
        classifier: channels and kernel size of each, as an `Encoder` has them; VGG16's are (4096, 7) and (4096, 1).
            Without any, `x` is returned as it is.
        width: multiplier of all channel counts.
        dropout: rate of the dropout.

    Returns:
        `[batch, height, width, channels of the last]`: padding keeps the size, so that a place at least 3 from every
        border has what the classifier computes of the 7x7 places around it.
    """
    for number, (channels, size) in enumerate(classifier, start=6):
        x = convolution_block(x, scaled(channels, width), size, small_map=True, name=f"fc{number}")
        x = keras.layers.Dropout(dropout, name=f"fc{number}_dropout")(x)
    return x
