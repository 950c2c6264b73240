"""Answers to the exercises of notebook 04: right ones of another shape, and wrong ones."""

import math

import numpy as np
from skimage.util import view_as_blocks

from course_utils.backend import tf

CHANNELS = (64, 128, 256, 512, 512)


def nothing(*arguments):
    return None


def memory(channels=CHANNELS, half=lambda n: (n + 1) // 2, size=lambda n, bits: -(-n * bits // 8), first=True):
    def index_bytes(height, width, bits):
        sizes = []
        for count in channels:
            before = height * width
            height, width = half(height), half(width)
            sizes.append(size((height * width if first else before) * count, bits))
        return sizes

    return index_bytes


def pool_by_loops(features, k, better=lambda new, old: new > old, start=-math.inf, cut=False, number=None):
    height, width = features.shape
    rows, columns = (height // k, width // k) if cut else (-(-height // k), -(-width // k))
    values, indices = np.full((rows, columns), start, np.float64), np.zeros((rows, columns), np.int64)
    for y in range(min(height, rows * k)):
        for x in range(min(width, columns * k)):
            i, j = y // k, x // k
            if better(features[y, x], values[i, j]):
                values[i, j] = features[y, x]
                indices[i, j] = number(y, x, width) if number else (y % k) * k + x % k
    return values, indices


def pool_by_blocks(features, k, filling=-1e9, argument=np.argmax, order=None):
    height, width = features.shape
    padded = np.pad(features, ((0, -height % k), (0, -width % k)), constant_values=filling)
    blocks = view_as_blocks(np.ascontiguousarray(padded), (k, k))
    if order == "columns":
        blocks = blocks.swapaxes(2, 3)
    flat = blocks.reshape(*blocks.shape[:2], -1)
    return flat.max(-1), argument(flat, axis=-1)


def last_maximum(flat, axis):
    return flat.shape[axis] - 1 - np.argmax(flat[..., ::-1], axis=axis)


def pool_in_place(features, k):
    result = pool_by_loops(features, k)
    features[:] = 0
    return result


def unpool_by_loops(values, indices, k, height, width, place=lambda n, k: (n // k, n % k)):
    result = np.zeros((height, width), np.float32)
    for i, j in np.ndindex(values.shape):
        y, x = place(indices[i, j], k)
        result[k * i + y, k * j + x] = values[i, j]
    return result


def unpool_by_mask(values, indices, k, height, width):
    places = np.arange(k * k).reshape(k, k)
    big = np.kron(values, np.ones((k, k)))
    chosen = np.kron(indices, np.ones((k, k))) == np.tile(places, values.shape)
    return (big * chosen)[:height, :width]


def unpool_by_scatter(values, indices, k, height, width):
    i, j = np.indices(values.shape)
    places = np.stack([k * i + indices // k, k * j + indices % k], axis=-1).reshape(-1, 2)
    return tf.scatter_nd(places, values.ravel(), [height, width])


def distances(a, b, power=2):
    return np.array([[(abs(p - q) ** power).sum() ** (1 / power) for q in b] for p in a.astype(float)])


def f_by(
    combine=lambda p, r: 2 * p * r / (p + r) if p + r else 0.0, power=2, strict=False, empty=(1.0, 0.0), swap=False
):
    def boundary_f(true, predicted, tolerance):
        if not len(true) or not len(predicted):
            return empty[0] if len(true) == len(predicted) else empty[1]
        d = distances(true, predicted, power)
        near = d < tolerance if strict else d <= tolerance
        recall, precision = near.any(1).mean(), near.any(0).mean()
        if swap:
            recall, precision = near.any(1).mean(), near.any(1).mean()
        return float(combine(precision, recall))

    return boundary_f


def f_by_counts(true, predicted, tolerance):
    if len(true) == len(predicted) == 0:
        return 1.0
    if len(true) == 0 or len(predicted) == 0:
        return 0.0
    found = [
        sum(any(math.dist(p, q) <= tolerance for q in b) for p in a) for a, b in ((true, predicted), (predicted, true))
    ]
    recall, precision = found[0] / len(true), found[1] / len(predicted)
    return 0.0 if precision + recall == 0 else 2 / (1 / precision + 1 / recall)


RIGHT = [
    ("memory", memory()),
    ("memory", lambda h, w, b: np.ceil(
        [-(-h // 2**n) * -(-w // 2**n) * c * b / 8 for n, c in enumerate(CHANNELS, 1)]).astype(int)),
    ("memory", lambda h, w, b: tf.constant(memory()(h, w, b))),
    ("pool", pool_by_loops),
    ("pool", pool_by_blocks),
    ("pool", lambda f, k: tuple(tf.constant(part) for part in pool_by_blocks(f, k))),
    ("unpool", unpool_by_loops),
    ("unpool", unpool_by_mask),
    ("unpool", unpool_by_scatter),
    ("boundary", f_by()),
    ("boundary", f_by_counts),
]  # fmt: skip
PARTLY = [
    ("pool", lambda f, k: pool_by_loops(f, k, cut=True), 1),
    ("pool", lambda f, k: pool_by_blocks(f, k, filling=0), 1),
    ("unpool", lambda v, n, k, h, w: unpool_by_loops(v, n, k, k * len(v), k * len(v[0])), 1),
    ("boundary", f_by(combine=lambda p, r: np.divide(2 * p * r, p + r)), 1.5),
    ("boundary", f_by(empty=(0.0, 0.0)), 1.5),
    ("boundary", f_by(empty=(1.0, 1.0)), 1.5),
]
WRONG = [
    ("memory", nothing),
    ("memory", memory(half=lambda n: n // 2)),
    ("memory", memory(channels=(64, 128, 256, 512, 1024))),
    ("memory", memory(channels=(64,) * 5)),
    ("memory", memory(first=False)),
    ("memory", memory(size=lambda n, bits: n * bits)),
    ("memory", memory(size=lambda n, bits: n * bits / 8)),
    ("memory", memory(size=lambda n, bits: n)),
    ("memory", lambda h, w, b: [2764800, 1382400, 691200, 353280, 92160]),
    ("memory", lambda h, w, b: memory()(h, h * 4 // 3, b)),
    ("memory", lambda h, w, b: memory()(h, w, b)[::-1]),
    ("pool", nothing),
    ("pool", lambda f, k: pool_by_loops(f, k)[0]),
    ("pool", lambda f, k: pool_by_loops(f, k)[::-1]),
    ("pool", lambda f, k: pool_by_loops(f, k, start=0)),
    ("pool", lambda f, k: pool_by_loops(f, k, better=lambda new, old: new >= old)),
    ("pool", lambda f, k: pool_by_loops(f, k, number=lambda y, x, w: y * w + x)),
    ("pool", lambda f, k: pool_by_loops(f, 2)),
    ("pool", lambda f, k: pool_by_blocks(f, k, argument=last_maximum)),
    ("pool", lambda f, k: pool_by_blocks(f, k, order="columns")),
    ("pool", lambda f, k: tuple(part.T for part in pool_by_blocks(f.T, k))),
    ("pool", lambda f, k: (pool_by_loops(f, k)[0], pool_by_loops(f, k)[1].astype(float))),
    ("pool", lambda f, k: (np.array([[4.0, 2.0], [6.0, 7.0]]), np.array([[1, 0], [1, 0]]))),
    ("pool", pool_in_place),
    ("unpool", nothing),
    ("unpool", lambda v, n, k, h, w: unpool_by_loops(v, n, k, h, w, place=lambda n, k: (n % k, n // k))),
    ("unpool", lambda v, n, k, h, w: unpool_by_loops(v, n, k, h, w, place=lambda n, k: (0, 0))),
    ("unpool", lambda v, n, k, h, w: unpool_by_loops(v, n, 2, h, w)),
    ("unpool", lambda v, n, k, h, w: unpool_by_loops(v, n, k, w, h)),
    ("unpool", lambda v, n, k, h, w: np.kron(v, np.ones((k, k)))[:h, :w]),
    ("unpool", lambda v, n, k, h, w: unpool_by_mask(v, n, k, h, w).astype(int)),
    ("unpool", lambda v, n, k, h, w: np.maximum(unpool_by_mask(v, n, k, h, w), 0)),
    ("unpool", lambda v, n, k, h, w: np.array([[0.0, 0.0, 2.0, 0.0], [0.0, 1.0, 0.0, 0.0]])),
    ("boundary", nothing),
    ("boundary", f_by(combine=lambda p, r: (p + r) / 2)),
    ("boundary", f_by(combine=lambda p, r: p)),
    ("boundary", f_by(combine=lambda p, r: r)),
    ("boundary", f_by(combine=lambda p, r: p * r / (p + r) if p + r else 0.0)),
    ("boundary", f_by(power=1)),
    ("boundary", f_by(power=50)),
    ("boundary", f_by(strict=True)),
    ("boundary", f_by(swap=True)),
    ("boundary", lambda t, p, tolerance: f_by()(t, p, 1)),
    ("boundary", lambda t, p, tolerance: 0.5 if tolerance == 1 else 0.6),
]
