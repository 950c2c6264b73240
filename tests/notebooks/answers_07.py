"""Answers to the exercises of notebook 07: right ones of another shape, and wrong ones."""

import numpy as np
from scipy import ndimage, special

from course_utils.backend import tf


def nothing(*arguments):
    return None


def mask_by_scipy(p, window, mode="nearest"):
    return ndimage.maximum_filter(p, window, mode=mode) - ndimage.minimum_filter(p, window, mode=mode)


def mask_by_pooling(p, window):
    def dilate(maps):
        return tf.nn.max_pool2d(maps[None, ..., None], window, 1, "SAME")[0, ..., 0].numpy()

    return dilate(p) + dilate(-p)


def mask_in_place(p, window):
    result = mask_by_scipy(p, window)
    p[:] = result
    return result


def patches_by_loops(a, b, put="add", flip=False, step=None):
    rows, columns, _ = a.shape
    size, f = len(b), len(b) // 2
    step = f if step is None else step
    canvas = np.zeros(((rows + 1) * f, (columns + 1) * f))
    for i in range(rows):
        for j in range(columns):
            patch = sum(a[i, j, n] * b[..., n] for n in range(a.shape[2]))
            place = np.s_[i * step : i * step + size, j * step : j * step + size]
            patch = patch.T if flip else patch
            canvas[place] = patch if put == "set" else canvas[place] + patch
    return canvas


def patches_by_transposed_convolution(a, b):
    f = len(b) // 2
    size = [1, (a.shape[0] + 1) * f, (a.shape[1] + 1) * f, 1]
    return tf.nn.conv2d_transpose(a[None], b[:, :, None], size, f, "VALID")[0, ..., 0]


def patches_in_place(a, b):
    result = patches_by_loops(a, b)
    b[:] = 0
    return result


def refine_by_scipy(s, r, window, mask=lambda p, size: mask_by_scipy(p, size), axis=-1, shape=None):
    p = special.softmax(s, axis=axis)
    return s + mask(p, shape or (window, window, 1)) * r


def refine_by_class(s, r, window):
    p = special.softmax(s, axis=-1)
    return np.stack([s[..., k] + mask_by_pooling(p[..., k], window) * r[..., k] for k in range(s.shape[-1])], axis=-1)


def refine_in_place(s, r, window):
    s += refine_by_scipy(s, r, window) - s
    return s


def refine_without_care(s, r, window):
    p = np.exp(s) / np.exp(s).sum(axis=-1, keepdims=True)
    return s + mask_by_scipy(p, (window, window, 1)) * r


