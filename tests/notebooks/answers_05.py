"""Answers to the exercises of notebook 05: right ones of another shape, and wrong ones."""

import math

import numpy as np

from course_utils import training
from course_utils.backend import tf


def nothing(*arguments):
    return None


def halved(rounding, times=5):
    def bottleneck(height, width):
        for _ in range(times):
            height, width = rounding(height / 2), rounding(width / 2)
        return height, width

    return bottleneck


def loss(void=255, reduce=np.mean, shift=True, empty=0.0, sign=-1, in_place=False):
    def segmentation_loss(label, logits):
        counted = label != void if void is not None else np.ones_like(label, bool)
        if not counted.any():
            return empty
        z = logits if in_place else logits.astype(np.float64)
        if shift:
            z -= z.max(-1, keepdims=True)
        with np.errstate(all="ignore"):
            p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
            log_p = z - np.log(np.exp(z).sum(-1, keepdims=True)) if shift else np.log(p)
        classes = np.where(label < logits.shape[-1], label, 0)
        picked = np.take_along_axis(log_p, classes[..., None].astype(int), -1)[..., 0]
        return sign * reduce(picked[counted])

    return segmentation_loss


def iou_by_loops(matrix):
    scores = []
    for k in range(len(matrix)):
        union = sum(matrix[k][j] + matrix[j][k] for j in range(len(matrix))) - matrix[k][k]
        if union:
            scores.append(float(matrix[k][k]) / float(union))
    return sum(scores) / len(scores)


def iou(union, mean=np.nanmean):
    def mean_iou(matrix):
        with np.errstate(all="ignore"):
            return mean(np.diag(matrix) / union(matrix))

    return mean_iou


def frequency(p, n):
    return np.asarray(p) / np.asarray(n)


def union(m):
    return m.sum(0) + m.sum(1) - np.diag(m)


RIGHT = [
    ("bottleneck", lambda height, width: (math.ceil(height / 32), math.ceil(width / 32))),
    ("bottleneck", lambda height, width: np.array([-(-height // 32), -(-width // 32)])),
    ("bottleneck", lambda height, width: [int(tf.math.ceil(n / 32)) for n in (height, width)]),
    ("weights", lambda p, n: [float(np.median(frequency(p, n)) / f) for f in frequency(p, n)]),
    ("weights", lambda p, n: tf.constant(np.median(frequency(p, n)) / frequency(p, n), tf.float32)),
    ("loss", lambda label, logits: training.SegmentationCrossEntropy()(label, logits)),
    ("loss", loss()),
    ("miou", iou_by_loops),
    ("miou", iou(union)),
]
WRONG = [
    ("bottleneck", nothing),
    ("bottleneck", halved(math.floor)),
    ("bottleneck", halved(math.ceil, times=4)),
    ("bottleneck", halved(math.ceil, times=6)),
    ("bottleneck", lambda height, width: (width // 32, height // 32)),
    ("bottleneck", lambda height, width: (height / 32, width / 32)),
    ("bottleneck", lambda height, width: {(64, 128): (2, 4)}.get((height, width), (12, 15))),
    ("bottleneck", lambda height, width: (-(-height // 32), -(-height // 32))),
    ("weights", nothing),
    ("weights", lambda p, n: frequency(p, n) / np.median(frequency(p, n))),
    ("weights", lambda p, n: np.mean(frequency(p, n)) / frequency(p, n)),
    ("weights", lambda p, n: np.median(p) / np.asarray(p)),
    ("weights", lambda p, n: np.median(p / p.sum()) / (p / p.sum())),
    ("weights", lambda p, n: np.array([0.5, 1.0, 1.5])),
    ("weights", lambda p, n: 1 / frequency(p, n)),
    ("weights", lambda p, n: np.sqrt(np.median(frequency(p, n)) / frequency(p, n))),
    ("weights", lambda p, n: (np.median(frequency(p, n)) / frequency(p, n))[None]),
    ("loss", nothing),
    ("loss", loss(void=None)),
    ("loss", loss(void=0)),
    ("loss", loss(reduce=np.sum)),
    ("loss", loss(shift=False)),
    ("loss", loss(empty=float("nan"))),
    ("loss", loss(sign=1)),
    ("loss", lambda label, logits: math.log(4.0)),
    ("loss", lambda label, logits: -np.log(np.exp(logits).max(-1) / np.exp(logits).sum(-1))[label != 255].mean()),
    ("miou", nothing),
    ("miou", iou(lambda m: m.sum(0) + m.sum(1))),
    ("miou", iou(lambda m: m.sum(0))),
    ("miou", iou(lambda m: m.sum(1))),
    ("miou", iou(union, mean=np.mean)),
    ("miou", iou(union, mean=lambda v: np.nan_to_num(v).mean())),
    ("miou", iou(union, mean=np.nanmedian)),
    ("miou", lambda m: np.trace(m) / m.sum()),
    ("miou", lambda m: (3 / 6 + 4 / 7) / 2),
]
