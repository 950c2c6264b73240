"""Answers to the exercises of notebook 00: right ones of another shape, and wrong ones."""

import numpy as np
from pycocotools import mask as official_masks
from scipy import ndimage, special
from skimage.measure import regionprops

from course_utils.backend import keras, tf


def nothing(*arguments):
    return None


def masks(void=255, dtype=np.float32, axis=-1):
    def one_hot_masks(label, num_classes):
        classes = np.where(label == 255, void, label)
        return np.stack([classes == c for c in range(num_classes)], axis).astype(dtype)

    return one_hot_masks


def masks_by_loops(label, num_classes):
    return [[[1.0 if value == c else 0.0 for c in range(num_classes)] for value in row] for row in label.tolist()]


def masks_of_square_maps(label, num_classes):
    result = np.zeros((*label.shape, num_classes))
    for row in range(label.shape[0]):
        for column in range(label.shape[0]):
            if label[row, column] != 255:
                result[row, column, label[row, column]] = 1
    return result


def masks_in_place(label, num_classes):
    result = (label[..., None] == np.arange(num_classes)).astype(float)
    label[label == 255] = 0
    return result


def masks_modulo(label, num_classes):
    """Void wraps around to a class."""
    return np.eye(num_classes)[label % num_classes]


def boxes(first=1000, extra=1, order=(0, 1, 2, 3, 4), single=lambda mask: mask, sort=sorted, kind=int):
    def boxes_of(instance_map):
        rows = []
        for i in sort(set(instance_map[instance_map >= first].tolist())):
            y, x = np.nonzero(single(instance_map == i))
            row = [i, min(x), min(y), max(x) - min(x) + extra, max(y) - min(y) + extra]
            rows.append([row[k] for k in order])
        return np.array(rows, kind).reshape(-1, 5)

    return boxes_of


def boxes_by_scikit_image(instance_map):
    regions = [region for region in regionprops(instance_map) if region.label >= 1000]
    rows = [(r.label, r.bbox[1], r.bbox[0], r.bbox[3] - r.bbox[1], r.bbox[2] - r.bbox[0]) for r in regions]
    return np.array(rows, int).reshape(-1, 5)


def boxes_by_projection(instance_map):
    rows = np.zeros((0, 5), np.int64)
    for i in np.unique(instance_map):
        if i >= 1000:
            y, x = (np.flatnonzero((instance_map == i).any(axis)) for axis in (1, 0))
            rows = np.vstack([rows, [i, x[0], y[0], x[-1] - x[0] + 1, y[-1] - y[0] + 1]])
    return tf.constant(rows)


def first_part(mask):
    return ndimage.label(mask)[0] == 1


def boxes_as_corners(instance_map):
    result = boxes()(instance_map)
    result[:, 3:] += result[:, 1:3]
    return result


def boxes_in_place(instance_map):
    instance_map[instance_map < 1000] = 0
    return boxes()(instance_map)


def exponential(axis=-1, shift=None):
    def softmax(logits):
        with np.errstate(all="ignore"):
            powers = np.exp(logits - (shift(logits) if shift else 0))
            return powers / powers.sum(axis=axis, keepdims=True)

    return softmax


def softmax_in_place(logits):
    logits -= logits.max(-1, keepdims=True)
    return exponential()(logits)


def loss(void=255, shift=True, average=True, sign=-1, axis=-1, empty=0.0, log=True):
    def segmentation_loss(label, logits):
        known = label != void
        if not known.any():
            return empty
        z = logits - logits.max(axis=axis, keepdims=True) if shift else logits
        with np.errstate(all="ignore"):
            powers = np.exp(z)
            p = powers / powers.sum(axis=axis, keepdims=True)
            values = sign * (special.log_softmax(logits, axis=axis) if log == "stable" else np.log(p) if log else p)
            true = np.take_along_axis(values, np.minimum(label, p.shape[-1] - 1)[..., None].astype(int), -1)[..., 0]
        return float(true[known].mean() if average is True else true[known].sum() / (label.size if average else 1))

    return segmentation_loss


def loss_by_keras(label, logits):
    if (label == 255).all():
        return 0.0
    scores = tf.constant(logits, tf.float64)
    values = keras.losses.sparse_categorical_crossentropy(np.where(label == 255, 0, label), scores, from_logits=True)
    return np.asarray(values)[label != 255].mean()


def loss_by_loops(label, logits):
    pairs = zip(label.ravel(), logits.reshape(label.size, -1), strict=True)
    total = [special.logsumexp(z) - z[c] for c, z in pairs if c != 255]
    return sum(total) / len(total) if total else 0.0


def runs(order="F", start=False, end=True, kind=int):
    def encode(mask):
        counts, value = [0], start
        for pixel in mask.ravel(order=order).tolist():
            if bool(pixel) == value:
                counts[-1] += 1
            else:
                counts.append(1)
                value = bool(pixel)
        return [kind(count) for count in (counts if end else counts[:-1])]

    return encode


def runs_by_tensorflow(mask):
    flags = tf.concat([[False], tf.reshape(tf.transpose(tf.constant(mask)), [-1])], 0)
    changes = tf.where(flags[1:] != flags[:-1])[:, 0]
    edges = tf.concat([[0], changes, [mask.size]], 0)
    return edges[1:] - edges[:-1]


