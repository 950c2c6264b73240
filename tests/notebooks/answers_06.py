"""Answers to the exercises of notebook 06: right ones of another shape, and wrong ones."""

import numpy as np
from scipy.ndimage import correlate

from course_utils.backend import tf
from course_utils.evaluation import ConfusionMatrix


def nothing(*arguments):
    return None


def size_by_windows(height, width, kernel, rate):
    """Counts the places at which the last tap is still inside."""
    pairs = zip((height, width), kernel, strict=True)
    return [sum(place + rate * (taps - 1) < n for place in range(n)) for n, taps in pairs]


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


def mean_iou(matrix, absent=None, both=True):
    values = []
    for c in range(len(matrix)):
        union = matrix[c].sum() + (matrix[:, c].sum() if both else 0) - both * matrix[c, c]
        if union > 0:
            values.append(matrix[c, c] / union)
        elif absent is not None:
            values.append(absent)
    return sum(values) / len(values) if values else float("nan")


def means(swap=False, score=mean_iou, **options):
    def two_means(matrices):
        together = score(sum(np.asarray(matrix) for matrix in matrices), **options)
        each = [score(matrix, **options) for matrix in matrices if matrix.any()]
        return [sum(each) / len(each), together] if swap else [together, sum(each) / len(each)]

    return two_means


def means_by_library(matrices):
    objects = [ConfusionMatrix(len(matrix)) for matrix in matrices]
    for confusion, matrix in zip(objects, matrices, strict=True):
        confusion.matrix = np.asarray(matrix)
    each = np.nanmean([one.mean_iou() for one in objects if one.matrix.any()])
    return tf.constant([sum(objects[1:], objects[0]).mean_iou(), each])


def means_with_empty_images(matrices):
    each = [mean_iou(matrix) if matrix.any() else 0.0 for matrix in matrices]
    return mean_iou(matrices.sum(axis=0)), np.mean(each)


def means_of_classes_first(matrices):
    """Averages each class over the images, then the classes."""
    unions = [m.sum(axis=0) + m.sum(axis=1) - np.diag(m) for m in matrices]
    ious = [np.where(u > 0, np.diag(m) / np.maximum(u, 1), np.nan) for m, u in zip(matrices, unions, strict=True)]
    present = ~np.isnan(ious).all(axis=0)
    return means()(matrices)[0], np.nanmean(np.array(ious)[:, present], axis=0).mean()


def means_in_place(matrices):
    result = means()(matrices)
    for matrix in matrices[1:]:
        matrices[0] += matrix
    return result


def of_true_classes(matrix):
    """Leaves out classes that were only predicted."""
    present = matrix.sum(axis=1) > 0
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - np.diag(matrix)
    return (np.diag(matrix)[present] / union[present]).mean()


RIGHT = [
    ("size", size_by_windows),
    ("size", lambda h, w, k, r: np.maximum(np.array([h, w]) - r * (np.array(k) - 1), 0)),
    ("level", level()),
    ("level", level_by_matrices),
    ("atrous", atrous_by_scipy),
    ("atrous", atrous_by_pixels),
    ("atrous", lambda x, k, r: tf.constant(atrous_by_scipy(x, k, r))),
    ("field", field_by_ways),
    ("field", lambda layers: (field_by_formula(layers), int(field_by_ways(layers)[1]))),
    ("means", means()),
    ("means", means_by_library),
]
WRONG = [
    ("size", nothing),
    ("size", lambda h, w, k, r: [16, 26]),
    ("size", lambda h, w, k, r: size_by_windows(h, w, k[::-1], r)),
    ("size", lambda h, w, k, r: size_by_windows(h, h, k, r)),
    ("size", lambda h, w, k, r: [h - r * (k[0] - 1), w - r * (k[1] - 1)]),
    ("size", lambda h, w, k, r: [max(0, h - r * k[0] + 1), max(0, w - r * k[1] + 1)]),
    ("size", lambda h, w, k, r: size_by_windows(h, w, (k[0], k[0]), r)),
    ("size", lambda h, w, k, r: size_by_windows(h, w, (3, 3), r)),
    ("size", lambda h, w, k, r: size_by_windows(h, w, k, r) if all(size_by_windows(h, w, k, r)) else [0, 0]),
    ("size", lambda h, w, k, r: [float(n) for n in size_by_windows(h, w, k, r)]),
    ("level", nothing),
    ("level", lambda f, b: np.array([[2.5, 4.5], [6.5, 8.5]])),
    ("level", level(end=lambda i, n, b: max((i + 1) * n // b, i * n // b + 1))),
    ("level", level(first=lambda i, n, b: i * (n // b), end=lambda i, n, b: max((i + 1) * (n // b), 1))),
    ("level", level(first=lambda i, n, b: min(i * -(-n // b), n - 1), end=lambda i, n, b: (i + 1) * -(-n // b))),
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
    ("atrous", lambda x, k, r: atrous_by_scipy(x, k, r, mode="reflect")),
    ("atrous", lambda x, k, r: atrous_by_scipy(x, k, r, mode="wrap")),
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
    ("means", nothing),
    ("means", lambda m: [(11 / 12 + 4 / 5) / 2, ((3 / 4 + 4 / 5) / 2 + 1) / 2]),
    ("means", means(swap=True)),
    ("means", means(absent=0.0)),
    ("means", means(absent=1.0)),
    ("means", means(both=False)),
    ("means", lambda m: [means()(m)[0]] * 2),
    ("means", lambda m: [means()(m)[1]] * 2),
    ("means", means_with_empty_images),
    ("means", means_in_place),
    ("means", means(score=of_true_classes)),
    ("means", lambda m: means()(m.transpose(1, 0, 2))),
    ("means", means_of_classes_first),
    ("means", lambda m: [value * 100 for value in means()(m)]),
]
