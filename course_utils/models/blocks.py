"""Building blocks that several networks share."""

from collections.abc import Sequence

from course_utils.backend import keras
from course_utils.layers import BatchNormalization, ResizeLike


def convolution_block(x, channels, kernel_size=3, activation="relu", *, strides=1, rate=1, small_map=False, name):
    """Convolution without bias, batch normalisation, activation (None for none).

    The layers are called `name`, `name_bn` and `name_<activation>`. A bias would be subtracted again with the batch's
    mean; the shift of the normalisation takes its place.

    Args:
        x: `[batch, height, width, any]`.
        channels: of the result.
        kernel_size: odd.
        activation: the name of one of Keras's.
        strides: 1 or 2; sizes are divided by it and rounded up.
        rate: atrous rate, the distance between two taps of the kernel.
        small_map: as for `symmetric_padding`.

    Returns:
        `[batch, height, width, channels]`.
    """
    x, padding = symmetric_padding(x, kernel_size, strides, rate, small_map, name=f"{name}_pad")
    x = keras.layers.Conv2D(
        channels,
        kernel_size,
        strides,
        padding,
        dilation_rate=rate,
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)
    x = BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
    return keras.layers.Activation(activation, name=f"{name}_{activation}")(x) if activation else x


def symmetric_padding(x, kernel_size, strides, rate=1, small_map=False, *, name):
    """Padding that puts the middle of a kernel on every `strides`-th pixel, the first included.

    "same" does that for stride 1 and for odd sizes only; at even sizes it pads one side more than the other, and the
    strided network would sample other places than the atrous one.

    Args:
        x: `[batch, height, width, channels]`.
        kernel_size: odd.
        strides: 1 or 2.
        rate: atrous rate.
        small_map: whether the map may be smaller than half the kernel. Taps that see nothing but "same" padding then
            get what happens to be in memory for a gradient, in bfloat16 on processors (TensorFlow 2.21, oneDNN).

    Returns:
        the features, padded where needed, and the padding that the convolution is then to use.
    """
    if kernel_size == 1 or (strides == 1 and not small_map):
        return x, "same"
    return keras.layers.ZeroPadding2D(rate * (kernel_size // 2), name=name)(x), "valid"


def image_input(image_shape):
    """Images in 0..1, and the same with ImageNet's mean and standard deviation per channel taken out.

    The mean is that of VGG's training images, (123.68, 116.779, 103.939) of 255 in red, green, blue. Zero padding in
    the first convolution therefore means the average colour, as in VGG.
    """
    images = keras.Input(image_shape, name="image")
    scale = [1 / deviation for deviation in STANDARD_DEVIATION]
    offset = [-mean / deviation for mean, deviation in zip(MEAN, STANDARD_DEVIATION, strict=True)]
    return images, keras.layers.Rescaling(scale, offset, name="normalize")(images)


MEAN = (123.68 / 255, 116.779 / 255, 103.939 / 255)
STANDARD_DEVIATION = (0.229, 0.224, 0.225)


def logits(x, name="logits"):
    """`x` in float32, whatever the precision of the network: the loss needs it."""
    return keras.layers.Activation("linear", dtype="float32", name=name)(x)


def class_scores(x, num_classes, images, name="logits"):
    """One score a class by a 1x1 convolution, resized to the images.

    Scores are resized and not classes, so that boundaries may run between two features.

    Args:
        x: features `[batch, any, any, channels]`.
        images: the network's input, whose height and width count.
        name: of the result; the convolution is called after it.

    Returns:
        `[batch, height, width, num_classes]`, float32.
    """
    x = keras.layers.Conv2D(num_classes, 1, name=f"{name}_scores")(x)
    return ResizeLike(dtype="float32", name=name)([x, images])


def fitting_rates(rates: Sequence[int], image_size: tuple[int, int], output_stride: int) -> tuple[int, ...]:
    """Rates as published where the map of features is large enough for them, smaller ones where it is not.

    A tap as far from its centre as the map is wide sees nothing but padding, wherever the kernel lies: it costs time,
    and learns nothing. Then the largest rate becomes half the map's shorter side, as it about is in the papers, and the
    others keep their proportions.

    Args:
        rates: as published, increasing.
        image_size: height and width of the images.
        output_stride: image pixels between two features.

    Example:

        >>> fitting_rates((6, 12, 18), (180, 240), 16)
        (2, 4, 6)
    """
    side = -(-min(image_size) // output_stride)
    if rates[-1] < side:
        return tuple(rates)
    fitting = []
    for rate in rates:
        fitting.append(max(round(rate / rates[-1] * side / 2), fitting[-1] + 1 if fitting else 1))
    return tuple(fitting)
