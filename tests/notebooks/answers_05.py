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


def norms(mean=True, variance=True, low=True, every=False, root=True, half=0.5, axes=(0, 1, 2), sound=False):
    """Names of unsound layers, or the mistakes that a student makes."""

    def unsound_norms(layers):
        names = []
        for name, (x, m, v) in layers.items():
            spread = x.var(axis=axes)
            bad = np.zeros(np.shape(m), bool)
            if mean:
                bad = bad | (np.abs(m - x.mean(axis=axes)) > half * (np.sqrt(spread) if root else spread))
            if variance:
                bad = bad | (v / spread > 2) | ((v / spread < 0.5) & low)
            if (bad.all() if every else bad.any()) != sound:
                names.append(name)
        return names

    return unsound_norms


def norms_by_loops(layers):
    def sound(values, m, v):
        return abs(values.mean() - m) <= values.std() / 2 and values.var() / 2 <= v <= 2 * values.var()

    return tuple(
        name
        for name, (x, means, variances) in layers.items()
        if not all(sound(x[..., c], means[c], variances[c]) for c in range(x.shape[-1]))
    )


def norms_in_place(layers):
    found = norms()(layers)
    for x, _, _ in layers.values():
        x -= x.mean()
    return found


def union(m):
    return m.sum(0) + m.sum(1) - np.diag(m)


RIGHT = [
    ("bottleneck", lambda height, width: (math.ceil(height / 32), math.ceil(width / 32))),
    ("bottleneck", lambda height, width: np.array([-(-height // 32), -(-width // 32)])),
    ("bottleneck", lambda height, width: [int(tf.math.ceil(n / 32)) for n in (height, width)]),
    ("frozen_norms", norms()),
    ("frozen_norms", norms_by_loops),
    ("frozen_norms", lambda layers: norms()(layers)[::-1]),
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
    ("frozen_norms", nothing),
    ("frozen_norms", lambda layers: ["stage2"]),
    ("frozen_norms", lambda layers: list(layers)),
    ("frozen_norms", lambda layers: list(layers)[1:2]),
    ("frozen_norms", norms(mean=False)),
    ("frozen_norms", norms(variance=False)),
    ("frozen_norms", norms(low=False)),
    ("frozen_norms", norms(every=True)),
    ("frozen_norms", norms(half=1.0)),
    ("frozen_norms", norms(half=0.2)),
    ("frozen_norms", norms(axes=0)),
    ("frozen_norms", norms(sound=True)),
    ("frozen_norms", norms_in_place),
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
