"""Answers to the exercises of notebook 10: right ones of another shape, and wrong ones."""

import math

import numpy as np

from course_utils.backend import tf


def nothing(*arguments):
    return None


def ious(matrix, absent=math.nan):
    """By loops: IoU of each class."""
    size, values = len(matrix), []
    for k in range(size):
        union = sum(int(matrix[k][j]) for j in range(size)) + sum(int(matrix[j][k]) for j in range(size))
        union -= int(matrix[k][k])
        values.append(int(matrix[k][k]) / union if union else absent)
    return values


def mean(values):
    there = [value for value in values if not math.isnan(value)]
    return sum(there) / len(there)


def miou(matrix):
    return mean(ious(matrix))


def leaks(limit=3, mirror=lambda frame: frame[:, ::-1], centre=True, every=np.max, start=0):
    """Numbers of leaked frames, or the mistakes that a student makes."""

    def leaked(train, test):
        found = []
        for number, frame in enumerate(test.astype(float), start):
            views = [frame, mirror(frame)] if mirror else [frame]
            for known in train.astype(float):
                for view in views:
                    difference = (view - view.mean() * centre) - (known - known.mean() * centre)
                    if every(np.abs(difference)) <= limit and number not in found:
                        found.append(number)
        return found

    return leaked


def leaks_by_broadcasting(train, test):
    a = train - train.mean(axis=(1, 2))[:, None, None]
    b = test - test.mean(axis=(1, 2))[:, None, None]
    both = np.stack([b, b[:, :, ::-1]])
    distance = np.abs(both[:, :, None] - a).max(axis=(3, 4))
    return np.flatnonzero((distance <= 3).any(axis=(0, 2)))


def leaks_wrapped(train, test):
    """In whole numbers of eight bits, which have no negative ones."""
    a, b = (frames - frames.mean(axis=(1, 2)).astype(np.uint8)[:, None, None] for frames in (train, test))
    distance = np.abs(np.stack([b, b[:, :, ::-1]])[:, :, None] - a).max(axis=(3, 4))
    return np.flatnonzero((distance <= 3).any(axis=(0, 2)))


def leaks_in_place(train, test):
    found = leaks_by_broadcasting(train, test)
    test -= test.min()
    return found


def stranger_by_votes(counts):
    truth = [tuple(system.sum(axis=2).ravel().tolist()) for system in counts]
    return next(k for k, one in enumerate(truth) if truth.count(one) == 1)


def stranger_by_distance(counts):
    truth = counts.sum(axis=-1)
    apart = np.abs(truth[:, None] - truth[None]).sum(axis=(1, 2, 3))
    return np.argmax(apart)


def stranger_in_place(counts):
    found = stranger_by_votes(counts)
    counts[:] = 0
    return found


