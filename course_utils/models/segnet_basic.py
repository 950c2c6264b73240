"""SegNet-Basic: four 7x7 encoders, four 7x7 decoders, 64 channels everywhere.

Badrinarayanan, Kendall and Cipolla, "SegNet: a deep convolutional encoder-decoder architecture for image
segmentation", PAMI 2017, section 3.1 and table 1.
"""

from course_utils.backend import keras
from course_utils.layers import LocalResponseNormalization, MaxPoolingWithIndices2D, MaxUnpooling2D
from course_utils.models.blocks import convolution_block, logits
from course_utils.models.encoders.base import PREFIX, scaled

DEPTH = 4
CHANNELS = 64
KERNEL_SIZE = 7


def SegNetBasic(num_classes, image_shape=(None, None, 3), width=1.0, name="SegNetBasic"):
    """The small SegNet of the paper's ablations as a functional Keras model, for images of any size.

    Local response normalisation of the image; four times convolution, batch normalisation, ReLU and pooling; four
    times unpooling, convolution and batch normalisation, without ReLU; a 1x1 convolution gives the class scores. No
    convolution but the last has a bias, as the paper says. For 11 classes that is 1,416,075 weights, which table 1
    gives as 1.425 M: all its figures are multiples of 0.025 M.

    Args:
        num_classes: number of classes, void not counted.
        image_shape: `(height, width, 3)`, None for any.
        width: multiplier of the 64 channels.
        name: name of the model.

    Returns:
        `keras.Model` from images `[batch, height, width, 3]` in 0..1 to logits `[batch, height, width, num_classes]`,
        float32.
    """
    channels = scaled(CHANNELS, width)
    images = keras.Input(image_shape, name="image")
    # alpha = 1e-4 for images in 0..255 as in the reference implementation: the same up to a factor that the first batch
    # normalisation removes.
    x = LocalResponseNormalization(size=5, alpha=1e-4 * 255**2, beta=0.75, name="normalize")(images)
    poolings = []
    for level in range(1, DEPTH + 1):
        block = f"{PREFIX}basic_block{level}"
        features = convolution_block(x, channels, KERNEL_SIZE, name=f"{block}_conv")
        x, indices = MaxPoolingWithIndices2D(name=f"{block}_pool")(features)
        poolings.append((indices, features))
    for level in range(DEPTH, 0, -1):
        block = f"decoder_block{level}"
        x = MaxUnpooling2D(name=f"{block}_unpool")([x, *poolings[level - 1]])
        x = convolution_block(x, channels, KERNEL_SIZE, activation=None, name=f"{block}_conv")
    x = keras.layers.Conv2D(num_classes, 1, name="decoder_scores")(x)
    return keras.Model(images, logits(x), name=name)