def runs_without_first_zero(mask):
    counts = runs()(mask)
    return counts if counts[0] else counts[1:]


def packed(mask):
    """The packed text of pycocotools, as numbers."""
    return list(official_masks.encode(np.asfortranarray(mask, np.uint8))["counts"])


RIGHT = [
    ("masks", masks_by_loops),
    ("masks", masks(dtype=np.float64)),
    ("masks", lambda label, n: tf.one_hot(np.where(label == 255, -1, label), n)),
    ("masks", lambda label, n: np.concatenate([np.eye(n), np.zeros((256 - n, n))])[label]),
    ("boxes", boxes()),
    ("boxes", boxes_by_scikit_image),
    ("boxes", boxes_by_projection),
    ("softmax", lambda logits: special.softmax(logits, axis=-1)),
    ("softmax", lambda logits: tf.nn.softmax(logits)),
    ("softmax", lambda logits: np.asarray(keras.ops.softmax(logits))),
    ("softmax", exponential(shift=lambda z: z.max(-1, keepdims=True))),
    ("softmax", lambda logits: np.exp(logits - special.logsumexp(logits, axis=-1, keepdims=True))),
    ("loss", loss(log="stable")),
    ("loss", loss_by_keras),
    ("loss", loss_by_loops),
    ("encode", runs()),
    ("encode", runs_by_tensorflow),
]
PARTLY = [
    ("softmax", exponential(), 1),
    ("softmax", exponential(shift=np.max), 1),
    ("softmax", exponential(shift=np.mean), 1),
    ("loss", loss(), 1.5),
    ("loss", loss(shift=False), 1.5),
    ("loss", loss(log="stable", average="all"), 0.5),
    ("loss", loss(log="stable", void=254), 0.5),
    ("loss", loss(log="stable", empty=float("nan")), 1.5),
    ("loss", lambda label, logits: loss_by_loops(label, logits.clip(-50, 50)), 1.5),
]
WRONG = [
    ("masks", nothing),
    ("masks", masks(void=0)),
    ("masks", masks(dtype=np.uint8)),
    ("masks", masks(dtype=bool)),
    ("masks", masks(axis=0)),
    ("masks", masks(axis=1)),
    ("masks", masks_modulo),
    ("masks", masks_of_square_maps),
    ("masks", masks_in_place),
    ("masks", lambda label, n: np.array([[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]])),
    ("masks", lambda label, n: masks()(label, len(set(label.ravel()) - {255}))),
    ("masks", lambda label, n: np.swapaxes(masks()(label, n), 0, 1)),
    ("boxes", nothing),
    ("boxes", boxes(extra=0)),
    ("boxes", boxes(first=1001)),
    ("boxes", boxes(first=0)),
    ("boxes", boxes(order=(0, 2, 1, 4, 3))),
    ("boxes", boxes(order=(0, 1, 2, 4, 3))),
    ("boxes", boxes(single=first_part)),
    ("boxes", boxes(sort=lambda found: sorted(found, reverse=True))),
    ("boxes", boxes(kind=float)),
    ("boxes", boxes_as_corners),
    ("boxes", boxes_in_place),
    ("boxes", boxes(first=24000)),
    ("boxes", lambda instance_map: [[1000, 0, 3, 1, 1], [26000, 2, 1, 3, 2]]),
    ("boxes", lambda instance_map: boxes()(instance_map.T)),
    ("boxes", lambda instance_map: boxes()(instance_map)[:1]),
    ("boxes", lambda instance_map: boxes()(instance_map[:-1])),
    ("softmax", nothing),
    ("softmax", exponential(axis=0)),
    ("softmax", exponential(axis=1)),
    ("softmax", exponential(axis=None, shift=np.max)),
    ("softmax", softmax_in_place),
    ("softmax", lambda logits: special.log_softmax(logits, axis=-1)),
    ("softmax", lambda logits: logits / logits.sum(-1, keepdims=True)),
    ("softmax", lambda logits: np.array([0.125, 0.25, 0.625])),
    ("softmax", lambda logits: special.softmax(np.clip(logits, -5, 5), axis=-1)),
    ("softmax", lambda logits: special.expit(logits)),
    ("loss", nothing),
    ("loss", loss(log="stable", average=False)),
    ("loss", loss(log="stable", void=0)),
    ("loss", loss(log="stable", sign=1)),
    ("loss", loss(log="stable", axis=0)),
    ("loss", loss(log=False)),
    ("encode", nothing),
    ("encode", runs(order="C")),
    ("encode", runs(start=True)),
    ("encode", runs(end=False)),
    ("encode", runs(kind=float)),
    ("encode", runs_without_first_zero),
    ("encode", packed),
    ("encode", lambda mask: [3, 3]),
    ("encode", lambda mask: runs()(~mask)),
    ("encode", lambda mask: [int((~mask).sum()), int(mask.sum())]),
    ("encode", lambda mask: [*runs()(mask[:, :-1]), mask.shape[0]]),
]
