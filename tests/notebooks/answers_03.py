"""Answers to the exercises of notebook 03: right ones of another shape, and wrong ones."""

import math

import numpy as np

from course_utils.backend import keras, tf
from course_utils.evaluation.measures.checkerboard import phase_means
from course_utils.matrices import overlap_counts


def nothing(*arguments):
    return None


def good_sizes(rule=lambda k, s: k % s == 0 and (k - s) % 2 == 0, every=all, first=1, beyond=1, step=1):
    def good_kernel_sizes(strides, largest):
        return [k for k in range(first, largest + beyond) if every(rule(k, s) for s in strides)][::step]

    return good_kernel_sizes


def map_of(along):
    """The map whose counts along one axis are those of a function of kernel size, stride, size and position."""

    def overlap_map(kernel_size, stride, size, rows, columns):
        down, across = (
            np.array([along(kernel_size, stride, size, int(p)) for p in places], int) for places in (rows, columns)
        )
        return down[:, None] * across

    return overlap_map


def reached(k, s, n, p):
    """The inputs between the first and the last whose window holds the position, as the length of a range."""
    return len(range(max(0, -(-(p - k + 1) // s)), min(n - 1, p // s) + 1))


def reached_by_taps(k, s, n, p):
    """The taps that meet the position, one by one: their input must be there."""
    return sum((p - tap) % s == 0 and 0 <= (p - tap) // s < n for tap in range(k))


def map_by_library(kernel_size, stride, size, rows, columns):
    """The short cut: the whole map, which does not fit."""
    counts = overlap_counts(kernel_size, stride, min(size, 10**6))
    return np.multiply.outer(counts[rows], counts[columns])


def map_by_stamps(kernel_size, stride, size, rows, columns):
    """The other short cut."""
    counts = np.zeros((min(size, 2000) - 1) * stride + kernel_size, int)
    for i in range(min(size, 2000)):
        counts[i * stride : i * stride + kernel_size] += 1
    return np.multiply.outer(counts[rows], counts[columns])


def energy_of(spectrum=np.fft.fft2, power=2, whole=lambda e: e.sum(), mean=True, swap=False):
    def stride_energy(values, stride):
        energy = np.abs(spectrum(values)) ** power
        height, width = energy.shape[::-1] if swap else energy.shape
        picked = energy[:: height // stride, :: width // stride].sum()
        return (picked - energy[0, 0] * mean) / whole(energy)

    return stride_energy


def energy_by_phases(values, stride):
    return float(phase_means(values, stride).var() / np.mean(values**2))


def energy_by_loops(values, stride):
    height, width = values.shape
    rows, columns = np.indices(values.shape)
    total = 0.0
    for a in range(stride):
        for b in range(stride):
            if a or b:
                wave = np.exp(-2j * np.pi * (a * rows + b * columns) / stride)
                total += abs((values * wave).sum()) ** 2
    return total / (height * width * (values**2).sum())


def centres_the_input(values, stride):
    values -= values.mean()
    return energy_of(mean=False)(values, stride)


def errors(sums=lambda part: part.sum(), scale=1.0, minus=1.0, bias=1.0, transpose=False):
    def phase_errors(kernel, b, stride, c):
        table = [[sums(kernel[i::stride, j::stride]) for j in range(stride)] for i in range(stride)]
        table = np.array(table).T if transpose else np.array(table)
        return scale * c * table + bias * b - minus * c

    return phase_errors


def errors_by_framework(kernel, bias, stride, c):
    image = np.full((1, 16, 16, 1), c, "float32")
    output = keras.ops.conv_transpose(image, np.float32(kernel)[..., None, None], stride, "valid")[0, ..., 0]
    return np.asarray(output, np.float64)[8 * stride :, 8 * stride :][:stride, :stride] + bias - c


def errors_tap_by_tap(kernel, bias, stride, c):
    table = [[bias - c for _ in range(stride)] for _ in range(stride)]
    for (i, j), weight in np.ndenumerate(kernel):
        table[i % stride][j % stride] += c * weight
    return table


def mend(target=np.mean, share=lambda part: 1 / part.size, sizes=True, in_place=False):
    def mended(kernel, stride):
        result = kernel if in_place else np.array(kernel, float)
        places = [np.s_[i::stride, j::stride] for i in range(stride) for j in range(stride)]
        goal = target([result[place].sum() for place in places])
        for place in places:
            result[place] += (goal - result[place].sum()) * share(result[place])
        return result

    return mended


def mended_by_least_squares(kernel, stride):
    rows, columns = np.indices(kernel.shape) % stride
    reach = np.array([(rows == i) & (columns == j) for i, j in np.ndindex(stride, stride)], float).reshape(
        stride**2, -1
    )
    sums = reach @ kernel.ravel()
    return kernel + np.linalg.lstsq(reach, sums.mean() - sums, rcond=None)[0].reshape(kernel.shape)


def mended_first_tap(kernel, stride):
    result = np.array(kernel, float)
    goal = kernel.sum() / stride**2
    for i, j in np.ndindex(stride, stride):
        result[i, j] += goal - kernel[i::stride, j::stride].sum()
    return result


RIGHT = [
    ("sizes", good_sizes()),
    ("sizes", lambda strides, largest: np.array([k for k in range(1, largest + 1) if k % math.lcm(*strides) == 0
                                                 and all((k - s) % 2 == 0 for s in strides)])),
    ("map", map_of(reached)),
    ("map", map_of(reached_by_taps)),
    ("map", lambda *given: tf.constant(map_of(reached)(*given))),
    ("energy", energy_by_phases),
    ("energy", energy_by_loops),
    ("energy", lambda values, stride: energy_of(lambda v: tf.signal.fft2d(tf.cast(v, tf.complex128)))(values, stride)),
    ("phase", errors()),
    ("phase", errors_by_framework),
    ("phase", errors_tap_by_tap),
    ("mend", mend()),
    ("mend", mended_by_least_squares),
    ("mend", lambda kernel, stride: mend()(kernel, stride).tolist()),
]  # fmt: skip
PARTLY = [
    ("sizes", good_sizes(every=any), 0.5),
    ("sizes", lambda strides, largest: good_sizes()([max(strides)], largest), 0.5),
    ("sizes", lambda strides, largest: good_sizes()([math.prod(strides)], largest), 0.5),
    ("map", map_of(lambda k, s, n, p: len(range(p % s, k, s))), 1),
    ("map", map_of(lambda k, s, n, p: p // s - max(0, -(-(p - k + 1) // s)) + 1), 1),
    ("map", map_of(lambda k, s, n, p: min(n - 1, p // s) + (k - 1 - p) // s + 1), 1),
]
WRONG = [
    ("sizes", nothing),
    ("sizes", lambda strides, largest: {2: [2, 4, 6]}.get(strides[0], [3, 9])),
    ("sizes", good_sizes(rule=lambda k, s: k % s == 0)),
    ("sizes", good_sizes(rule=lambda k, s: (k - s) % 2 == 0)),
    ("sizes", good_sizes(beyond=0)),
    ("sizes", good_sizes(first=2)),
    ("sizes", good_sizes(first=0)),
    ("sizes", good_sizes(step=-1)),
    ("map", nothing),
    ("map", map_by_library),
    ("map", map_by_stamps),
    ("map", map_of(lambda k, s, n, p: min(n - 1, p // s) - max(0, (p - k + 1) // s) + 1)),
    ("map", map_of(lambda k, s, n, p: reached(s, k, n, p))),
    ("map", map_of(lambda k, s, n, p: max(1, reached(k, s, n, p)))),
    ("map", lambda *given: map_of(reached)(*given).astype(float)),
    ("map", lambda k, s, n, rows, columns: map_of(reached)(k, s, n, rows, rows)),
    ("map", lambda k, s, n, rows, columns: map_of(reached)(k, s, n, columns, rows)),
    ("energy", nothing),
    ("energy", lambda values, stride: 0.2),
    ("energy", energy_of(mean=False)),
    ("energy", energy_of(power=1)),
    ("energy", energy_of(whole=lambda e: e.sum() - e[0, 0])),
    ("energy", energy_of(swap=True)),
    ("energy", lambda values, stride: energy_of()(values, 2)),
    ("energy", centres_the_input),
    ("energy", lambda values, stride: phase_means(values, stride).var()),
    ("energy", lambda values, stride: float(values.var() / np.mean(values**2))),
    ("energy", lambda values, stride: 1 - energy_by_phases(values, stride)),
    ("phase", nothing),
    ("phase", errors(sums=np.size)),
    ("phase", errors(minus=0)),
    ("phase", errors(bias=0)),
    ("phase", errors(bias=-1)),
    ("phase", errors(transpose=True)),
    ("phase", lambda kernel, bias, stride, c: errors()(kernel, bias, stride, 1.0)),
    ("phase", lambda kernel, bias, stride, c: errors()(kernel, bias, 2, c)),
    ("phase", lambda kernel, bias, stride, c: errors()(kernel, bias, stride, c).ravel()),
    ("mend", nothing),
    ("mend", mend(target=lambda sums: 1.0)),
    ("mend", mend(target=np.median)),
    ("mend", mend(target=max)),
    ("mend", mend(share=lambda part: 1.0)),
    ("mend", mend(in_place=True)),
    ("mend", mended_first_tap),
    ("mend", lambda kernel, stride: mend()(kernel, 2)),
    ("mend", lambda kernel, stride: kernel),
    ("mend", lambda kernel, stride: np.full(kernel.shape, kernel.mean())),
    ("mend", lambda kernel, stride: kernel - kernel.mean()),
]
