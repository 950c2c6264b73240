"""Gaussian filters over all pairs of pixels: the kernels of a fully connected CRF.

Each function returns a filter: a function from maps `[batch, height, width, channels]` to maps of that shape. It
multiplies them by a symmetric matrix with a zero diagonal: the kernel of two pixels, divided by the square roots of
both their kernel sums. Without the division, messages would grow with the number of pixels; with this one the matrix
stays symmetric, which an energy requires (Kraehenbuehl and Koltun, "Parameter learning and convergent inference for
dense random fields", ICML 2013).
"""

from course_utils.backend import tf
from course_utils.layers.separable import apply_to_sides


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
        return share * apply_to_sides(rows, columns, share * maps) - share**2 * maps

    return apply


def exact_appearance_filter(images, position_scale, color_scale):
    """The kernel `exp(-|p_i - p_j|**2 / (2 position_scale**2) - |I_i - I_j|**2 / (2 color_scale**2))`, every pair.

    For `n` pixels the matrix has `n**2` entries: 64 MiB per image of 64x64, 4 GiB per image of 128x256. There
    `permutohedral_filter` takes over.

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


def _gaussian_matrix(length, scale):
    """The kernel between any two positions on a line: `[length, length]`."""
    places = tf.range(tf.cast(length, "float32"), dtype="float32") / scale
    return tf.exp(-tf.square(places[:, tf.newaxis] - places) / 2)
