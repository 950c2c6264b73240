"""The Gaussian filter over positions and colours in linear time: splat to a sparse lattice, blur there, slice."""

import numpy as np

from course_utils.backend import tf

_FACTORS = np.random.default_rng(2010).integers(-(2**63), 2**63 - 1, 16, dtype="int64")
"""A lattice point goes by one number: its coordinates (and its image's number in the batch) times these, summed modulo
2**64. That any two of a million points share a number has a probability of 3 in 10**8."""


def permutohedral_filter(images, position_scale, color_scale):
    """An approximation of `gaussian_filters.exact_appearance_filter` whose cost grows with the number of pixels.

    A pixel is a point of a space with its position and its colours as axes, divided by the kernel's scales. The space
    is cut into simplices, whose corners are the points of the permutohedral lattice. *Splat*: each pixel gives its
    values to the corners of the simplex it lies in, by its barycentric coordinates. *Blur*: along each axis of the
    lattice, with weights 1/4, 1/2, 1/4, those points alone that some pixel has touched. *Slice*: each pixel takes the
    corners' values back, by the same coordinates. Points that no pixel touches do not exist, so most of the space costs
    nothing.

    Where the kernel is blurred over points that do not exist, mass is lost; the division by the kernel's sums makes up
    for most of it. `tests/layers/test_permutohedral_filter.py` says how near the filter comes to the exact one.

    The number of lattice points depends on the colours, so this runs eagerly and in graphs, but not under XLA.

    Args:
        images: `[batch, height, width, channels]`, float32.
        position_scale: theta_alpha, in pixels.
        color_scale: theta_beta, in the unit of the images.

    Returns:
        a filter, as those of `gaussian_filters`. Its matrix is symmetric but for the order in which the axes are
        blurred; its gradient is that of the matrix itself.

    References: Adams, Baek and Davis, "Fast high-dimensional filtering using the permutohedral lattice", Computer
    Graphics Forum 29(2), 2010, section 3; Kraehenbuehl and Koltun, "Efficient inference in fully connected CRFs with
    Gaussian edge potentials", NIPS 2011, section 4.
    """
    size, axes = tf.shape(images), images.shape[-1] + 2
    places = tf.stack(tf.meshgrid(tf.range(size[1]), tf.range(size[2]), indexing="ij"), axis=-1)
    places = tf.broadcast_to(tf.cast(places, images.dtype) / position_scale, tf.concat([size[:3], [2]], 0))
    features = tf.reshape(tf.concat([places, images / color_scale], -1), [-1, axes])
    corners, shares = _simplices(features, axes)
    image = tf.range(tf.size(corners[:, 0])) // (size[1] * size[2])
    corners += (_FACTORS[-1] * tf.cast(image, "int64"))[:, tf.newaxis]

    points, corners_of = tf.unique(tf.reshape(corners, [-1]))
    count = tf.size(points)
    order = tf.argsort(points)
    ordered = tf.gather(points, order)
    pixel_of = tf.repeat(tf.range(tf.shape(features)[0]), axes + 1)
    shares = tf.reshape(shares, [-1, 1])
    neighbours = [[_at(ordered, order, points + sign * step) for sign in (1, -1)] for step in _steps(axes)]

    def splat(values):
        return tf.math.unsorted_segment_sum(tf.gather(values, pixel_of) * shares, corners_of, count)

    def blur(values, directions):
        for pair in directions:
            # The row of zeros at the end stands for all points that do not exist.
            padded = tf.pad(values, [[0, 1], [0, 0]])
            values = values / 2 + sum(tf.gather(padded, neighbour) for neighbour in pair) / 4
        return values

    def slice_(values):
        corners = tf.gather(values, corners_of) * shares
        return tf.reduce_sum(tf.reshape(corners, [-1, axes + 1, values.shape[-1]]), axis=1)

    def matrix(values, directions=neighbours):
        return slice_(blur(splat(values), directions))

    own = _own_weights(tf.reshape(shares, [-1, axes + 1]))
    share = tf.math.rsqrt(matrix(tf.ones_like(features[:, :1])))

    @tf.custom_gradient
    def apply(maps):
        def multiply(values, directions=neighbours):
            flat = tf.reshape(values, [-1, values.shape[-1]])
            filtered = share * matrix(share * flat, directions) - own * share**2 * flat
            return tf.reshape(filtered, tf.shape(values))

        return multiply(maps), lambda gradient: multiply(gradient, neighbours[::-1])

    return apply


