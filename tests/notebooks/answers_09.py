"""Answers to the exercises of notebook 09: right ones of another shape, and wrong ones."""

import math
from fractions import Fraction

import numpy as np
from scipy.ndimage import binary_dilation, distance_transform_edt, maximum_filter, minimum_filter
from scipy.spatial import KDTree
from scipy.special import expit

from course_utils.backend import tf


def nothing(*arguments):
    return None


def weave(least=1, tolerance=1e-6, cut=True, whole=True, swap=False):
    """Periods of a map, or the mistakes that a student makes."""

    def periods(scores, margin):
        inside = scores[margin:-margin, margin:-margin] if cut else scores
        found = []
        for axis in (0, 1):
            lines = inside if axis == 0 else inside.T
            lines = lines if whole else lines[:, :1]
            for shift in range(least, len(lines)):
                if np.allclose(lines[shift:], lines[: len(lines) - shift], rtol=0, atol=tolerance):
                    found.append(shift)
                    break
        return found[::-1] if swap else found

    return periods


def periods_in_place(scores, margin):
    found = weave()(scores, margin)
    scores -= scores.mean()
    return found


def gate_by_loops(features, scores, kernel, factor=lambda alpha: 1 + alpha):
    height, width, _ = features.shape
    result = np.zeros((height, width, kernel.shape[1]))
    for y, x in np.ndindex(height, width):
        result[y, x] = features[y, x] @ kernel * factor(1 / (1 + math.exp(-scores[y, x])))
    return result


def gate_by_tensorflow(features, scores, kernel):
    gated = features * tf.sigmoid(scores)[..., tf.newaxis] + features
    return tf.nn.conv2d(gated[tf.newaxis], kernel[tf.newaxis, tf.newaxis], 1, "SAME")[0]


def gate_in_place(features, scores, kernel):
    features *= (1 + 1 / (1 + np.exp(-scores)))[..., None]
    return features @ kernel


def edges_by_shifts(labels, radius, within=lambda dy, dx, r: dy * dy + dx * dx <= r * r, void=True, border=255):
    reach = int(radius)
    padded = np.pad(labels, reach, constant_values=border)
    found = np.zeros(labels.shape, bool)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            if within(dy, dx, radius):
                part = padded[reach + dy : reach + dy + labels.shape[0], reach + dx : reach + dx + labels.shape[1]]
                found |= (part != labels) & ((part != 255) | (not void))
    return np.where(labels == 255, 255, found.astype(int))


def edges_by_distance(labels, radius):
    result = np.zeros(labels.shape, np.uint8)
    for k in set(labels.ravel().tolist()) - {255}:
        others = (labels != k) & (labels != 255)
        if others.any():
            result[(labels == k) & (distance_transform_edt(~others) <= radius)] = 1
    result[labels == 255] = 255
    return result


def edges_in_place(labels, radius):
    labels[:] = edges_by_shifts(labels, radius)
    return labels


def edges_one_sided(labels, radius):
    return edges_by_shifts(labels, radius, lambda dy, dx, r: dy >= 0 and dx >= 0 and dy * dy + dx * dx <= r * r)


def f_by_trees(true, predicted, tolerance, order=(0, 1, 2), empty=(1.0, 0.0), strict=False, power=2, mean=None):
    a, b = np.argwhere(true), np.argwhere(predicted)
    if not len(a) or not len(b):
        return [empty[0] if len(a) == len(b) else empty[1]] * 3
    to_true, to_predicted = KDTree(a).query(b, p=power)[0], KDTree(b).query(a, p=power)[0]
    near = np.less if strict else np.less_equal
    p, r = near(to_true, tolerance).mean(), near(to_predicted, tolerance).mean()
    f = mean(p, r) if mean else 2 * p * r / (p + r) if p + r else 0.0
    return [(p, r, f)[k] for k in order]


def f_by_distance(true, predicted, tolerance):
    if not true.any() or not predicted.any():
        return np.full(3, 1.0 if true.any() == predicted.any() else 0.0)
    p = (distance_transform_edt(~true) <= tolerance)[predicted].mean()
    r = (distance_transform_edt(~predicted) <= tolerance)[true].mean()
    return np.array([p, r, 2 * p * r / max(p + r, 1e-12)])


def f_by_loops(true, predicted, tolerance):
    a, b = np.argwhere(true).tolist(), np.argwhere(predicted).tolist()
    if not a or not b:
        return (1.0, 1.0, 1.0) if a == b else (0.0, 0.0, 0.0)
    p = sum(any(math.dist(q, t) <= tolerance for t in a) for q in b) / len(b)
    r = sum(any(math.dist(q, t) <= tolerance for t in b) for q in a) / len(a)
    return p, r, 2 / (1 / p + 1 / r) if p and r else 0.0


def crop_by_share(height, width, factor, y, x):
    share = factor / 512
    return (
        round(y * share * height),
        height - round((1 - y) * share * height),
        round(x * share * width),
        width - round((1 - x) * share * width),
    )


