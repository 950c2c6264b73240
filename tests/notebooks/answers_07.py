"""Answers to the exercises of notebook 07: right ones of another shape, and wrong ones."""

import numpy as np
from scipy import ndimage, special

from course_utils.backend import tf


def nothing(*arguments):
    return None


def energy_by_loops(x, z, k, mu, sign=-1, pairs=lambda i, n: range(i + 1, n), cost=lambda mu, a, b: mu[a, b]):
    total = sum(sign * z[i, label] for i, label in enumerate(x))
    for i in range(len(x)):
        for j in pairs(i, len(x)):
            total += k[i, j] * cost(mu, x[i], x[j])
    return float(total)


def energy_by_one_hot(x, z, k, mu):
    chosen = np.eye(z.shape[1])[x]
    return -np.sum(chosen * z) + np.sum(np.triu(k) * (chosen @ mu @ chosen.T))


def energy_in_place(x, z, k, mu):
    result = energy_by_one_hot(x, z, k, mu)
    k *= 0.5
    return result


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


def step_by_loops(q, z, k, mu, sign=-1, self_too=0.0, transpose=False):
    result = np.zeros_like(z)
    for i in range(len(z)):
        message = sum((k[i, j] + self_too * (i == j)) * (mu @ q[j]) for j in range(len(z)))
        result[i] = special.softmax(z[i] + sign * message)
    return result.T if transpose else result


def step_by_tensorflow(q, z, k, mu):
    return tf.nn.softmax(z - tf.einsum("ij,jm,lm->il", k, q, mu))


def step_in_turns(q, z, k, mu):
    q = q.copy()
    for i in range(len(q)):
        q[i] = special.softmax(z[i] - k[i] @ q @ mu)
    return q


def step_in_place(q, z, k, mu):
    q[:] = step_by_loops(q, z, k, mu)
    return q


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


RIGHT = [
    ("energy", energy_by_loops),
    ("energy", energy_by_one_hot),
    ("energy", lambda x, z, k, mu: tf.constant(energy_by_one_hot(x, z, k, mu))),
    ("mask", mask_by_scipy),
    ("mask", mask_by_pooling),
    ("mask", lambda p, window: mask_by_scipy(p, window).tolist()),
    ("step", step_by_loops),
    ("step", step_by_tensorflow),
    ("step", lambda q, z, k, mu: special.softmax(z - k @ (q @ mu), axis=1)),
    ("patches", patches_by_loops),
    ("patches", patches_by_transposed_convolution),
    ("patches", lambda a, b: patches_by_loops(a, b).tolist()),
]
WRONG = [
    ("energy", nothing),
    ("energy", lambda x, z, k, mu: -3.0),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, k, mu, sign=1)),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, k, mu, pairs=lambda i, n: range(n))),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, k, mu, pairs=lambda i, n: range(i + 1, min(i + 2, n)))),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, k, mu, cost=lambda mu, a, b: a != b)),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, k, mu, cost=lambda mu, a, b: (a != b) * mu[a, b])),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, k, mu, cost=lambda mu, a, b: 1 - mu[a, b])),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, k, mu, cost=lambda mu, a, b: abs(int(a) - int(b)))),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, k, mu, cost=lambda mu, a, b: mu[0, 1])),
    ("energy", lambda x, z, k, mu: energy_by_loops(x[:-1], z, k, mu)),
    ("energy", lambda x, z, k, mu: energy_by_loops(x, z, 0 * k, mu)),
    ("energy", energy_in_place),
    ("mask", nothing),
    ("mask", lambda p, window: np.array([[0.0, 0.75, 1.0, 0.25, 0.0]] * 2)),
    ("mask", lambda p, window: mask_by_scipy(p, 3)),
    ("mask", lambda p, window: mask_by_scipy(p, window + 2)),
    ("mask", lambda p, window: mask_by_scipy(p, window, mode="constant")),
    ("mask", lambda p, window: mask_by_scipy(p, (1, window))),
    ("mask", lambda p, window: mask_by_scipy(p, window) > 0.5),
    ("mask", lambda p, window: -mask_by_scipy(p, window)),
    ("mask", lambda p, window: ndimage.maximum_filter(p, window) - p),
    ("mask", lambda p, window: mask_by_scipy(p, window).T),
    ("mask", lambda p, window: mask_by_scipy(p[: p.shape[1], : p.shape[0]], window)),
    ("mask", mask_in_place),
    ("step", nothing),
    ("step", lambda q, z, k, mu: special.softmax([[1.0, 0.0], [0.0, 0.0]], axis=1)),
    ("step", lambda q, z, k, mu: special.softmax(z, axis=1)),
    ("step", lambda q, z, k, mu: step_by_loops(q, z, k, mu, sign=1)),
    ("step", lambda q, z, k, mu: step_by_loops(q, z, k, mu, self_too=1.0)),
    ("step", lambda q, z, k, mu: step_by_loops(q, z, k, mu, transpose=True)),
    ("step", lambda q, z, k, mu: step_by_loops(q, z, k, 1 - np.eye(len(mu)))),
    ("step", lambda q, z, k, mu: step_by_loops(z, q, k, mu)),
    ("step", lambda q, z, k, mu: special.softmax(z - k @ q @ mu, axis=0)),
    ("step", lambda q, z, k, mu: special.softmax(z - k @ q @ mu)),
    ("step", lambda q, z, k, mu: special.softmax(q - k @ q @ mu, axis=1)),
    ("step", lambda q, z, k, mu: z - k @ q @ mu),
    ("step", lambda q, z, k, mu: np.exp(z - k @ q @ mu) / np.exp(z - k @ q @ mu).sum(1, keepdims=True)),
    ("step", step_in_turns),
    ("step", step_in_place),
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
]
