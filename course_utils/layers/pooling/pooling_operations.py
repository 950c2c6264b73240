"""Max pooling with indices, and the two linear maps behind it: `gather` and `scatter`.

An index says where in its window the maximum is: 0 to `k * k - 1`, row by row. Two bits would do for a 2x2 window
(SegNet paper, section 3); a byte is the smallest type TensorFlow computes with. It takes an eighth of the memory of the
int64 positions from `tf.nn.max_pool_with_argmax`, and does not depend on the size of the image.

For fixed indices `gather` picks one element per window, and `scatter` puts one element into each window, with zeros
around it. Each is the transpose of the other, and therefore its gradient: pooling is differentiated by `scatter`,
unpooling by `gather`. TensorFlow is told so, as its own gradients would take longer; other backends find the same.

Everything is plain array arithmetic, so it runs on any device, in any float type, eagerly, in graphs and under XLA
(which has no kernel for `max_pool_with_argmax`). `benchmarks/layers.py` compares its speed with the alternatives.
"""

import numpy as np

from course_utils.backend import keras
from course_utils.layers.backend_operations import with_gradient
from course_utils.layers.shapes import missing, shape_of

ops = keras.ops


def check_pool_size(pool_size):
    """Returns `pool_size`, or raises ValueError if the indices of its windows would not fit in a byte."""
    if not (isinstance(pool_size, int) and 1 <= pool_size <= 16):
        raise ValueError(
            f"pool_size must be a whole number from 1 to 16 (an index has to fit in a byte), not {pool_size!r}."
        )
    return pool_size


def max_pool(features, pool_size):
    """Maxima of the windows of `[B, H, W, C]` and their indices (uint8), both `[B, ceil(H / k), ceil(W / k), C]`.

    Among equal values the first wins.
    """

    @with_gradient
    def forward(features):
        whole = _whole_windows(features, pool_size, filling=float("-inf"))
        values = ops.max_pool(whole, pool_size, pool_size, "valid", data_format="channels_last")
        smaller = ops.not_equal(_by_window(whole, pool_size), _once_per_window(values))
        smaller = ops.reshape(ops.cast(smaller, "uint8"), shape_of(whole))
        # The index is the number of places before the first maximum: s0 * (1 + s1 * (1 + s2 * ...)), where s is 1 if
        # that place is smaller. The last place need not be asked: if no other holds the maximum, it does.
        indices = ops.zeros_like(values, dtype="uint8")
        for place in reversed(_places(smaller, pool_size)[:-1]):
            indices = place * (indices + _byte(1))

        def gradient(values_gradient, _):
            return scatter(values_gradient, indices, pool_size, *shape_of(features)[1:3])

        return (values, indices), gradient

    return forward(features)


def gather(features, indices, pool_size):
    """The elements of `features` `[B, H, W, C]` that `indices` point at, in the shape of `indices`."""

    @with_gradient
    def forward(features):
        picked, *others = _places(_whole_windows(features, pool_size, filling=0.0), pool_size)
        for index, place in enumerate(others, start=1):
            picked = ops.where(ops.equal(indices, _byte(index)), place, picked)

        def gradient(picked_gradient):
            return scatter(picked_gradient, indices, pool_size, *shape_of(features)[1:3])

        return picked, gradient

    return forward(features)


def scatter(values, indices, pool_size, height, width):
    """`[B, height, width, C]` with `values` at the places that `indices` point at, and zeros elsewhere."""

    @with_gradient
    def forward(values):
        batch, rows, columns, channels = shape_of(values)
        places = _byte(np.arange(pool_size**2).reshape(1, pool_size, 1, pool_size, 1))
        chosen = ops.equal(_once_per_window(indices), places)
        spread = ops.where(chosen, _once_per_window(values), ops.zeros([], values.dtype))
        spread = ops.reshape(spread, [batch, rows * pool_size, columns * pool_size, channels])

        def gradient(spread_gradient):
            return gather(spread_gradient, indices, pool_size)

        return spread[:, :height, :width], gradient

    return forward(values)


def _whole_windows(features, pool_size, filling):
    """Pads `[B, H, W, C]` at the bottom and right with `filling` until the windows fit."""
    _, height, width, _ = shape_of(features)
    bottom, right = missing(height, pool_size), missing(width, pool_size)
    if isinstance(bottom, int) and isinstance(right, int) and bottom == right == 0:
        return features
    return ops.pad(features, [[0, 0], [0, bottom], [0, right], [0, 0]], constant_values=filling)


def _by_window(features, pool_size):
    """`[B, H, W, C]` to `[B * H / k, k, W / k, k, C]`: axes 1 and 3 run over a window's rows and columns."""
    batch, height, width, channels = shape_of(features)
    return ops.reshape(features, [batch * (height // pool_size), pool_size, width // pool_size, pool_size, channels])


def _once_per_window(pooled):
    """`[B, h, w, C]` to `[B * h, 1, w, 1, C]`, which broadcasts against `_by_window`."""
    batch, rows, columns, channels = shape_of(pooled)
    return ops.reshape(pooled, [batch * rows, 1, columns, 1, channels])


def _places(features, pool_size):
    """Splits `[B, H, W, C]` into the `k * k` places of its windows, row by row, each `[B, H / k, W / k, C]`."""
    batch, height, width, channels = shape_of(features)
    rows, columns = height // pool_size, width // pool_size
    # Neighbours in a row are adjacent in memory: splitting the last axis copies whole runs, which is several times
    # faster than the strided slices features[:, i::k, j::k].
    lines = ops.unstack(ops.reshape(features, [batch * rows, pool_size, columns, pool_size * channels]), axis=1)
    places = [place for line in lines for place in ops.split(line, pool_size, axis=-1)]
    return [ops.reshape(place, [batch, rows, columns, channels]) for place in places]


def _byte(number):
    return ops.convert_to_tensor(number, "uint8")
