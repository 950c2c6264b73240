"""Answers to the exercises of notebook 03: right ones of another shape, and wrong ones."""

import math

import numpy as np
from scipy.signal import convolve2d

from course_utils.backend import keras, tf
from course_utils.evaluation.measures.checkerboard import phase_means


def nothing(*arguments):
    return None


def counted_phases(kernel_size, stride):
    counts = np.zeros(stride, int)
    np.add.at(counts, np.arange(kernel_size) % stride, 1)
    return counts


def map_by_convolution(kernel_size, stride, height, width):
    spread = np.zeros(((height - 1) * stride + 1, (width - 1) * stride + 1), int)
    spread[::stride, ::stride] = 1
    return convolve2d(spread, np.ones((kernel_size, kernel_size), int))


def map_by_framework(kernel_size, stride, height, width):
    ones, kernel = np.ones((1, height, width, 1), "float32"), np.ones((kernel_size, kernel_size, 1, 1), "float32")
    rows, columns = ((length - 1) * stride + kernel_size for length in (height, width))
    whole = keras.ops.conv_transpose(ones, kernel, stride, "valid")[0, :rows, :columns, 0]
    return tf.cast(tf.round(whole), tf.int32)


def map_by_outer_product(kernel_size, stride, height, width):
    def axis(length):
        position = np.arange((length - 1) * stride + kernel_size)[:, None]
        start = np.arange(length) * stride
        return ((position >= start) & (position < start + kernel_size)).sum(axis=1)

    return np.outer(axis(height), axis(width))


def writes_instead_of_adding(kernel_size, stride, height, width):
    counts = np.zeros(((height - 1) * stride + kernel_size, (width - 1) * stride + kernel_size), int)
    for row in range(height):
        for column in range(width):
            counts[row * stride :, column * stride :][:kernel_size, :kernel_size] = 1
    return counts


def cell_of_phases(kernel_size, stride, height, width):
    counts = counted_phases(kernel_size, stride)
    rows, columns = ((length - 1) * stride + kernel_size for length in (height, width))
    return np.outer(np.resize(counts, rows), np.resize(counts, columns))


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


def icnr_by_loops(kernel, factor):
    filters = kernel.shape[-1]
    large = np.zeros((*kernel.shape[:3], filters * factor**2))
    for phase in range(factor**2):
        for f in range(filters):
            large[..., phase * filters + f] = kernel[..., f]
    return large


RIGHT = [
    ("sizes", lambda strides, largest: list(range(math.lcm(*strides), largest + 1, math.lcm(*strides)))),
    ("sizes", lambda strides, largest: np.flatnonzero(np.arange(1, largest + 1) % math.lcm(*strides) == 0) + 1),
    ("phases", counted_phases),
    ("phases", lambda k, s: [(k - phase + s - 1) // s for phase in range(s)]),
    ("phases", lambda k, s: tf.constant([k // s + (phase < k % s) for phase in range(s)])),
    ("map", map_by_convolution),
    ("map", map_by_framework),
    ("map", map_by_outer_product),
    ("energy", energy_by_phases),
    ("energy", energy_by_loops),
    ("energy", lambda values, stride: energy_of(lambda v: tf.signal.fft2d(tf.cast(v, tf.complex128)))(values, stride)),
    ("icnr", icnr_by_loops),
    ("icnr", lambda kernel, factor: np.concatenate([kernel] * factor**2, axis=-1)),
    ("icnr", lambda kernel, factor: tf.tile(kernel, [1, 1, 1, factor**2])),
]
WRONG = [
    ("sizes", nothing),
    ("sizes", lambda strides, largest: [2, 4, 6]),
    ("sizes", lambda strides, largest: [k for k in range(1, largest) if all(k % s == 0 for s in strides)]),
    ("sizes", lambda strides, largest: [k for k in range(1, largest + 1) if any(k % s == 0 for s in strides)]),
    ("sizes", lambda strides, largest: [k for k in range(1, largest + 1) if k % max(strides) == 0]),
    ("sizes", lambda strides, largest: [k for k in range(1, largest + 1) if k % math.prod(strides) == 0]),
    ("sizes", lambda strides, largest: [k for k in range(2, largest + 1) if all(k % s == 0 for s in strides)]),
    ("sizes", lambda strides, largest: [k for k in range(largest + 1) if all(k % s == 0 for s in strides)]),
    ("sizes", lambda strides, largest: [k for k in range(largest, 0, -1) if all(k % s == 0 for s in strides)]),
    ("phases", nothing),
    ("phases", lambda k, s: [2, 1] if k == 3 else [2, 2]),
    ("phases", lambda k, s: [k // s] * s),
    ("phases", lambda k, s: [-(-k // s)] * s),
    ("phases", lambda k, s: [-(-(k - phase) // s) for phase in range(s)][::-1]),
    ("phases", lambda k, s: [-(-(s - phase) // k) for phase in range(k)]),
    ("phases", lambda k, s: [max(1, -(-(k - phase) // s)) for phase in range(s)]),
    ("phases", lambda k, s: [(k - phase) / s for phase in range(s)]),
    ("phases", lambda k, s: [float(math.ceil((k - phase) / s)) for phase in range(s)]),
    ("map", nothing),
    ("map", lambda k, s, height, width: [[1, 1, 2, 1, 1]] * 3),
    ("map", lambda k, s, height, width: map_by_convolution(k, s, width, height)),
    ("map", lambda k, s, height, width: map_by_convolution(s, k, height, width)),
    ("map", lambda k, s, height, width: map_by_convolution(k, s, height, height)),
    ("map", lambda k, s, height, width: map_by_convolution(k, s, height, width)[:-1]),
    ("map", lambda k, s, height, width: map_by_convolution(k, s, height, width).astype(float)),
    ("map", lambda k, s, height, width: map_by_convolution(k, s, height, width)[: height * s, : width * s]),
    ("map", writes_instead_of_adding),
    ("map", cell_of_phases),
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
    ("icnr", nothing),
    ("icnr", lambda kernel, factor: np.full((1, 1, 1, 4), 5.0)),
    ("icnr", lambda kernel, factor: np.repeat(kernel, factor**2, axis=-1)),
    ("icnr", lambda kernel, factor: np.tile(kernel, (1, 1, 1, factor))),
    ("icnr", lambda kernel, factor: np.tile(kernel, (1, 1, factor**2, 1))),
    ("icnr", lambda kernel, factor: np.tile(kernel, (factor, factor, 1, 1))),
    ("icnr", lambda kernel, factor: np.tile(kernel, (1, 1, 1, factor**2)) / factor**2),
    ("icnr", lambda kernel, factor: np.tile(kernel[..., :1], (1, 1, 1, kernel.shape[-1] * factor**2))),
    ("icnr", lambda kernel, factor: np.tile(kernel[::-1, ::-1], (1, 1, 1, factor**2))),
]
