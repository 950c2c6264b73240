"""Answers to the exercises of notebook 02: right ones of another shape, and wrong ones."""

import numpy as np
import scipy.signal

from course_utils.backend import tf
from course_utils.matrices import convolution_matrix


def nothing(*arguments):
    return None


def sizes(same=lambda n, k, s: -(-n // s), valid=lambda n, k, s: (n - k) // s + 1):
    return lambda size, kernel, stride: (same(size, kernel, stride), valid(size, kernel, stride))


def sizes_by_counting(size, kernel, stride):
    return [len(range(0, size, stride)), len(range(0, size - kernel + 1, stride))]


def sizes_of_tensorflow(size, kernel, stride):
    signal, taps = tf.zeros([1, size, 1]), tf.zeros([kernel, 1, 1])
    return [tf.nn.conv1d(signal, taps, stride, padding).shape[1] for padding in ("SAME", "VALID")]


def centred(kernel, size, stride, middle=None, reverse=False, wrap=False, whole_rows=False):
    """Exercise 2 entry by entry, with the mistakes that one can make."""
    middle = len(kernel) // 2 if middle is None else middle
    rows = size // stride if whole_rows else -(-size // stride)
    matrix = np.zeros((rows, size))
    for row, tap in np.ndindex(rows, len(kernel)):
        column = row * stride + tap - middle
        if wrap or 0 <= column < size:
            matrix[row, column % size] = kernel[::-1][tap] if reverse else kernel[tap]
    return matrix


def centred_by_scipy(kernel, size, stride):
    columns = [scipy.signal.convolve(one, kernel[::-1], "full")[len(kernel) // 2 :][:size] for one in np.eye(size)]
    return np.stack(columns, axis=1)[::stride]


def stamps(values, kernel, stride, step=(1, 1), add=True, dtype=float, crop=0, flip=1):
    size = [(n - 1) * stride + k for n, k in zip(values.shape, kernel.shape, strict=True)]
    outputs = np.zeros(size, dtype)
    for row, column in np.ndindex(*values.shape):
        y, x = row * stride * step[0], column * stride * step[1]
        place = outputs[y : y + kernel.shape[0], x : x + kernel.shape[1]]
        place[...] = add * place + values[row, column] * kernel[::flip, ::flip]
    return outputs[: size[0] - crop, : size[1] - crop]


def zeros_then_kernel(values, kernel, stride, convolve=scipy.signal.convolve2d):
    stretched = np.zeros([(n - 1) * stride + 1 for n in values.shape])
    stretched[::stride, ::stride] = values
    return convolve(stretched, kernel, "full")


def transposed_by_tensorflow(values, kernel, stride):
    size = [(n - 1) * stride + k for n, k in zip(values.shape, kernel.shape, strict=True)]
    values, kernel = (np.asarray(array, np.float32)[..., None] for array in (values, kernel))
    return tf.nn.conv2d_transpose(values[None], kernel[..., None], [1, *size, 1], stride, "VALID")[0, ..., 0]


def changes_its_input(values, kernel, stride):
    answer = stamps(values, kernel, stride)
    values *= 0
    return answer


def ambiguous(first=lambda o, k, s, p: (o - 1) * s + (k if p == "valid" else 1), count=lambda s: s):
    return lambda o, k, s, p: list(range(first(o, k, s, p), first(o, k, s, p) + count(s)))


def ambiguous_by_trying(outputs, kernel, stride, padding):
    column = {"same": 0, "valid": 1}[padding]
    smallest = {"same": 1, "valid": kernel}[padding]
    return [n for n in range(smallest, 200) if sizes_by_counting(n, kernel, stride)[column] == outputs]


def pulled(signal, kernel, target, stride, scale=1.0, transpose=True, sign=1, reverse=1, padding="same"):
    matrix = convolution_matrix(kernel[::reverse], len(signal), stride, padding)
    pull = scale * sign * (matrix @ signal - target)
    return matrix.T @ pull if transpose else pull


def gradient_by_tape(signal, kernel, target, stride):
    signal = tf.constant(signal)
    with tf.GradientTape() as tape:
        tape.watch(signal)
        outputs = tf.nn.conv1d(signal[None, :, None], tf.constant(kernel)[:, None, None], stride, "SAME")[0, :, 0]
        loss = tf.nn.l2_loss(outputs - target)
    return tape.gradient(loss, signal)


def gradient_by_differences(signal, kernel, target, stride):
    def loss(x):
        return np.sum((convolution_matrix(kernel, len(x), stride) @ x - target) ** 2) / 2

    return [(loss(signal + one) - loss(signal - one)) / 2 for one in np.eye(len(signal))]


RIGHT = [
    ("sizes", sizes_by_counting),
    ("sizes", sizes_of_tensorflow),
    ("matrix", centred),
    ("matrix", centred_by_scipy),
    ("matrix", lambda kernel, size, stride: convolution_matrix(kernel, size)[::stride].tolist()),
    ("transposed", zeros_then_kernel),
    ("transposed", transposed_by_tensorflow),
    ("ambiguous", ambiguous_by_trying),
    ("ambiguous", lambda *case: np.array(ambiguous_by_trying(*case))),
    ("gradient", gradient_by_tape),
    ("gradient", gradient_by_differences),
]
WRONG = [
    ("sizes", nothing),
    ("sizes", sizes(same=lambda n, k, s: n // s)),
    ("sizes", sizes(same=lambda n, k, s: n / s)),
    ("sizes", sizes(valid=lambda n, k, s: (n - k + 1) // s)),
    ("sizes", sizes(valid=lambda n, k, s: (n - k) // s)),
    ("sizes", sizes(valid=lambda n, k, s: -(-(n - k) // s) + 1)),
    ("sizes", sizes(valid=lambda n, k, s: (n - 3) // s + 1)),
    ("sizes", lambda n, k, s: sizes()(n, k, s)[::-1]),
    ("sizes", lambda n, k, s: {2: (5, 4)}.get(s, (8, 6))),
    ("matrix", nothing),
    ("matrix", lambda kernel, size, stride: convolution_matrix(kernel, size, stride)),
    ("matrix", lambda kernel, size, stride: convolution_matrix(kernel, size, stride, "valid")),
    ("matrix", lambda kernel, size, stride: convolution_matrix(kernel, size)[:, ::stride]),
    ("matrix", lambda kernel, size, stride: centred(kernel, size, stride).T),
    ("matrix", lambda kernel, size, stride: centred(kernel, size, stride, reverse=True)),
    ("matrix", lambda kernel, size, stride: centred(kernel, size, stride, wrap=True)),
    ("matrix", lambda kernel, size, stride: centred(kernel, size, stride, middle=1)),
    ("matrix", lambda kernel, size, stride: centred(kernel, size, stride, whole_rows=True)),
    ("matrix", lambda kernel, size, stride: centred(kernel, size, 2)),
    ("matrix", lambda kernel, size, stride: centred(np.array([1.0, 2, 3]), 5, 2)),
    ("transposed", nothing),
    ("transposed", lambda v, k, s: stamps(v, k, s, flip=-1)),
    ("transposed", lambda v, k, s: stamps(v, k, s, add=False)),
    ("transposed", lambda v, k, s: stamps(v, k, s, crop=1)),
    ("transposed", lambda v, k, s: stamps(v, k, s, dtype=int)),
    ("transposed", lambda v, k, s: stamps(v, k.T, s)),
    ("transposed", lambda v, k, s: stamps(v, k, 2)),
    ("transposed", lambda v, k, s: stamps(v[:1], k[:1], s)),
    ("transposed", lambda v, k, s: zeros_then_kernel(v, k, s, scipy.signal.correlate2d)),
    ("transposed", lambda v, k, s: np.array([[1.0, 2, 13, 20, 30]])),
    ("transposed", changes_its_input),
    ("ambiguous", nothing),
    ("ambiguous", ambiguous(count=lambda s: s - 1)),
    ("ambiguous", ambiguous(count=lambda s: s + 1)),
    ("ambiguous", ambiguous(first=lambda o, k, s, p: (o - 1) * s + 1)),
    ("ambiguous", ambiguous(first=lambda o, k, s, p: (o - 1) * s + k)),
    ("ambiguous", lambda o, k, s, p: ambiguous()(o, k, s, p)[::-1]),
    ("ambiguous", lambda o, k, s, p: [2 * o - 1, 2 * o]),
    ("ambiguous", lambda o, k, s, p: [float(n) for n in ambiguous()(o, k, s, p)]),
    ("gradient", nothing),
    ("gradient", lambda *case: pulled(*case, scale=2)),
    ("gradient", lambda *case: pulled(*case, sign=-1)),
    ("gradient", lambda *case: pulled(*case, transpose=False)),
    ("gradient", lambda *case: pulled(*case, reverse=-1)),
    ("gradient", lambda *case: pulled(*case, padding="valid")),
    ("gradient", lambda signal, kernel, target, stride: pulled(signal, kernel, target, 1)),
    ("gradient", lambda signal, kernel, target, stride: pulled(signal, kernel, 0 * target, stride)),
    ("gradient", lambda signal, kernel, target, stride: signal - target),
    ("gradient", lambda signal, kernel, target, stride: np.array([1.0, 0.0, -3.0])),
]