def seams_by_loops(basis, meet=lambda f: ((0, 0), (f, 0), (0, f), (f, f)), both=True):
    f = len(basis) // 2
    result = np.zeros(basis.shape)
    for y in range(2 * f):
        for x in range(2 * f):
            first = (y % f, x % f) if both else (y // 2 * 2 % f, x % f)
            result[y, x] = basis[y, x] / sum(basis[first[0] + a, first[1] + b] for a, b in meet(f))
    return result


def seams_by_drawing(basis):
    f = len(basis) // 2
    canvas = patches_by_loops(np.ones((3, 3, 1)), basis[..., None])
    return basis / canvas[f : 3 * f, f : 3 * f]


def seams_in_place(basis):
    basis /= seams_by_loops(basis) * 0 + basis / seams_by_loops(basis)
    return basis


def mask_by_windows(p, window):
    """With NaN outside the image, in single precision."""
    padded = np.pad(np.float32(p), window // 2, constant_values=np.nan)
    seen = np.lib.stride_tricks.sliding_window_view(padded, (window, window))
    return np.nanmax(seen, axis=(2, 3)) - np.nanmin(seen, axis=(2, 3))


def patches_by_pixels(a, b):
    f = len(b) // 2
    canvas = np.zeros(((a.shape[0] + 1) * f, (a.shape[1] + 1) * f), np.float32)
    drawn = np.einsum("ijn,yxn->ijyx", a, b)
    i, j, y, x = np.indices(drawn.shape)
    np.add.at(canvas, (i * f + y, j * f + x), drawn)
    return canvas


def patches_beside_each_other(a, b):
    """Without overlap."""
    drawn = np.einsum("ijn,yxn->iyjx", a, b)
    return drawn.reshape(a.shape[0] * len(b), -1)


def seams_by_rolling(basis):
    """What meets a value lies f away, on a ring."""
    f = len(basis) // 2
    rows = basis + np.roll(basis, f, axis=0)
    return np.float32(basis / (rows + np.roll(rows, f, axis=1)))


RIGHT = [
    ("mask", mask_by_scipy),
    ("mask", mask_by_pooling),
    ("mask", lambda p, window: mask_by_scipy(p, window).tolist()),
    ("patches", patches_by_loops),
    ("patches", patches_by_transposed_convolution),
    ("patches", lambda a, b: patches_by_loops(a, b).tolist()),
    ("refine", refine_by_scipy),
    ("refine", refine_by_class),
    ("refine", lambda s, r, window: tf.constant(refine_by_class(s, r, window))),
    ("seams", seams_by_loops),
    ("seams", seams_by_drawing),
    ("seams", lambda basis: seams_by_loops(basis).tolist()),
    ("mask", mask_by_windows),
    ("patches", patches_by_pixels),
    ("refine", lambda s, r, w: refine_by_scipy(s, r, w, mask=lambda p, size: ndimage.morphological_gradient(p, size))),
    ("seams", seams_by_rolling),
]
PARTLY = [
    ("mask", lambda p, window: mask_by_scipy(p, window, mode="constant"), 1),
    ("refine", refine_without_care, 1.5),
]
WRONG = [
    ("mask", nothing),
    ("mask", lambda p, window: np.array([[0.0, 0.75, 1.0, 0.25, 0.0]] * 2)),
    ("mask", lambda p, window: mask_by_scipy(p, 3)),
    ("mask", lambda p, window: mask_by_scipy(p, window + 2)),
    ("mask", lambda p, window: mask_by_scipy(p, (1, window))),
    ("mask", lambda p, window: mask_by_scipy(p, window) > 0.5),
    ("mask", lambda p, window: -mask_by_scipy(p, window)),
    ("mask", lambda p, window: ndimage.maximum_filter(p, window) - p),
    ("mask", lambda p, window: mask_by_scipy(p, window).T),
    ("mask", lambda p, window: mask_by_scipy(p[: p.shape[1], : p.shape[0]], window)),
    ("mask", mask_in_place),
    ("patches", nothing),
    ("patches", lambda a, b: np.array([[1.0, 12.0, 20.0], [3.0, 34.0, 40.0]])),
    ("patches", lambda a, b: patches_by_loops(a, b, put="set")),
    ("patches", lambda a, b: patches_by_loops(a, b, flip=True)),
    ("patches", lambda a, b: patches_by_loops(a, b, step=1)),
    ("patches", lambda a, b: patches_by_loops(a[..., :1], b[..., :1])),
    ("patches", lambda a, b: patches_by_loops(a, b)[len(b) // 4 :, len(b) // 4 :]),
    ("patches", lambda a, b: patches_by_loops(a[:, : a.shape[0]], b)),
    ("patches", lambda a, b: patches_by_loops(a, b[::-1, ::-1])),
    ("patches", lambda a, b: patches_by_loops(a.swapaxes(0, 1), b)),
    ("patches", patches_in_place),
    ("refine", nothing),
    ("refine", lambda s, r, window: s + r),
    ("refine", lambda s, r, window: s.copy()),
    ("refine", lambda s, r, window: refine_by_scipy(s, r, 3)),
    ("refine", lambda s, r, window: refine_by_scipy(s, r, window, shape=(window, window, 3))),
    ("refine", lambda s, r, window: refine_by_scipy(s, r, window, axis=0)),
    ("refine", lambda s, r, window: refine_by_scipy(s, r, window, mask=lambda p, size: 1 - mask_by_scipy(p, size))),
    ("refine", lambda s, r, window: s + mask_by_scipy(s, (window, window, 1)) * r),
    ("refine", lambda s, r, window: r + mask_by_scipy(special.softmax(s, -1), (window, window, 1)) * s),
    ("refine", lambda s, r, window: refine_by_scipy(s, r, window) - s),
    ("refine", lambda s, r, window: refine_by_scipy(s, r, window, mask=lambda p, n: mask_by_scipy(p, n, "constant"))),
    ("refine", refine_in_place),
    ("seams", nothing),
    ("seams", lambda basis: basis / basis.sum()),
    ("seams", lambda basis: basis / basis.max()),
    ("seams", lambda basis: basis * len(basis) ** 2 / 4 / basis.sum()),
    ("seams", lambda basis: np.full(basis.shape, 0.25)),
    ("seams", lambda basis: seams_by_loops(basis, meet=lambda f: ((0, 0), (f, f)))),
    ("seams", lambda basis: seams_by_loops(basis, meet=lambda f: ((0, 0), (f, 0)))),
    ("seams", lambda basis: basis / basis.sum(axis=0)),
    ("seams", lambda basis: seams_by_loops(basis).T),
    ("seams", seams_in_place),
    ("mask", lambda p, window: mask_by_scipy(p, 2 * window + 1)),
    ("patches", patches_beside_each_other),
    ("refine", lambda s, r, window: s + mask_by_scipy(special.expit(s), (window, window, 1)) * r),
    ("refine", lambda s, r, window: s + mask_by_scipy(special.softmax(r, -1), (window, window, 1)) * r),
    ("seams", lambda basis: basis / np.sqrt(basis / seams_by_loops(basis))),
]
