"""Answers to the exercises of notebook 11: right ones of another shape, and wrong ones."""

import math
from collections import Counter

import numpy as np
from scipy import special

from course_utils.backend import tf


def nothing(*arguments):
    return None


def attend_by_loops(queries, keys, values, root=math.sqrt, axis=1, stable=True):
    scores = np.array([[query @ key / root(len(query)) for key in keys] for query in queries])
    if stable:
        scores -= scores.max(axis=axis, keepdims=True)
    weights = np.exp(scores)
    weights /= weights.sum(axis=axis, keepdims=True)
    return weights, np.array([sum(w * value for w, value in zip(row, values, strict=True)) for row in weights])


def attend_by_scipy(queries, keys, values):
    weights = special.softmax(np.einsum("nc,mc->nm", queries, keys) / len(queries[0]) ** 0.5, axis=-1)
    return weights, np.einsum("nm,mc->nc", weights, values)


def attend_by_tensorflow(queries, keys, values):
    weights = tf.nn.softmax(tf.matmul(queries, keys, transpose_b=True) / queries.shape[1] ** 0.5)
    return [weights, weights @ tf.constant(values)][0], weights @ tf.constant(values)


def attend_in_place(queries, keys, values):
    queries /= math.sqrt(queries.shape[1])
    weights = special.softmax(queries @ keys.T, axis=1)
    return weights, weights @ values


def cost(half=lambda side, r: (side + r - 1) // r, products=2, power=2):
    def multiplications(height, width, channels, reduction):
        keys = half(height, reduction) * (half(width, reduction) if power == 2 else width)
        return products * channels * height * width * keys

    return multiplications


def radius_by_growing(field, share, least=True, middle=lambda side: side // 2, distance=math.hypot):
    cells = sorted(
        (distance(r - middle(field.shape[0]), c - middle(field.shape[1])), r, c) for r, c in np.ndindex(field.shape)
    )
    total, whole = 0, field.sum()
    for far, row, column in cells:
        total += field[row, column]
        if (total >= share * whole) if least else (total > share * whole):
            return far
    return cells[-1][0]


def radius_by_table(field, share):
    rows, columns = np.ogrid[: field.shape[0], : field.shape[1]]
    squares = (rows - field.shape[0] // 2) ** 2 + (columns - field.shape[1] // 2) ** 2
    sums = np.cumsum(np.bincount(squares.ravel(), field.ravel()))
    return float(np.sqrt(np.searchsorted(sums, share * sums[-1])))


def vote_by_counter(regions, train_ids, best=lambda counts: min(counts, key=lambda k: (-counts[k], k)), skip=(-1,)):
    found = {}
    for region, label in zip(regions.ravel().tolist(), train_ids.ravel().tolist(), strict=True):
        found.setdefault(region, Counter())[label] += 1
    names = {region: best(counts) for region, counts in found.items() if region not in skip}
    return np.vectorize(lambda region, label: names.get(region, label))(regions, train_ids)


def vote_in_place(regions, train_ids):
    for region in set(regions[regions >= 0].tolist()):
        train_ids[regions == region] = np.bincount(train_ids[regions == region]).argmax()
    return train_ids


RIGHT = [
    ("attend", attend_by_loops),
    ("attend", attend_by_scipy),
    ("attend", attend_by_tensorflow),
    ("cost", cost()),
    ("cost", lambda h, w, c, r: sum(h * w * c * -(-h // r) * -(-w // r) for _ in ("scores", "values"))),
    ("radius", radius_by_growing),
    ("radius", radius_by_table),
    ("vote", vote_by_counter),
    ("vote", lambda regions, train_ids: vote_in_place(regions, train_ids.astype(int))),
]

WRONG = [
    ("attend", nothing),
    ("attend", lambda q, k, v: attend_by_loops(q, k, v, root=lambda d: 1)),
    ("attend", lambda q, k, v: attend_by_loops(q, k, v, root=lambda d: d)),
    ("attend", lambda q, k, v: attend_by_loops(q, k, v, root=lambda d: math.sqrt(len(k)))),
    ("attend", lambda q, k, v: attend_by_loops(q, k, v, axis=0)),
    ("attend", lambda q, k, v: attend_by_loops(q, k, v, stable=False)),
    ("attend", lambda q, k, v: attend_by_scipy(q, k, v)[1]),
    ("attend", lambda q, k, v: attend_by_scipy(q, k, v)[::-1]),
    ("attend", lambda q, k, v: (np.array([[0.5, 0.5]]), np.array([[3.0]]))),
    ("attend", attend_in_place),
    ("cost", nothing),
    ("cost", cost(half=lambda side, r: side // r)),
    ("cost", cost(half=lambda side, r: math.ceil(side / r))),
    ("cost", cost(products=1)),
    ("cost", cost(power=1)),
    ("cost", lambda h, w, c, r: 2 * c * (h * w) ** 2 // r**2),
    ("cost", lambda h, w, c, r: 72),
    ("radius", nothing),
    ("radius", lambda f, share: radius_by_growing(f, share, least=False)),
    ("radius", lambda f, share: radius_by_growing(f, share, middle=lambda side: (side - 1) // 2)),
    ("radius", lambda f, share: radius_by_growing(f, share, distance=lambda y, x: max(abs(y), abs(x)))),
    ("radius", lambda f, share: radius_by_growing(f, share, distance=lambda y, x: y * y + x * x)),
    ("radius", lambda f, share: radius_by_growing(np.ones_like(f), share)),
    ("radius", lambda f, share: radius_by_growing(f, 0.5)),
    ("vote", nothing),
    ("vote", lambda regions, ids: ids),
    ("vote", lambda regions, ids: vote_by_counter(regions, ids, skip=())),
    ("vote", lambda regions, ids: vote_by_counter(regions, ids, best=lambda c: max(c, key=lambda k: (c[k], k)))),
    ("vote", lambda regions, ids: vote_by_counter(regions, ids, best=max)),
    ("vote", lambda regions, ids: np.where(regions < 0, 0, vote_by_counter(regions, ids))),
    ("vote", vote_in_place),
]
