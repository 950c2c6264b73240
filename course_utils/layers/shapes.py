"""Sizes of tensors, known or not, and the factors that enlarge them."""

from course_utils.backend import keras
from course_utils.layers.backend_operations import with_shape


def shape_of(tensor):
    """The shape of `tensor` as a list: Python ints where they are known, scalar tensors elsewhere."""
    return list(keras.ops.shape(tensor))


def window(maps, top, left, height, width):
    """A part of maps `[batch, rows, columns, ...]`: `[batch, height, width, ...]`.

    `maps[:, top : top + height, left : left + width]` is the same, but TensorFlow takes ten times as long for its
    gradient.
    """
    batch, _, _, *rest = shape_of(maps)
    size = [batch, height, width, *rest]
    part = keras.ops.slice(maps, [0, top, left, *[0] * len(rest)], size)
    return with_shape(part, [side if isinstance(side, int) else None for side in size])


def missing(size, factor):
    """How many pixels a side lacks to the next multiple of `factor`, 0 to `factor - 1`.

    No division of a negative number, which converters to other formats round the other way.
    """
    return (factor - size % factor) % factor


def times(size, factor):
    """`factor * size`, or None where the size is not known."""
    return None if size is None else factor * size


def check_factor(factor):
    """Returns `factor`, or raises ValueError if it is not a whole number of at least 1."""
    if isinstance(factor, bool) or not isinstance(factor, int) or factor < 1:
        raise ValueError(f"factor must be a whole number of at least 1, not {factor!r}.")
    return factor