def crop_by_arrays(height, width, factor, y, x):
    sizes, point = np.array([height, width]), np.array([y, x])
    removed = sizes * factor / 512
    starts = np.rint(point * removed)
    stops = sizes - np.rint((1 - point) * removed)
    return np.stack([starts, stops], axis=1).ravel().astype(int)


def periods_by_sets(scores, margin):
    """Rounds, and looks for the first shift at which all lines repeat."""
    inside = np.round(scores[margin:-margin, margin:-margin] / 1e-4).astype(int)
    found = []
    for lines in (inside.tolist(), inside.T.tolist()):
        found.append(min(s for s in range(1, len(lines)) if all(a == b for a, b in zip(lines, lines[s:]))))  # noqa: B905
    return tuple(found)


def gate_after_the_convolution(features, scores, kernel):
    """The gate has no channels, so it may as well come last."""
    return np.float32((features @ kernel) * (1 + expit(scores))[..., None])


def edges_with_void_spread(labels, radius):
    """What is near void is void."""
    near_void = (
        distance_transform_edt(labels != 255) <= radius if (labels == 255).any() else np.zeros(labels.shape, bool)
    )
    return np.where(near_void, 255, edges_by_shifts(labels, radius))


def edges_by_filters(labels, radius):
    """Two classes within reach: the smallest and the largest label there differ."""
    reach = int(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = x**2 + y**2 <= radius**2
    low = minimum_filter(np.where(labels == 255, 999, labels), footprint=disc, mode="constant", cval=999)
    high = maximum_filter(np.where(labels == 255, -1, labels), footprint=disc, mode="constant", cval=-1)
    return np.where(labels == 255, 255, (low < high).astype(np.uint8))


def f_by_dilation(true, predicted, tolerance, reach=None):
    y, x = np.mgrid[-8:9, -8:9]
    disc = x**2 + y**2 <= (tolerance if reach is None else reach(tolerance)) ** 2
    if not (true.any() and predicted.any()):
        return [float(not (true.any() or predicted.any()))] * 3
    p, r = (np.mean(binary_dilation(other, disc)[own]) for own, other in ((predicted, true), (true, predicted)))
    return np.float32([p, r, 2 * p * r / (p + r) if p + r else 0])


def crop_rounding_first(height, width, factor, y, x):
    """Rounds what is removed, and then divides it."""
    ends = []
    for length, share in ((height, y), (width, x)):
        removed = round(factor / 512 * length)
        first = round(share * removed)
        ends += [first, length - (removed - first)]
    return ends


def crop_by_fractions(height, width, factor, y, x):
    ends = []
    for length, share in ((height, Fraction(y)), (width, Fraction(x))):
        removed = Fraction(2 * factor * length, 1024)
        ends += [np.int16(round(share * removed)), np.int16(length - round((1 - share) * removed))]
    return ends


RIGHT = [
    ("periods", weave()),
    ("periods", weave(tolerance=1e-4)),
    ("periods", lambda scores, margin: tf.constant(weave()(scores, margin))),
    ("gate", gate_by_loops),
    ("gate", gate_by_tensorflow),
    ("gate", lambda f, s, w: np.einsum("hwc,hw,ck->hwk", f, 1 / (1 + np.exp(-s)), w) + f @ w),
    ("edges", edges_by_shifts),
    ("edges", edges_by_distance),
    ("edges", lambda labels, radius: tf.constant(edges_by_shifts(labels, radius))),
    ("boundary", f_by_trees),
    ("boundary", f_by_distance),
    ("boundary", f_by_loops),
    ("crop", crop_by_share),
    ("crop", crop_by_arrays),
    ("crop", lambda *frame: tf.constant(crop_by_share(*frame))),
    ("periods", periods_by_sets),
    ("gate", gate_after_the_convolution),
    ("edges", edges_by_filters),
    ("boundary", f_by_dilation),
    ("crop", crop_by_fractions),
]
PARTLY = [
    ("edges", edges_with_void_spread, 1),
    ("boundary", lambda t, p, tolerance: f_by_dilation(t, p, tolerance, reach=round), 0.5),
    ("edges", lambda labels, radius: edges_by_shifts(labels, radius) % 255, 1),
    ("boundary", lambda t, p, tolerance: f_by_trees(t, p, tolerance, empty=(0.0, 0.0)), 1.5),
    ("boundary", lambda t, p, tolerance: f_by_trees(t, p, tolerance, empty=(1.0, 1.0)), 1.5),
    (
        "boundary",
        lambda t, p, tolerance: f_by_trees(t, p, tolerance, mean=lambda p, r: np.divide(2 * p * r, p + r)),
        1.5,
    ),
]
WRONG = [
    ("periods", nothing),
    ("periods", lambda scores, margin: [2, 3]),
    ("periods", weave(swap=True)),
    ("periods", weave(cut=False)),
    ("periods", weave(least=2)),
    ("periods", weave(tolerance=0.0)),
    ("periods", weave(tolerance=0.02)),
    ("periods", weave(whole=False)),
    ("periods", lambda scores, margin: [float(value) for value in weave()(scores, margin)]),
    ("periods", lambda scores, margin: weave()(scores, 1)),
    ("periods", periods_in_place),
    ("gate", nothing),
    ("gate", lambda f, s, w: gate_by_loops(f, s, w, factor=lambda alpha: alpha)),
    ("gate", lambda f, s, w: gate_by_loops(f, s, w, factor=lambda alpha: 2 - alpha)),
    ("gate", lambda f, s, w: gate_by_loops(f, s, w, factor=lambda alpha: 1.5)),
    ("gate", lambda f, s, w: (f * (1 + s[..., None])) @ w),
    ("gate", lambda f, s, w: (f * (1 + np.tanh(s)[..., None])) @ w),
    ("gate", lambda f, s, w: f * (1 + 1 / (1 + np.exp(-s)))[..., None]),
    ("gate", lambda f, s, w: gate_by_loops(f, s, w).transpose(1, 0, 2)),
    ("gate", lambda f, s, w: (f + 1 / (1 + np.exp(-s))[..., None]) @ w),
    ("gate", lambda f, s, w: np.array([[[6.0]]])),
    ("gate", gate_in_place),
    ("edges", nothing),
    ("edges", lambda labels, radius: np.array([[0, 0, 1, 1, 0], [0, 0, 255, 255, 0]])),
    ("edges", lambda labels, radius: edges_by_shifts(labels, 1)),
    ("edges", lambda labels, radius: edges_by_shifts(labels, radius, lambda dy, dx, r: True)),
    ("edges", lambda labels, radius: edges_by_shifts(labels, radius, lambda dy, dx, r: abs(dy) + abs(dx) <= r)),
    ("edges", lambda labels, radius: edges_by_shifts(labels, radius, lambda dy, dx, r: dy * dy + dx * dx < r * r)),
    ("edges", lambda labels, radius: edges_by_shifts(labels, radius, void=False)),
    ("edges", lambda labels, radius: edges_by_shifts(labels, radius, border=254)),
    ("edges", lambda labels, radius: edges_by_shifts(labels, radius) == 1),
    ("edges", lambda labels, radius: edges_by_shifts(labels.T, radius)),
    ("edges", edges_one_sided),
    ("edges", edges_in_place),
    ("boundary", nothing),
    ("boundary", lambda t, p, tolerance: [2 / 3, 0.5, 4 / 7]),
    ("boundary", lambda t, p, tolerance: f_by_trees(t, p, tolerance, order=(1, 0, 2))),
    ("boundary", lambda t, p, tolerance: f_by_trees(t, p, tolerance)[2]),
    ("boundary", lambda t, p, tolerance: f_by_trees(t, p, 2)),
    ("boundary", lambda t, p, tolerance: f_by_trees(t, p, tolerance, strict=True)),
    ("boundary", lambda t, p, tolerance: f_by_trees(t, p, tolerance, power=1)),
    ("boundary", lambda t, p, tolerance: f_by_trees(t, p, tolerance, power=math.inf)),
    ("boundary", lambda t, p, tolerance: f_by_trees(t, p, tolerance, mean=lambda p, r: (p + r) / 2)),
    ("crop", nothing),
    ("crop", lambda h, w, c, y, x: [50, 874, 200, 1848]),
    ("crop", lambda h, w, c, y, x: [c, h - c, 2 * c, w - 2 * c]),
    ("crop", lambda h, w, c, y, x: crop_by_share(h, w, c, 0.5, 0.5)),
    ("crop", lambda h, w, c, y, x: crop_by_share(h, w, c, x, y)),
    ("crop", lambda h, w, c, y, x: crop_by_share(h, w, c, 1 - y, 1 - x)),
    ("crop", lambda h, w, c, y, x: crop_by_share(h, 2 * h, c, y, x)),
    ("crop", lambda h, w, c, y, x: crop_by_share(h, w, c / 2, y, x)),
    ("crop", lambda h, w, c, y, x: [crop_by_share(h, w, c, y, x)[k] for k in (0, 2, 1, 3)]),
    ("crop", lambda h, w, c, y, x: np.subtract(crop_by_share(h, w, c, y, x), [0, 1, 0, 1])),
    ("crop", lambda h, w, c, y, x: [int(v) for v in (y * c * h / 512, h - (1 - y) * c * h / 512,
                                                     x * c * w / 512, w - (1 - x) * c * w / 512)]),
    ("crop", lambda h, w, c, y, x: np.array(crop_by_share(h, w, c, y, x), float)),
    ("periods", lambda scores, margin: weave()(scores - scores.mean(axis=1, keepdims=True), margin)),
    ("gate", lambda f, s, w: (f * expit(s)[..., None]) @ w + f),
    ("crop", crop_rounding_first),
]  # fmt: skip
