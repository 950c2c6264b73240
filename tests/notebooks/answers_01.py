"""Answers to the exercises of notebook 01: right ones of another shape, and wrong ones."""

import numpy as np
import scipy.ndimage
import scipy.signal

from course_utils.backend import tf
from course_utils.layers import interpolation_kernel


def nothing(*arguments):
    return None


def zeros_by_loops(values, factor):
    if np.ndim(values) == 1:
        return zeros_by_loops([values], factor)[0]
    spread = [[0.0] * (factor * len(values[0])) for _ in range(factor * len(values))]
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            spread[factor * i][factor * j] = float(value)
    return spread


def zeros_by_product(values, factor):
    block = np.zeros((factor,) * values.ndim)
    block.flat[0] = 1
    return np.kron(values, block)


def zeros_at(offset=0, dtype=float, image=True, signal=True, transposed=False):
    def insert_zeros(values, factor):
        places = (slice(offset % factor, None, factor),) * values.ndim
        spread = np.zeros([factor * length for length in values.shape], dtype)
        if (values.ndim == 1 and signal) or (values.ndim == 2 and image):
            spread[places] = values.T if transposed else values
        return spread

    return insert_zeros


def triangle(length, distance, scale=1.0):
    def bilinear_taps(factor, half_pixel):
        n = length(factor)
        return scale * (1 - np.abs(np.arange(n) - (n - 1) / 2) / distance(factor))

    return bilinear_taps


def box_twice(factor, half_pixel=True):
    """A box with itself; between pixels, the mean of the two nearest."""
    box = np.ones(factor)
    taps = np.convolve(box, box) / factor
    return taps if factor % 2 or not half_pixel else np.convolve(taps, [0.5, 0.5])


def row_by_matrix(signal, taps, factor):
    """Every output as a weighted mean of the samples, the weights read from the taps."""
    start = (len(taps) - factor) // 2
    result = []
    for i in range(factor * len(signal)):
        places = [(i - factor * n + start, value) for n, value in enumerate(signal)]
        pairs = [(taps[t], value) for t, value in places if 0 <= t < len(taps)]
        result.append(sum(w * v for w, v in pairs) / sum(w for w, _ in pairs))
    return result


def row_by_correlation(signal, taps, factor):
    """SciPy's correlation with the zeros put around by hand."""
    before, after = (len(taps) + factor) // 2 - 1, (len(taps) - factor) // 2

    def filtered(values):
        spread = np.kron(values, np.eye(1, factor)[0])
        return scipy.signal.correlate(np.pad(spread, (before, after)), taps, mode="valid", method="direct")

    return filtered(signal) / filtered(np.ones_like(signal))


def row_by_tensorflow(signal, taps, factor):
    spread = np.zeros((2, factor * len(signal)), np.float32)
    spread[:, ::factor] = np.stack([signal, np.ones(len(signal))])
    padding = (len(taps) + factor) // 2 - 1, (len(taps) - factor) // 2
    spread = np.pad(spread, ((0, 0), padding))[..., None]
    values, ones = tf.nn.conv1d(spread, np.float32(taps)[:, None, None], 1, "VALID")[..., 0]
    return values / ones


