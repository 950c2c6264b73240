"""Answers to the exercises of notebook 05: right ones of another shape, and wrong ones."""

import math

import numpy as np
from scipy.ndimage import correlate
from scipy.special import logsumexp

from course_utils import training
from course_utils.backend import tf


def nothing(*arguments):
    return None


def pool_by_slices(features, choose=np.argmax, order=((0, 0), (0, 1), (1, 0), (1, 1)), first=True):
    taps = np.stack([features[i::2, j::2] for i, j in order], axis=-1)
    places = choose(taps, axis=-1) if first else 3 - np.argmax(taps[..., ::-1], axis=-1)
    return taps.max(-1), places


def pool_by_loops(features):
    height, width, channels = features.shape
    values, places = np.zeros((2, height // 2, width // 2, channels))
    for i, j, c in np.ndindex(values.shape):
        window = features[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, c].ravel()
        places[i, j, c] = window.argmax()
        values[i, j, c] = window.max()
    return values, places.astype(int)


def pool_in_place(features):
    found = pool_by_slices(features)
    features[:] = 0
    return found


def decoder(
    place=lambda n: (n // 2, n % 2),
    padding="SAME",
    relu=True,
    last_relu=True,
    factor_first=True,
    flip=False,
    count=None,
):
    """The block by the framework's convolution, or the mistakes that a student makes."""

    def decoder_block(values, indices, convolutions):
        height, width, channels = values.shape
        x = np.zeros((1, 2 * height, 2 * width, channels))
        for i, j, c in np.ndindex(values.shape):
            down, across = place(indices[i, j, c])
            x[0, 2 * i + down, 2 * j + across, c] = values[i, j, c]
        for number, (kernel, factor, offset) in enumerate(convolutions[:count]):
            if padding == "edge":
                x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
            x = tf.nn.conv2d(
                x, kernel[::-1, ::-1] if flip else kernel, 1, "VALID" if padding == "edge" else padding
            ).numpy()
            x = x * factor + offset if factor_first else (x + offset) * factor
            if relu and (last_relu or number + 1 < len(convolutions)):
                x = np.maximum(x, 0)
        return x[0]

    return decoder_block


def decoder_by_windows(values, indices, convolutions):
    chosen = np.stack([np.where(indices == n, values, 0) for n in range(4)], axis=2)  # [height, width, 4, channels]
    height, width, _, channels = chosen.shape
    x = chosen.reshape(height, width, 2, 2, channels).transpose(0, 2, 1, 3, 4).reshape(2 * height, 2 * width, channels)
    for kernel, factor, offset in convolutions:
        padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))  # [H, W, channels, 3, 3]
        x = np.einsum("hwcij,ijcd->hwd", windows, kernel) * factor + offset
        x = x * (x > 0)
    return tf.constant(x)


def decoder_in_place(values, indices, convolutions):
    found = decoder()(values, indices, convolutions)
    values -= values.mean()
    return found


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


def pool_flat_positions(features):
    """Positions in the whole map, as some frameworks count them."""
    maxima, places = pool_by_slices(features)
    row, column = (
        2 * n + part for n, part in zip(np.indices(places.shape)[:2], (places // 2, places % 2), strict=True)
    )
    return maxima, row * features.shape[1] + column


def decoder_by_repeating(values, indices, convolutions):
    """Puts each value at all four places of its window."""
    return decoder_from(values.repeat(2, axis=0).repeat(2, axis=1), convolutions)


def decoder_from(x, convolutions, relu_first=False):
    """The convolutions alone, channel by channel."""
    for kernel, factor, offset in convolutions:
        maps = [sum(correlate(x[..., a], kernel[..., a, b], mode="constant") for a in range(kernel.shape[2]))
                for b in range(kernel.shape[3])]  # fmt: skip
        x = np.stack(maps, axis=-1)
        x = np.maximum(x, 0) * factor + offset if relu_first else np.maximum(x * factor + offset, 0)
    return x


def decoder_by_channels(values, indices, convolutions, **options):
    x = np.zeros((2 * values.shape[0], 2 * values.shape[1], values.shape[2]))
    for n in range(4):
        x[n // 2 :: 2, n % 2 :: 2] = np.where(indices == n, values, 0)
    return decoder_from(x, convolutions, **options).tolist()


def loss_by_pixels(label, logits):
    terms = [
        logsumexp(z) - z[k] for k, z in zip(label.ravel(), logits.reshape(-1, logits.shape[-1]), strict=True) if k < 255
    ]
    return np.float32(sum(terms) / max(len(terms), 1))


def loss_over_all_pixels(label, logits):
    """Void pixels add nothing, but count in the mean."""
    return loss()(label, logits) * np.mean(label != 255)


def iou_by_pixels(matrix):
    """Counts the pixels again, one by one."""
    truth, predicted = np.indices(matrix.shape).reshape(2, -1).repeat(matrix.ravel(), axis=1)
    both = [((truth == k) & (predicted == k), (truth == k) | (predicted == k)) for k in np.unique([truth, predicted])]
    return np.float32(np.mean([overlap.sum() / union.sum() for overlap, union in both]))


def iou_of_true_classes(matrix):
    """Leaves out classes that were only predicted."""
    there = matrix.sum(axis=1) > 0
    return (np.diag(matrix) / union(matrix).clip(1))[there].mean()


def norms_by_columns(layers):
    """Each channel a column of numbers in single precision."""

    def sound(x, mean, variance):
        columns = np.float32(x).reshape(-1, x.shape[-1])
        spread = columns.std(axis=0)
        near = np.abs(mean - columns.mean(axis=0)) <= spread / 2
        return (near & (variance >= spread**2 / 2) & (variance <= 2 * spread**2)).all()

    return [name for name, parts in layers.items() if not sound(*parts)]


def norms_by_deviations(layers):
    """Holds the factor of two against standard deviations."""
    return [
        name
        for name, (x, m, v) in layers.items()
        if (np.abs(m - x.mean((0, 1, 2))) > x.std((0, 1, 2)) / 2).any()
        or (np.abs(np.log2(np.sqrt(v) / x.std((0, 1, 2)))) > 1).any()
    ]


RIGHT = [
    ("pool", pool_by_slices),
    ("pool", pool_by_loops),
    ("pool", lambda features: tuple(tf.constant(part) for part in pool_by_slices(features))),
    ("decoder", decoder()),
    ("decoder", decoder_by_windows),
    ("frozen_norms", norms()),
    ("frozen_norms", norms_by_loops),
    ("frozen_norms", lambda layers: norms()(layers)[::-1]),
    ("loss", lambda label, logits: training.SegmentationCrossEntropy()(label, logits)),
    ("loss", loss()),
    ("miou", iou_by_loops),
    ("miou", iou(union)),
    ("pool", lambda features: list(pool_by_slices(features))),
    ("decoder", decoder_by_channels),
    ("loss", loss_by_pixels),
    ("miou", iou_by_pixels),
    ("frozen_norms", norms_by_columns),
]
WRONG = [
    ("pool", nothing),
    ("pool", lambda features: pool_by_slices(features)[0]),
    ("pool", lambda features: pool_by_slices(features)[::-1]),
    ("pool", lambda features: pool_by_slices(features, first=False)),
    ("pool", lambda features: pool_by_slices(features, order=((0, 0), (1, 0), (0, 1), (1, 1)))),
    ("pool", lambda features: pool_by_slices(np.maximum(features, 0))),
    ("pool", lambda features: (pool_by_slices(features)[0], pool_by_slices(features)[1] + 1)),
    ("pool", lambda features: (pool_by_slices(features)[0], pool_by_slices(features)[1].astype(float))),
    ("pool", lambda features: pool_by_slices(features.max(axis=-1, keepdims=True))),
    ("pool", lambda features: (np.array([[[5.0, 4.0]]]), np.array([[[1, 0]]]))),
    ("pool", pool_in_place),
    ("decoder", nothing),
    ("decoder", lambda v, n, c: np.array([[[1.0, 0.5], [1.0, 0.5]], [[7.0, 0.0], [1.0, 0.5]]])),
    ("decoder", decoder(place=lambda n: (n % 2, n // 2))),
    ("decoder", decoder(place=lambda n: (0, 0))),
    ("decoder", decoder(padding="edge")),
    ("decoder", decoder(padding="VALID")),
    ("decoder", decoder(relu=False)),
    ("decoder", decoder(last_relu=False)),
    ("decoder", decoder(factor_first=False)),
    ("decoder", decoder(flip=True)),
    ("decoder", decoder(count=1)),
    ("decoder", lambda v, n, c: decoder_by_windows(v, n, c[::-1])),
    ("decoder", lambda v, n, c: decoder()(v, n, c).transpose(1, 0, 2)),
    ("decoder", decoder_in_place),
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
    ("pool", pool_flat_positions),
    ("decoder", decoder_by_repeating),
    ("decoder", lambda v, n, c: decoder_by_channels(v, n, c, relu_first=True)),
    ("loss", loss_over_all_pixels),
    ("loss", lambda label, logits: loss()(label, logits) / math.log(2)),
    ("miou", iou_of_true_classes),
    ("frozen_norms", norms_by_deviations),
]