def disagree_by_lists(images):
    large, small = images * 1000, 10
    first = [[[large, 0], [0, large]]] + [[[small // 2, small // 2], [0, 0]]] * (images - 1)
    second = [[[large // 2, large // 2], [0, large]]] + [[[small, 0], [0, 0]]] * (images - 1)
    return [first, second]


def disagree_by_a_class(images):
    """The second system misses the one large person; the small images show a person that the first misses."""
    counts = np.full((2, images, 2, 2), 0, np.int32)
    counts[:, :, 0, 0] = 1
    counts[0, :, 1, 0] = counts[1, :, 1, 1] = 1
    counts[:, -1] = 0
    counts[:, -1, 0, 0] = 10**6
    counts[0, -1, 1, 1] = 10**6
    counts[1, -1, 1] = 8 * 10**5, 2 * 10**5
    return counts if images > 2 else np.array(disagree_by_lists(2))


def interval_by_lists(counts, picks, ends=(0.025, 0.975), rule=None):
    rule = rule or (lambda drawn: miou(drawn.sum(axis=0)))
    return [float(np.quantile([rule(counts[pick]) for pick in picks], end)) for end in ends]


def interval_by_weights(counts, picks):
    values = [miou(np.tensordot(np.bincount(pick, minlength=len(counts)), counts, 1)) for pick in picks]
    return np.percentile(values, [2.5, 97.5])


def interval_of_unique(counts, picks):
    return interval_by_lists(counts, [np.unique(pick) for pick in picks])


def interval_in_place(counts, picks):
    picks.sort(axis=1)
    return interval_by_weights(counts, picks)


def interval_with_absent(counts, picks):
    return interval_by_lists(counts, picks, rule=lambda drawn: np.mean(ious(drawn.sum(axis=0), absent=0.0)))


def permute_by_lists(first, second, exchange, two_sided=True, plus=1, strict=False, score=None):
    score = score or (lambda matrices: miou(sum(matrices)))
    observed, extreme = score(list(first)) - score(list(second)), 0
    for swap in exchange:
        pairs = [(b, a) if swapped else (a, b) for a, b, swapped in zip(first, second, swap, strict=True)]
        found = score([a for a, _ in pairs]) - score([b for _, b in pairs])
        distance = abs(found) - abs(observed) if two_sided else found - observed
        extreme += distance > 1e-9 if strict else distance >= -1e-9
    return [observed, (plus + extreme) / (plus + len(exchange))]


def permute_by_sums(first, second, exchange):
    total, gap = first.sum(axis=0), second - first
    difference = miou(total) - miou(second.sum(axis=0))
    moves = np.tensordot(np.asarray(exchange, int), gap, 1)
    extreme = sum(abs(miou(total + move) - miou(second.sum(axis=0) - move)) >= abs(difference) - 1e-9 for move in moves)
    return np.array([difference, (1 + extreme) / (1 + len(moves))])


def permute_in_place(first, second, exchange):
    answer = permute_by_sums(first, second, exchange)
    first[:] = second
    return answer


def permute_of_images(first, second, exchange):
    """Exchanges the images' mIoUs instead of their counts."""
    return permute_by_lists(first, second, exchange, score=lambda matrices: mean([miou(matrix) for matrix in matrices]))


def permute_of_accuracy(first, second, exchange):
    return permute_by_lists(first, second, exchange, score=lambda matrices: np.trace(sum(matrices)) / np.sum(matrices))


def leaks_by_correlation(train, test):
    """Alike up to brightness and contrast."""

    def normal(frames):
        flat = frames.reshape(len(frames), -1) - frames.mean(axis=(1, 2))[:, None]
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    alike = np.maximum(normal(test) @ normal(train).T, normal(test[:, :, ::-1]) @ normal(train).T)
    return np.flatnonzero(alike.max(axis=1) > 0.99)


def leaks_by_sets(train, test):
    known = [frame - frame.mean() for frame in train] + [frame[:, ::-1] - frame.mean() for frame in train]
    return sorted({n for n, frame in enumerate(test) for k in known if abs(frame - frame.mean() - k).max() <= 3})


def stranger_to_the_first(counts):
    """The first system whose truth is not that of system 0."""
    truth = counts.sum(axis=3)
    return next(k for k in range(len(truth)) if (truth[k] != truth[0]).any())


def stranger_by_kinds(counts):
    _, number, times = np.unique(
        counts.sum(-1).reshape(len(counts), -1), axis=0, return_inverse=True, return_counts=True
    )
    return np.int32(np.argmin(times[number.ravel()]))


def disagree_in_two_images(images):
    """Leaves all images but two empty."""
    counts = np.zeros((2, images, 2, 2), int)
    counts[:, :2] = disagree_by_lists(2)
    return counts


def disagree_by_persons(images):
    """Persons only: the first finds most of the one crowd, the second all that stand alone."""
    counts = np.zeros((2, images, 2, 2), np.uint16)
    counts[..., 1, 1] = 1
    counts[0, 1:, 1] = 1, 0
    counts[:, 0, 1] = [[1000, 9000], [5000, 5000]]
    return counts


def interval_by_deviation(counts, picks):
    """A normal distribution's interval."""
    values = [miou(counts[pick].sum(axis=0)) for pick in picks]
    return np.mean(values) + np.array([-1.96, 1.96]) * np.std(values)


def interval_at_once(counts, picks):
    total = counts[picks].sum(axis=1, dtype=float)
    hits = np.einsum("rcc->rc", total)
    unions = total.sum(axis=1) + total.sum(axis=2) - hits
    values = np.nanmean(np.divide(hits, unions, where=unions > 0, out=np.full(hits.shape, np.nan)), axis=1)
    return np.quantile(values, [0.025, 0.975]).astype(np.float32)


def permute_one_system(first, second, exchange):
    """Exchanges in the first system only."""
    observed = miou(first.sum(axis=0)) - miou(second.sum(axis=0))
    moved = [
        miou(np.where(swap[:, None, None], second, first).sum(axis=0)) - miou(second.sum(axis=0)) for swap in exchange
    ]
    return [observed, (1 + sum(abs(value) >= abs(observed) - 1e-9 for value in moved)) / (1 + len(moved))]


def permute_at_once(first, second, exchange):
    def scores(weights, a, b):
        total = np.tensordot(1.0 - weights, a, 1) + np.tensordot(weights, b, 1)
        hits = np.einsum("rcc->rc", total)
        return (hits / (total.sum(axis=1) + total.sum(axis=2) - hits)).mean(axis=1)

    weights = np.concatenate([np.zeros((1, len(first))), exchange])
    observed, *moved = scores(weights, first, second) - scores(weights, second, first)
    return observed, np.mean(np.abs([observed, *moved]) >= abs(observed) - 1e-9)


RIGHT = [
    ("leak", leaks()),
    ("leak", leaks_by_broadcasting),
    ("leak", lambda train, test: tf.constant(leaks_by_broadcasting(train, test))),
    ("stranger", stranger_by_votes),
    ("stranger", stranger_by_distance),
    ("disagree", disagree_by_lists),
    ("disagree", disagree_by_a_class),
    ("bootstrap", interval_by_lists),
    ("bootstrap", interval_by_weights),
    ("bootstrap", lambda counts, picks: tf.constant(interval_by_lists(counts, picks))),
    ("paired", permute_by_lists),
    ("paired", permute_by_sums),
    ("paired", lambda *given: tuple(permute_by_sums(*given))),
    ("leak", leaks_by_sets),
    ("stranger", stranger_by_kinds),
    ("disagree", disagree_by_persons),
    ("bootstrap", interval_at_once),
    ("paired", permute_at_once),
]
WRONG = [
    ("leak", nothing),
    ("leak", lambda train, test: [1, 3]),
    ("leak", leaks(mirror=None)),
    ("leak", leaks(mirror=lambda frame: frame[::-1])),
    ("leak", leaks(mirror=lambda frame: frame[::-1, ::-1])),
    ("leak", leaks(centre=False)),
    ("leak", leaks_wrapped),
    ("leak", leaks(limit=0)),
    ("leak", leaks(limit=60)),
    ("leak", leaks(every=np.median)),
    ("leak", leaks(start=1)),
    ("leak", lambda train, test: leaks()(test, train)),
    ("leak", leaks_in_place),
    ("stranger", nothing),
    ("stranger", lambda counts: 2),
    ("stranger", lambda counts: [stranger_by_votes(counts)]),
    ("stranger", lambda counts: stranger_by_distance(counts.sum(axis=1, keepdims=True))),
    ("stranger", lambda counts: stranger_by_distance(counts.swapaxes(2, 3))),
    ("stranger", lambda counts: np.argmin([np.trace(system.sum(axis=0)) for system in counts])),
    ("stranger", lambda counts: stranger_by_votes(counts) + 1),
    ("stranger", stranger_in_place),
    ("disagree", nothing),
    ("disagree", lambda images: disagree_by_lists(2)),
    ("disagree", lambda images: disagree_by_lists(images)[::-1]),
    ("disagree", lambda images: np.array(disagree_by_lists(images)) * 1.0),
    ("disagree", lambda images: np.zeros((2, images, 2, 2), int)),
    ("disagree", lambda images: np.array(disagree_by_lists(images)).transpose(1, 0, 2, 3)),
    ("disagree", lambda images: np.array(disagree_by_lists(images)).transpose(0, 1, 3, 2)),
    ("disagree", lambda images: np.array(disagree_by_lists(images)) - [[[0, 20], [0, 0]]]),
    ("disagree", lambda images: [disagree_by_lists(images)[0]] * 2),
    ("bootstrap", nothing),
    ("bootstrap", lambda counts, picks: [0.4, 0.4]),
    ("bootstrap", lambda counts, picks: [miou(counts.sum(axis=0))] * 2),
    ("bootstrap", lambda counts, picks: interval_by_lists(counts, picks)[::-1]),
    ("bootstrap", lambda counts, picks: interval_by_lists(counts, picks, ends=(0.05, 0.95))),
    ("bootstrap", lambda counts, picks: interval_by_lists(counts, picks, ends=(0.0, 1.0))),
    ("bootstrap", lambda counts, picks: interval_by_lists(counts, picks.T)),
    ("bootstrap", lambda counts, picks: interval_by_lists(counts, picks, rule=lambda m: mean([miou(x) for x in m]))),
    ("bootstrap", interval_of_unique),
    ("bootstrap", interval_in_place),
    ("bootstrap", interval_with_absent),
    ("paired", nothing),
    ("paired", lambda *given: [(0.9 + 10 / 11) / 2 - (0.5 + 4 / 7) / 2, 3 / 4]),
    ("paired", lambda first, second, exchange: permute_by_lists(second, first, exchange)),
    ("paired", lambda *given: permute_by_lists(*given, two_sided=False)),
    ("paired", lambda *given: permute_by_lists(*given, plus=0)),
    ("paired", lambda *given: permute_by_lists(*given, strict=True)),
    ("paired", lambda *given: permute_by_lists(*given)[::-1]),
    ("paired", lambda *given: permute_by_lists(*given)[1]),
    ("paired", lambda *given: [abs(permute_by_lists(*given)[0]), 1 - permute_by_lists(*given)[1]]),
    ("paired", permute_of_images),
    ("paired", permute_of_accuracy),
    ("paired", permute_in_place),
    ("leak", leaks_by_correlation),
    ("stranger", stranger_to_the_first),
    ("disagree", disagree_in_two_images),
    ("bootstrap", interval_by_deviation),
    ("paired", permute_one_system),
]  # fmt: skip