def row(start=lambda taps, factor: (len(taps) - factor) // 2, border=True, divide=lambda ones: ones, in_place=False):
    def resize_row(signal, taps, factor):
        if in_place:
            signal *= factor
        spread, ones = np.zeros((2, factor * len(signal)))
        spread[::factor], ones[::factor] = signal, 1
        first = start(taps, factor)
        values, weight = (np.convolve(part, taps)[first : first + len(spread)] for part in (spread, ones))
        return values / divide(weight) if border else values

    return resize_row


def repeated_edge(signal, taps, factor):
    """The border by repeating the edge sample: right for bilinear and nearest only."""
    reach = len(taps)
    longer = np.pad(signal, reach, mode="edge")
    spread = np.zeros(factor * len(longer))
    spread[::factor] = longer
    start = (len(taps) - factor) // 2 + factor * reach
    return np.convolve(spread, taps)[start : start + factor * len(signal)]


RIGHT = [
    ("zeros", zeros_by_loops),
    ("zeros", zeros_by_product),
    ("zeros", zeros_at(dtype=np.float32)),
    (
        "zeros",
        lambda values, f: (
            np.insert(values, [n for n in range(1, len(values) + 1)], 0, axis=0)
            if f == 2 and values.ndim == 1
            else zeros_by_product(values, f)
        ),
    ),
    (
        "triangle",
        lambda f, half: [
            1 - abs(2 * i + 1 + odd - 2 * f) / (2 * f) for odd in [f % 2 if half else 1] for i in range(2 * f - odd)
        ],
    ),
    ("triangle", box_twice),
    (
        "triangle",
        lambda f, half: tf.constant(
            [1 - abs(d) for d in np.arange((1 + (f % 2 if half else 1)) / 2 - f, f) / f], tf.float32
        ),
    ),
    (
        "price",
        lambda length, factor: np.array(
            [length**3, (length / factor) ** 3, sum(length / factor ** (1 + k) for k in range(3))]
        ),
    ),
    ("price", lambda n, f: [float(n) ** 3, (n / f) * (n / f) * (n / f), n / f + n / f / f + n / f / f / f]),
    ("resize", row_by_matrix),
    ("resize", row_by_correlation),
    ("resize", row_by_tensorflow),
]
PARTLY = [
    ("zeros", zeros_at(image=False), 0.5),
    ("zeros", zeros_at(signal=False), 0.5),
    ("zeros", zeros_at(transposed=True), 0.5),
    ("zeros", lambda values, factor: zeros_by_product(values, factor).T, 0.5),
    ("triangle", triangle(lambda f: 2 * f - 1, lambda f: f), 1),
    ("triangle", triangle(lambda f: 2 * f - f % 2, lambda f: f), 1),
    ("triangle", lambda f, half: interpolation_kernel("bilinear", f), 1),
    ("resize", row(border=False), 2),
    ("resize", row(divide=np.sqrt), 2),
    ("resize", repeated_edge, 2),
]
WRONG = [
    ("zeros", nothing),
    ("zeros", zeros_at(offset=1)),
    ("zeros", zeros_at(offset=-1)),
    ("zeros", zeros_at(dtype=int)),
    ("zeros", lambda values, factor: np.repeat(values, factor, 0)),
    ("zeros", lambda values, factor: np.repeat(np.repeat(values, factor, 0), factor, -1)),
    ("zeros", lambda values, factor: zeros_by_product(values, 2)),
    ("zeros", lambda values, factor: zeros_by_product(values, factor)[: -factor + 1 or None]),
    ("zeros", lambda values, factor: zeros_by_product(values[:1], factor)),
    ("zeros", lambda values, factor: zeros_by_product(values, factor)[None]),
    (
        "zeros",
        lambda values, factor: (
            np.array([1.0, 0.0, 0.0, 2.0, 0.0, 0.0])
            if values.ndim == 1
            else np.array([[1.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
        ),
    ),
    ("triangle", nothing),
    ("triangle", lambda f, half: box_twice(f, not half)),
    ("triangle", lambda f, half: np.pad(box_twice(f, half), 1)),
    ("triangle", lambda f, half: box_twice(f, half) / 2),
    ("triangle", lambda f, half: box_twice(f, half) / box_twice(f, half).sum()),
    ("triangle", lambda f, half: np.array([1 / 3, 2 / 3, 1, 2 / 3, 1 / 3]) if half else np.array([0.5, 1, 0.5])),
    ("triangle", lambda f, half: np.outer(box_twice(f, half), box_twice(f, half))),
    ("triangle", lambda f, half: np.ones(f)),
    ("price", nothing),
    ("price", lambda length, factor: (64.0, 8.0, 3.5)),
    ("price", lambda length, factor: (length**3, (length // factor) ** 3, 3 * length // factor)),
    (
        "price",
        lambda length, factor: (
            float(length**3),
            (length // factor) ** 3.0,
            length * (factor**2 + factor + 1) / factor**3,
        ),
    ),
    (
        "price",
        lambda length, factor: (float(length**3), length**3 / factor, length * (factor**2 + factor + 1) / factor**3),
    ),
    ("price", lambda length, factor: (float(length**3), (length / factor) ** 3, 3 * length / factor)),
    ("price", lambda length, factor: (float(length), length / factor, length * (factor**2 + factor + 1) / factor**3)),
    (
        "price",
        lambda length, factor: (
            (length / factor) ** 3,
            float(length**3),
            length * (factor**2 + factor + 1) / factor**3,
        ),
    ),
    (
        "price",
        lambda factor, length: (
            float(length**3),
            (length / factor) ** 3,
            length * (factor**2 + factor + 1) / factor**3,
        ),
    ),
    ("price", lambda n, f: (float(n**2), (n / f) ** 2, n / f * (1 + 1 / f))),  # two axes
    ("resize", nothing),
    ("resize", row(start=lambda taps, factor: len(taps) // 2)),
    ("resize", row(start=lambda taps, factor: (len(taps) - factor) // 2 + 1)),
    ("resize", row(start=lambda taps, factor: 0)),
    ("resize", row(divide=lambda ones: ones.sum())),
    ("resize", row(in_place=True)),
    ("resize", lambda signal, taps, factor: np.array([0.0, 1.0, 3.0, 4.0])),
    (
        "resize",
        lambda signal, taps, factor: scipy.ndimage.zoom(signal, factor, order=1, mode="nearest", grid_mode=True),
    ),
    ("resize", lambda signal, taps, factor: row()(signal, taps, factor)[:-1]),
    ("resize", lambda signal, taps, factor: row()(signal, taps, factor)[::-1]),
    ("resize", lambda signal, taps, factor: np.convolve(np.repeat(signal, factor), taps / taps.sum(), mode="same")),
]