def _simplices(features, axes):
    """The corners of the simplex that each point lies in, as numbers, and its barycentric coordinates.

    Args:
        features: `[n, axes]`.

    Returns:
        int64 and float32, both `[n, axes + 1]`.
    """
    count = axes + 1
    elevated = tf.matmul(features, _elevation(axes))
    nearest = count * tf.round(elevated / count)
    excess = tf.cast(tf.round(tf.reduce_sum(nearest, 1, keepdims=True) / count), "int32")
    beyond, coordinates = elevated - nearest, np.arange(count)
    rank = excess
    for number in coordinates:
        other = beyond[:, number, tf.newaxis]
        rank += tf.cast((other > beyond) | ((other == beyond) & (number < coordinates)), "int32")
    # A lattice point's coordinates sum to zero: where those of the nearest multiples do not, the furthest give way.
    wrapped = tf.cast(rank < 0, "int32") - tf.cast(rank > axes, "int32")
    nearest, rank = nearest + tf.cast(count * wrapped, nearest.dtype), rank + count * wrapped

    offset, by_rank = (elevated - nearest) / count, 0.0
    corners = tf.reduce_sum(tf.cast(nearest, "int64") * _FACTORS[:count], 1, keepdims=True)
    corners += coordinates * np.sum(_FACTORS[:count])
    for number in coordinates:
        place = rank[:, number, tf.newaxis]
        by_rank += tf.where(place == axes - coordinates, offset[:, number, tf.newaxis], 0.0)
        corners -= tf.where(place > axes - coordinates, (count * _FACTORS)[number], np.int64(0))
    shares = by_rank - tf.roll(by_rank, 1, axis=1)
    return corners, shares + np.eye(1, count, dtype="float32")


def _elevation(axes):
    """Maps points to the lattice's plane, scaled so that the blur's standard deviation is 1: `[axes, axes + 1]`."""
    matrix = np.tril(np.ones((axes, axes + 1)))
    numbers = np.arange(1, axes + 1)
    matrix[numbers - 1, numbers] = -numbers
    scale = np.sqrt(2 / 3) * (axes + 1) / np.sqrt(numbers * (numbers + 1))
    return (scale[:, np.newaxis] * matrix).astype("float32")


def _steps(axes):
    """What a step along each axis of the lattice adds to a point's number: -axes in one coordinate, 1 in the others."""
    return np.sum(_FACTORS[: axes + 1]) - (axes + 1) * _FACTORS[: axes + 1]


def _at(ordered, order, wanted):
    """Where numbers stand among the lattice points; one beyond the last for those that do not exist."""
    place = tf.minimum(tf.searchsorted(ordered, wanted), tf.size(ordered) - 1)
    return tf.where(tf.gather(ordered, place) == wanted, tf.gather(order, place), tf.size(ordered))


def _own_weights(shares):
    """What each pixel gives itself, `[n, 1]`: two corners of a simplex are as many steps apart as their numbers."""
    count = shares.shape[1]
    apart = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    # As many steps forwards along some axes are the remaining ones backwards along the others.
    blurred = 2.0**-count * (2.0**-apart + 2.0 ** (apart - count) * (1 + (apart == 0)))
    return tf.reduce_sum(shares * tf.matmul(shares, blurred.astype("float32")), 1, keepdims=True)
