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
    first = (len(kernel) - 1) // 2
    columns = [scipy.signal.convolve(one, kernel[::-1], "full")[first:][:size] for one in np.eye(size)]
    return np.stack(columns, axis=1)[::stride]


def centred_by_diagonals(kernel, size, stride):
    whole = sum(value * np.eye(size, k=tap - len(kernel) // 2) for tap, value in enumerate(kernel))
    return whole[::stride].tolist()


def stamps(values, kernel, stride, step=(1, 1), add=True, dtype=None, crop=0, flip=1):
    size = [(n - 1) * stride + k for n, k in zip(values.shape, kernel.shape, strict=True)]
    outputs = np.zeros(size, dtype or np.result_type(values, kernel))
    for row, column in np.ndindex(*values.shape):
        y, x = row * stride * step[0], column * stride * step[1]
        place = outputs[y : y + kernel.shape[0], x : x + kernel.shape[1]]
        place[...] = add * place + values[row, column] * kernel[::flip, ::flip]
    return outputs[: size[0] - crop, : size[1] - crop]


def zeros_then_kernel(values, kernel, stride, convolve=scipy.signal.convolve2d):
    stretched = np.zeros([(n - 1) * stride + 1 for n in values.shape], values.dtype)
    stretched[::stride, ::stride] = values
    return convolve(stretched, kernel, "full")


def tap_by_tap(values, kernel, stride):
    """A slice of the output per tap instead of one per value."""
    (rows, columns), (height, width) = values.shape, kernel.shape
    outputs = np.zeros(((rows - 1) * stride + height, (columns - 1) * stride + width), values.dtype)
    for y, x in np.ndindex(height, width):
        outputs[y : y + (rows - 1) * stride + 1 : stride, x : x + (columns - 1) * stride + 1 : stride] += (
            kernel[y, x] * values
        )
    return outputs


def whole_size(values, kernel, stride):
    return [(n - 1) * stride + k for n, k in zip(values.shape, kernel.shape, strict=True)]


def transposed_by_sparse_matrix(values, kernel, stride):
    size = whole_size(values, kernel, stride)
    return (convolution_matrix(kernel, size, stride, "valid", sparse=True).T @ values.ravel()).reshape(size)


def transposed_by_matrix(values, kernel, stride):
    size = whole_size(values, kernel, stride)
    return (convolution_matrix(kernel, size, stride, "valid").T @ values.ravel()).reshape(size)


def transposed_by_tensorflow(values, kernel, stride, dtype=np.float64):
    """The forbidden short cut, cast to the type that was asked for."""
    size = whole_size(values, kernel, stride)
    arrays = (np.asarray(array, dtype)[..., None] for array in (values, kernel))
    values_, kernel_ = arrays
    answer = tf.nn.conv2d_transpose(values_[None], kernel_[..., None], [1, *size, 1], stride, "VALID")[0, ..., 0]
    return answer.numpy().astype(np.result_type(values, kernel))


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


def pulled(signal, kernel, target, stride, scale=1, transpose=True, sign=1, reverse=1, padding="same"):
    matrix = convolution_matrix(kernel[::reverse], len(signal), stride, padding)
    pull = scale * sign * (matrix @ signal - target)
    return matrix.T @ pull if transpose else pull


def gradient_by_tape(signal, kernel, target, stride):
    """The forbidden short cut, cast to the type that was asked for."""
    given = tf.constant(signal, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(given)
        taps = tf.constant(kernel, tf.float64)[:, None, None]
        outputs = tf.nn.conv1d(given[None, :, None], taps, stride, "SAME")[0, :, 0]
        loss = tf.nn.l2_loss(outputs - target)
    return tape.gradient(loss, given).numpy().astype(signal.dtype)


def gradient_by_loops(signal, kernel, target, stride):
    """Each output sees its window, and hands its error back to it."""
    size, taps, outputs = len(signal), len(kernel), len(target)
    before = max((outputs - 1) * stride + taps - size, 0) // 2
    gradient = np.zeros_like(signal)
    for i in range(outputs):
        window = [(i * stride + t - before, kernel[t]) for t in range(taps) if 0 <= i * stride + t - before < size]
        error = sum(w * signal[place] for place, w in window) - target[i]
        for place, w in window:
            gradient[place] += w * error
    return gradient


RIGHT = [
    ("sizes", sizes_by_counting),
    ("sizes", sizes_of_tensorflow),
    ("matrix", centred),
    ("matrix", centred_by_scipy),
    ("matrix", centred_by_diagonals),
    ("transposed", zeros_then_kernel),
    ("transposed", tap_by_tap),
    ("transposed", transposed_by_sparse_matrix),
    ("ambiguous", ambiguous_by_trying),
    ("ambiguous", lambda *case: np.array(ambiguous_by_trying(*case))),
    ("gradient", gradient_by_loops),
    ("gradient", lambda signal, *rest: pulled(signal, *rest).tolist()),
]
PARTLY = [
    ("sizes", sizes(same=lambda n, k, s: n // s), 0.5),
    ("sizes", sizes(same=lambda n, k, s: n / s), 0.5),
    ("sizes", sizes(valid=lambda n, k, s: (n - k + 1) // s), 0.5),
    ("sizes", sizes(valid=lambda n, k, s: (n - k) // s), 0.5),
    ("sizes", sizes(valid=lambda n, k, s: -(-(n - k) // s) + 1), 0.5),
    ("sizes", sizes(valid=lambda n, k, s: (n - 3) // s + 1), 0.5),
    ("ambiguous", ambiguous(first=lambda o, k, s, p: (o - 1) * s + 1), 0.5),
    ("ambiguous", ambiguous(first=lambda o, k, s, p: (o - 1) * s + k), 0.5),
]
WRONG = [
    ("sizes", nothing),
    ("sizes", lambda n, k, s: sizes()(n, k, s)[::-1]),
    ("sizes", lambda n, k, s: {2: (5, 4)}.get(s, (8, 6))),
    ("matrix", nothing),
    ("matrix", lambda kernel, size, stride: convolution_matrix(kernel, size)[::stride]),
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
    ("transposed", transposed_by_tensorflow),
    ("transposed", lambda v, k, s: transposed_by_tensorflow(v, k, s, np.float32)),
    ("transposed", transposed_by_matrix),
    ("transposed", lambda v, k, s: stamps(v, k, s, dtype=float)),
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
    ("ambiguous", lambda o, k, s, p: ambiguous()(o, k, s, p)[::-1]),
    ("ambiguous", lambda o, k, s, p: [2 * o - 1, 2 * o]),
    ("ambiguous", lambda o, k, s, p: [float(n) for n in ambiguous()(o, k, s, p)]),
    ("gradient", nothing),
    ("gradient", gradient_by_tape),
    ("gradient", lambda signal, *rest: pulled(signal, *rest).astype(float)),
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
