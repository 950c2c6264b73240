"""The pooling of an encoder that pools: with indices where it halves, dense past the output stride."""

from course_utils.layers import AtrousMaxPooling2D, MaxPoolingWithIndices2D


def max_pooling(x, striding, *, name):
    """2x2 max pooling.

    Args:
        x: `[batch, height, width, channels]`.
        striding: a `Striding`, which this pooling passes.

    Returns:
        the maxima, and their indices where the size was halved, else None.
    """
    rate = striding.rate
    if striding.halve() == 2:
        return MaxPoolingWithIndices2D(name=name)(x)
    return AtrousMaxPooling2D(2, rate, name=name)(x), None
