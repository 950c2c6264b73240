"""The kernels behind the eight methods of `tf.image.resize`, as taps of a filter that follows zero insertion.

Each method is a function of the distance to a sample, measured in samples; enlarging by a factor f reads it f times as
densely. Sources: Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981 (bicubic, a = -1/2);
Mitchell and Netravali, "Reconstruction Filters in Computer Graphics", 1988 (mitchellcubic, B = C = 1/3); Duchon,
"Lanczos Filtering in One and Two Dimensions", 1979.
"""

import numpy as np

from course_utils.layers.shapes import check_factor


def _box(x):
    return (x < 0.5).astype(np.float64)


def _triangle(x):
    return 1 - x


def _gaussian(x):
    return np.exp(-0.5 * (x / 0.5) ** 2)


def _cubic(b, c):
    """The piecewise cubics of Mitchell and Netravali, equation 8."""

    def kernel(x):
        inner = (12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + 6 - 2 * b
        outer = (-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + 8 * b + 24 * c
        return np.where(x < 1, inner, outer) / 6

    return kernel


def _lanczos(lobes):
    def kernel(x):
        return np.sinc(x) * np.sinc(x / lobes)

    return kernel


_KERNELS = {
    "nearest": (0.5, _box),
    "bilinear": (1.0, _triangle),
    "bicubic": (2.0, _cubic(0, 1 / 2)),
    "area": (0.5, _box),
    "gaussian": (1.5, _gaussian),
    "lanczos3": (3.0, _lanczos(3)),
    "lanczos5": (5.0, _lanczos(5)),
    "mitchellcubic": (2.0, _cubic(1 / 3, 1 / 3)),
}
METHODS = tuple(_KERNELS)
"""The names of the methods, as in `tf.image.resize`."""

_TABLE_STEPS = 1024  # kTableSize in TensorFlow's resize_bicubic_op.cc


def interpolation_kernel(method, factor):
    """The taps of the one-dimensional filter that follows zero insertion; in two dimensions it runs along each axis.

    **Where the taps stand.** Pixels have their centres at half-integers, so sample n belongs at position
    `factor * n + (factor - 1) / 2` of the output: in the middle of its block, not at the block's first pixel, where
    zero insertion puts it. The taps are centred on the middle, `length - factor` is even, and the output is

        y[i] = sum over n of x[n] * taps[i - factor * n + (length - factor) / 2]

    that is, the full convolution without its first `(length - factor) / 2` values. For an odd factor the length is odd
    and the middle of the block is a pixel; for an even factor the length is even and the middle lies between two
    pixels.

    **What they sum to.** The taps whose positions share a remainder modulo `factor` form a *phase*: they
    contribute to the same output pixel. Each phase sums to 1, so that a constant stays constant; all taps sum to
    `factor`.

    **Area** equals nearest: a pixel of the enlarged image lies inside one pixel of the small one. **Bicubic** distances
    are rounded to 1/1024 of a sample, because TensorFlow reads that kernel from a table; for factors that are powers
    of two up to 512 the rounding changes nothing.

    Example:

    ```python
    interpolation_kernel("bilinear", 2).tolist()  # [0.25, 0.75, 0.75, 0.25]
    ```

    Args:
        method: one of `course_utils.layers.upsampling.interpolation_kernels.METHODS`.
        factor: enlargement factor, at least 1.

    Returns:
        float64 `[length]`, symmetric.

    Raises:
        ValueError: an unknown method, or a factor that is not a whole number of at least 1.
    """
    check_factor(factor)
    if method not in _KERNELS:
        raise ValueError(f"There is no interpolation method {method!r}: choose one of {', '.join(METHODS)}.")
    return _phases_of_one(kernel_function(method)(_tap_positions(method, factor)), factor)


def kernel_function(method):
    """The continuous kernel of a method: a function of the signed distance to a sample, in samples.

    Args:
        method: one of `METHODS`.

    Returns:
        a function from float64 arrays of any shape to float64 arrays of that shape; zero outside the method's radius.
    """
    radius, kernel = _KERNELS[method]

    def function(distance):
        distance = np.abs(np.asarray(distance, np.float64))
        return np.where(distance < radius, kernel(np.minimum(distance, radius)), 0.0)

    return function


def _tap_positions(method, factor):
    """Distances from the taps to the sample, in samples: all taps within the kernel's radius."""
    radius = _KERNELS[method][0]
    reach = int(np.ceil(radius * factor)) + 1
    offsets = np.arange(-reach, reach) + (0.5 if factor % 2 == 0 else 0.0)
    distances = offsets[np.abs(offsets) < radius * factor] / factor
    return np.round(distances * _TABLE_STEPS) / _TABLE_STEPS if method == "bicubic" else distances


def _phases_of_one(taps, factor):
    phase = np.arange(len(taps)) % factor
    return taps / np.bincount(phase, taps)[phase]


def frequency_response(taps, frequencies):
    """The gain of a symmetric filter for waves of given frequencies, with phases relative to the middle of the taps.

    Args:
        taps: float `[length]`, symmetric.
        frequencies: in cycles per output pixel, `[points]`.

    Returns:
        float64 `[points]`: real, because the taps are symmetric; at frequency 0 it is the sum of the taps, `factor`.
    """
    taps = np.asarray(taps, np.float64)
    distance = np.arange(len(taps)) - (len(taps) - 1) / 2
    return np.cos(2 * np.pi * np.outer(frequencies, distance)) @ taps
