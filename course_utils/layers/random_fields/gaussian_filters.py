"""Gaussian filters over all pairs of pixels: the kernels of a fully connected CRF.

Each function returns a filter: a function from maps `[batch, height, width, channels]` to maps of that shape. It
multiplies them by a symmetric matrix with a zero diagonal: the kernel of two pixels, divided by the square roots of
both their kernel sums. Without the division, messages would grow with the number of pixels; with this one the matrix
stays symmetric, which an energy requires (Kraehenbuehl and Koltun, "Parameter learning and convergent inference for
dense random fields", ICML 2013).
"""

import numpy as np

from course_utils.backend import tf


def smoothness_filter(images, scale):
    """The kernel `exp(-|p_i - p_j|**2 / (2 scale**2))` of positions alone, exact at every size.

    The kernel is separable, and so is the filter: one pass along the rows, one along the columns.

    Args:
        images: `[batch, height, width, any]`; only their size is used.
        scale: theta_gamma, in pixels.
    """
    rows, columns = (_gaussian_matrix(tf.shape(images)[axis], scale) for axis in (1, 2))
    sums = tf.reduce_sum(rows, 1)[:, tf.newaxis, tf.newaxis] * tf.reduce_sum(columns, 1)[:, tf.newaxis]
    share = tf.math.rsqrt(sums)

    def apply(maps):
        return share * tf.einsum("ih,jw,bhwc->bijc", rows, columns, share * maps) - share**2 * maps

    return apply


def exact_appearance_filter(images, position_scale, color_scale):
    """The kernel `exp(-|p_i - p_j|**2 / (2 position_scale**2) - |I_i - I_j|**2 / (2 color_scale**2))`, every pair.

    For `n` pixels the matrix has `n**2` entries: 64 MiB per image of 64x64.

    Args:
        images: `[batch, height, width, channels]`, float32.
        position_scale: theta_alpha, in pixels.
        color_scale: theta_beta, in the unit of the images.
    """
    size, channels = tf.shape(images), images.shape[-1]
    places = tf.stack(tf.meshgrid(tf.range(size[1]), tf.range(size[2]), indexing="ij"), axis=-1)
    places = tf.broadcast_to(tf.cast(places, images.dtype) / position_scale, tf.concat([size[:3], [2]], 0))
    features = tf.reshape(tf.concat([places, images / color_scale], -1), [size[0], -1, 2 + channels])
    distances = sum(
        tf.square(features[:, :, tf.newaxis, part] - features[:, tf.newaxis, :, part]) for part in range(2 + channels)
    )
    matrix = tf.exp(-distances / 2)
    share = tf.math.rsqrt(tf.reduce_sum(matrix, 2))
    matrix = tf.linalg.set_diag(matrix * share[:, :, tf.newaxis] * share[:, tf.newaxis], tf.zeros_like(share))

    @tf.custom_gradient
    def apply(maps):
        def multiply(values):
            return tf.reshape(matrix @ tf.reshape(values, [size[0], -1, values.shape[-1]]), tf.shape(values))

        return multiply(maps), multiply

    return apply


def sampled_appearance_filter(images, position_scale, color_scale, radius, step):
    """The same kernel between each pixel and a square lattice around it: every `step`-th pixel, as in an atrous kernel.

    The lattice has `2 * radius + 1` pixels per side, so the cost grows with the number of pixels, not with its square.
    A message is divided by the kernel's sum over the same lattice, so it estimates the full message; pixels further
    away than `radius * step` do not count.

    Args:
        images: `[batch, height, width, channels]`, float32.
        position_scale: theta_alpha, in pixels.
        color_scale: theta_beta, in the unit of the images.
        radius: lattice pixels on either side of the centre.
        step: distance between neighbouring lattice pixels, in pixels.
    """
    side = np.arange(-radius, radius + 1) * step
    offsets = np.array([(row, column) for row in side for column in side if (row, column) != (0, 0)], "int32")
    reach, colors = radius * step, images / color_scale
    frame = [[0, 0], [reach, reach], [reach, reach], [0, 0]]
    framed_colors = tf.pad(colors, frame)

    def weighted_sum(maps):
        framed = tf.pad(maps, frame)

        def add(total, offset):
            begin = tf.concat([[0], offset + reach, [0]], 0)
            differences = tf.slice(framed_colors, begin, tf.shape(colors)) - colors
            far = tf.reduce_sum(tf.square(tf.cast(offset, maps.dtype) / position_scale))
            kernel = tf.exp(-(tf.reduce_sum(tf.square(differences), -1, keepdims=True) + far) / 2)
            return tf.ensure_shape(total + kernel * tf.slice(framed, begin, tf.shape(maps)), maps.shape)

        return tf.foldl(add, offsets, initializer=tf.zeros_like(maps))

    share = tf.math.rsqrt(1.0 + weighted_sum(tf.ones_like(images[..., :1])))

    @tf.custom_gradient
    def apply(maps):
        def multiply(values):
            return share * weighted_sum(share * values)

        # The matrix is symmetric, so the filter is its own gradient, and no intermediate result needs to be kept.
        return multiply(maps), multiply

    return apply


def _gaussian_matrix(length, scale):
    """The kernel between any two positions on a line: `[length, length]`."""
    places = tf.range(tf.cast(length, "float32"), dtype="float32") / scale
    return tf.exp(-tf.square(places[:, tf.newaxis] - places) / 2)
