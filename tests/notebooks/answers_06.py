"""Answers to the exercises of notebook 06: right ones of another shape, and wrong ones."""

import itertools

import numpy as np
from scipy.ndimage import correlate
from scipy.optimize import linear_sum_assignment
from scipy.signal import fftconvolve
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from course_utils.backend import tf


def nothing(*arguments):
    return None


def slide_by_loops(features, weights, biases):
    height, width, _ = features.shape
    return [[[float(features[i, j] @ weights[:, k] + biases[k]) for k in range(len(biases))] for j in range(width)]
            for i in range(height)]  # fmt: skip


def slide_in_place(features, weights, biases):
    found = features @ weights + biases
    features -= features.mean()
    return found


def level(first=lambda i, n, b: i * n // b, end=lambda i, n, b: -(-(i + 1) * n // b), reduce=np.mean):
    def pyramid_level(features, bins):
        edges = [[(first(i, n, bins), end(i, n, bins)) for i in range(bins)] for n in features.shape]
        return np.array([[reduce(features[a:b, c:d].astype(float)) for c, d in edges[1]] for a, b in edges[0]])

    return pyramid_level


def level_by_matrices(features, bins):
    def shares(n):
        i, k = np.arange(bins)[:, None], np.arange(n)[None]
        inside = ((k + 1) * bins > i * n) & (k * bins < (i + 1) * n)
        return inside / inside.sum(axis=1, keepdims=True)

    return tf.constant(shares(features.shape[0]) @ features @ shares(features.shape[1]).T)


def level_in_place(features, bins):
    result = level()(features, bins)
    features -= features.mean()
    return result


def with_zeros(kernel, rate):
    big = np.zeros([rate * (taps - 1) + 1 for taps in kernel.shape])
    big[::rate, ::rate] = kernel
    return big


def atrous_by_scipy(x, kernel, rate, mode="constant"):
    return correlate(x, with_zeros(kernel, rate), mode=mode)


def atrous_by_pixels(x, kernel, rate, offset=0):
    height, width = x.shape
    rows, columns = kernel.shape
    result = np.zeros((height, width))
    for i, j, m, n in np.ndindex(height, width, rows, columns):
        y, z = i + rate * (m - rows // 2) + offset, j + rate * (n - columns // 2) + offset
        if 0 <= y < height and 0 <= z < width:
            result[i, j] += kernel[m, n] * x[y, z]
    return result


def atrous_in_place(x, kernel, rate):
    result = atrous_by_scipy(x, kernel, rate)
    kernel[:] = kernel[::-1]
    return result


def field_by_formula(layers):
    width, step = 1, 1
    for taps, rate, stride in layers:
        width, step = width + (taps - 1) * rate * step, step * stride
    return width


def field_by_ways(layers, steps=True, dilate=True):
    """Counts the ways from the output back to each input pixel."""
    ways = np.ones(1, np.int64)
    for taps, rate, stride in reversed(layers):
        stride, rate = stride if steps else 1, rate if dilate else 1
        spread = np.zeros((len(ways) - 1) * stride + 1, np.int64)
        spread[::stride] = ways
        kernel = np.zeros(rate * (taps - 1) + 1, np.int64)
        kernel[::rate] = 1
        ways = np.convolve(spread, kernel)
    return np.array([len(ways), np.count_nonzero(ways)])


def table_by_trying(matrix, best=max):
    numbers = range(len(matrix))
    return best(itertools.permutations(numbers), key=lambda table: sum(matrix[table[n], n] for n in numbers))


def table_by_greed(matrix):
    """Takes the largest entries first; each row and column once."""
    left, table = matrix.astype(float), [0] * len(matrix)
    for _ in table:
        true, number = np.unravel_index(left.argmax(), left.shape)
        table[number] = int(true)
        left[true], left[:, number] = -1, -1
    return table


def table_by_flow(matrix):
    """By the minimum weight matching of a sparse graph."""
    costs = csr_array((matrix.max() + 1.0 - matrix).T)
    numbers, meanings = min_weight_full_bipartite_matching(costs)
    return [int(meanings[list(numbers).index(n)]) for n in range(len(matrix))]


def table_in_place(matrix):
    found = table_by_trying(matrix)
    matrix[:] = matrix[list(found)]
    return found


def atrous_by_fourier(x, kernel, rate):
    full = fftconvolve(x, with_zeros(kernel, rate)[::-1, ::-1])
    down, across = (rate * (taps // 2) for taps in kernel.shape)
    return full[down : down + x.shape[0], across : across + x.shape[1]].astype(np.float32)


def atrous_padded_by_the_rate(x, kernel, rate):
    """Right for three taps only."""
    padded = np.pad(x, rate)
    shape = x.shape
    return sum(
        w * padded[m * rate : m * rate + shape[0], n * rate : n * rate + shape[1]]
        for (m, n), w in np.ndenumerate(kernel)
    )


def level_by_sums(features, bins):
    """By an image of sums, in single precision at its end."""
    total = np.pad(features.astype(float).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    i = np.arange(bins)
    (a, b), (c, d) = ((i * n // bins, -(-(i + 1) * n // bins)) for n in features.shape)
    sums = total[np.ix_(b, d)] - total[np.ix_(a, d)] - total[np.ix_(b, c)] + total[np.ix_(a, c)]
    return (sums / np.outer(b - a, d - c)).astype(np.float32)


def level_by_splitting(features, bins):
    """Bins that never share a feature."""
    return [[part.mean() for part in np.array_split(rows, bins, axis=1)] for rows in np.array_split(features, bins)]


def field_by_places(layers):
    """From the output back to the image, place by place."""
    places = [0]
    for taps, rate, stride in layers[::-1]:
        places = sorted({place * stride + tap * rate for place in places for tap in range(taps)})
    return np.int32(places[-1] + 1), np.int32(len(places))


def field_with_its_own_stride(layers):
    """A layer's own stride already counts for its own taps."""
    seen, step = {0}, 1
    for taps, rate, stride in layers:
        step *= stride
        seen = {place + tap * rate * step for place in seen for tap in range(taps)}
    return max(seen) + 1, len(seen)


def table_by_recall(matrix):
    """The table by which the mean of the classes' recalls is best."""
    return linear_sum_assignment((matrix / matrix.sum(axis=1, keepdims=True).clip(1)).T, maximize=True)[1]


def table_by_dynamic_programming(matrix):
    """The best table of the first numbers for every set of classes, from no number to all."""
    best = {frozenset(): (0, ())}
    for column in matrix.T:
        larger = {}
        for used, (right, table) in best.items():
            for k in set(range(len(matrix))) - used:
                found = right + int(column[k]), (*table, k)
                larger[used | {k}] = max(larger.get(used | {k}, (-1, ())), found)
        best = larger
    ((_, table),) = best.values()
    return table


RIGHT = [
    ("slide", slide_by_loops),
    ("slide", lambda f, w, b: np.einsum("hwc,ck->hwk", f, w) + b),
    ("slide", lambda f, w, b: tf.tensordot(f, w, 1) + b),
    ("level", level()),
    ("level", level_by_matrices),
    ("atrous", atrous_by_scipy),
    ("atrous", atrous_by_pixels),
    ("atrous", lambda x, k, r: tf.constant(atrous_by_scipy(x, k, r))),
    ("field", field_by_ways),
    ("field", lambda layers: (field_by_formula(layers), int(field_by_ways(layers)[1]))),
    ("table", table_by_trying),
    ("table", table_by_flow),
    ("table", lambda matrix: tf.constant(table_by_trying(matrix))),
    ("slide", lambda f, w, b: np.float32([[place @ w + b for place in row] for row in f])),
    ("atrous", atrous_by_fourier),
    ("field", field_by_places),
    ("level", level_by_sums),
    ("table", table_by_dynamic_programming),
]
PARTLY = [
    ("level", level(end=lambda i, n, b: max((i + 1) * n // b, i * n // b + 1)), 1),
    ("level", level(first=lambda i, n, b: i * (n // b), end=lambda i, n, b: max((i + 1) * (n // b), 1)), 1),
    ("level", level(first=lambda i, n, b: min(i * -(-n // b), n - 1), end=lambda i, n, b: (i + 1) * -(-n // b)), 1),
    ("atrous", lambda x, k, r: atrous_by_scipy(x, k, r, mode="reflect"), 1),
    ("atrous", lambda x, k, r: atrous_by_scipy(x, k, r, mode="wrap"), 1),
    ("level", level_by_splitting, 1),
]
WRONG = [
    ("slide", nothing),
    ("slide", lambda f, w, b: np.array([[[1.5, 2.0, 2.5], [32.5, 64.0, 95.5]]])),
    ("slide", lambda f, w, b: f @ w),
    ("slide", lambda f, w, b: f @ w - b),
    ("slide", lambda f, w, b: f.mean(axis=(0, 1)) @ w + b),
    ("slide", lambda f, w, b: np.broadcast_to(f.mean(axis=(0, 1)) @ w + b, (*f.shape[:2], len(b)))),
    ("slide", lambda f, w, b: np.maximum(f @ w + b, 0)),
    ("slide", lambda f, w, b: (f @ w + b).argmax(axis=-1)),
    ("slide", lambda f, w, b: (f @ w + b).transpose(1, 0, 2)),
    ("slide", lambda f, w, b: f @ w.T + b),
    ("slide", slide_in_place),
    ("level", nothing),
    ("level", lambda f, b: np.array([[2.5, 4.5], [6.5, 8.5]])),
    ("level", level(end=lambda i, n, b: -(-(i + 1) * n // b) + 1)),
    ("level", level(reduce=np.max)),
    ("level", level(reduce=np.sum)),
    ("level", lambda f, b: level()(f, b).T),
    ("level", lambda f, b: level()(f, 2)),
    ("level", lambda f, b: tf.image.resize(f[..., None], (b, b))[..., 0]),
    ("level", level_in_place),
    ("atrous", nothing),
    ("atrous", lambda x, k, r: np.array([[301.0, 402.0, 513.0, 24.0, 35.0]])),
    ("atrous", lambda x, k, r: atrous_by_scipy(x, k[::-1, ::-1], r)),
    ("atrous", lambda x, k, r: atrous_by_scipy(x, k, 2)),
    ("atrous", lambda x, k, r: atrous_by_scipy(x, k, 1)),
    ("atrous", lambda x, k, r: atrous_by_scipy(x, k, r + 1)),
    ("atrous", lambda x, k, r: atrous_by_pixels(x, k, r, offset=1)),
    ("atrous", lambda x, k, r: atrous_by_scipy(x.T, k, r).T),
    ("atrous", lambda x, k, r: atrous_by_scipy(x, k, r)[r:-r]),
    ("atrous", atrous_in_place),
    ("field", nothing),
    ("field", lambda layers: [9, 5]),
    ("field", lambda layers: [field_by_formula(layers)] * 2),
    ("field", lambda layers: field_by_ways(layers)[::-1]),
    ("field", lambda layers: field_by_ways(layers, steps=False)),
    ("field", lambda layers: field_by_ways(layers, dilate=False)),
    ("field", lambda layers: field_by_ways(layers[::-1])),
    ("field", lambda layers: field_by_ways(layers) - [1, 0]),
    ("field", lambda layers: [field_by_formula(layers), int(np.prod([taps for taps, _, _ in layers]))]),
    ("table", nothing),
    ("table", lambda matrix: [1, 0, 2]),
    ("table", lambda matrix: np.argmax(matrix, axis=0)),
    ("table", lambda matrix: np.argmax(matrix, axis=1)),
    ("table", lambda matrix: np.argmax(matrix / matrix.sum(axis=1, keepdims=True), axis=0)),
    ("table", table_by_greed),
    ("table", lambda matrix: np.argsort(table_by_trying(matrix))),
    ("table", lambda matrix: table_by_trying(matrix, best=min)),
    ("table", lambda matrix: np.arange(len(matrix))),
    ("table", lambda matrix: np.array(table_by_trying(matrix), float)),
    ("table", lambda matrix: np.add(table_by_trying(matrix), 1)),
    ("table", table_in_place),
    ("slide", lambda f, w, b: tf.nn.softmax(f @ w + b).numpy()),
    ("atrous", atrous_padded_by_the_rate),
    ("field", field_with_its_own_stride),
    ("table", table_by_recall),
]
