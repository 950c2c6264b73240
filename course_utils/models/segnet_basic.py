"""SegNet-Basic: four 7x7 encoders, four 7x7 decoders, 64 channels everywhere; and the decoders it is compared with.

Badrinarayanan, Kendall and Cipolla, "SegNet: a deep convolutional encoder-decoder architecture for image
segmentation", PAMI 2017, section 3.1 and table 1.
"""

from course_utils.backend import keras
from course_utils.errors import CourseError
from course_utils.layers import CropLike, LocalResponseNormalization, MaxPoolingWithIndices2D, MaxUnpooling2D
from course_utils.models.blocks import convolution_block, logits
from course_utils.models.encoders.base import PREFIX, scaled
from course_utils.models.system_card import System

DEPTH = 4
CHANNELS = 64
KERNEL_SIZE = 7
DECODERS = ("indices", "bilinear", "transposed", "none")


def SegNetBasic(
    num_classes, image_shape=(None, None, 3), width=1.0, decoder="indices", kernel_size=KERNEL_SIZE, name="SegNetBasic"
):
    """The small SegNet of the paper's ablations as a functional Keras model, for images of any size.

    Local response normalisation of the image; four times convolution, batch normalisation, ReLU and pooling; four
    times unpooling, convolution and batch normalisation, without ReLU; a 1x1 convolution gives the class scores. No
    convolution but the last has a bias, as the paper says. For 11 classes that is 1,416,075 weights, which table 1
    gives as 1.425 M: all its figures are multiples of 0.025 M.

    Args:
        num_classes: number of classes, void not counted.
        image_shape: `(height, width, 3)`, None for any.
        width: multiplier of the 64 channels.
        decoder: how a decoder enlarges its input: by the pooling's "indices", as published; "bilinear", without
            weights; or "transposed", by a transposed convolution of kernel 4 and stride 2. The convolutions after it
            are the same. "none" has neither decoders nor their convolutions: class scores at a sixteenth of the size
            and bilinear upsampling by 16; by its count, 612,747, this is the table's "Bilinear" of 0.625 M.
        kernel_size: of all convolutions but the last; 7 as published, 3 for a fifth of the work.
        name: name of the model.

    Returns:
        `keras.Model` from images `[batch, height, width, 3]` in 0..1 to logits `[batch, height, width, num_classes]`,
        float32.

    Raises:
        CourseError: unknown decoder.
    """
    if decoder not in DECODERS:
        raise CourseError(f"SegNetBasic has no decoder {decoder!r}: choose one of {', '.join(DECODERS)}.")
    channels = scaled(CHANNELS, width)
    images = keras.Input(image_shape, name="image")
    # alpha = 1e-4 for images in 0..255 as in the reference implementation: the same up to a factor that the first batch
    # normalisation removes.
    x = LocalResponseNormalization(size=5, alpha=1e-4 * 255**2, beta=0.75, name="normalize")(images)
    poolings = []
    for level in range(1, DEPTH + 1):
        block = f"{PREFIX}basic_block{level}"
        features = convolution_block(x, channels, kernel_size, name=f"{block}_conv")
        x, indices = MaxPoolingWithIndices2D(name=f"{block}_pool")(features)
        poolings.append((indices, features))
    if decoder == "none":
        x = keras.layers.Conv2D(num_classes, 1, name="decoder_scores")(x)
        x = keras.layers.UpSampling2D(2**DEPTH, interpolation="bilinear", name="decoder_upsample")(x)
        return keras.Model(images, logits(CropLike(name="decoder_crop")([x, images])), name=name)
    for level in range(DEPTH, 0, -1):
        block = f"decoder_block{level}"
        x = _enlarged(x, *poolings[level - 1], decoder, block)
        x = convolution_block(x, channels, kernel_size, activation=None, name=f"{block}_conv")
    x = keras.layers.Conv2D(num_classes, 1, name="decoder_scores")(x)
    return keras.Model(images, logits(x), name=name)


def _enlarged(x, indices, features, decoder, block):
    """`x` in the height and width of the features that were pooled."""
    if decoder == "indices":
        return MaxUnpooling2D(name=f"{block}_unpool")([x, indices, features])
    if decoder == "bilinear":
        x = keras.layers.UpSampling2D(2, interpolation="bilinear", name=f"{block}_upsample")(x)
    else:
        x = keras.layers.Conv2DTranspose(
            x.shape[-1], 4, 2, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{block}_upsample"
        )(x)
    return CropLike(name=f"{block}_crop")([x, features])


SEGNET_BASIC_CARD = System(SegNetBasic, "Badrinarayanan et al., PAMI 2017, section 3.1", laptop={"width": 0.25})
