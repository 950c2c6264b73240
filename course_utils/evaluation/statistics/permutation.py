"""Whether two systems differ by more than chance: the permutation test, on the same images."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from course_utils.errors import CourseError
from course_utils.evaluation.measures.confusion import ConfusionMatrix
from course_utils.evaluation.measures.score_functions import Score, mean_iou
from course_utils.evaluation.statistics.dependence import block_of
from course_utils.evaluation.statistics.image_counts import counts_of
from course_utils.evaluation.statistics.intervals import LEVEL, interval_of, portions


class Comparison(NamedTuple):
    """Of two systems: the difference of their scores, its interval, and the probability of one as large by chance.

    Numbers, or arrays `[classes]`.
    """

    difference: float | np.ndarray
    low: float | np.ndarray
    high: float | np.ndarray
    p_value: float | np.ndarray


def paired_test(
    first: Iterable[ConfusionMatrix] | np.ndarray,
    second: Iterable[ConfusionMatrix] | np.ndarray,
    score: Score = mean_iou,
    *,
    level: float = LEVEL,
    resamples: int = 10_000,
    seed: int = 0,
    block: int | None = None,
) -> Comparison:
    """Whether two systems differ by more than chance, on the same images.

    The probability is a permutation test's: were the systems equal, each image's two results could as well be
    exchanged. The interval is the bootstrap's, with the same images drawn for both systems. Frames whose differences
    resemble those of their neighbours are exchanged and drawn together, in blocks.

    Args:
        first, second: matrices of the two systems as in `bootstrap_interval`, image by image the same images.
        score, level, resamples, seed, block: as in `bootstrap_interval`; the correlation is that of the difference.

    Returns:
        score of `first` minus score of `second`, its interval, and the two-sided p-value, at least
        `1 / (resamples + 1)`; all NaN where the score of either is not defined.

    Raises:
        CourseError: fewer than two images, or another number of them for each system.
    """
    counts, others = counts_of(first), counts_of(second)
    images = len(counts[0])
    if len(others[0]) != images:
        raise CourseError(f"A paired test needs the same images twice, got {images} and {len(others[0])}.")

    difference, both = _difference(score), _beside(counts, others)
    estimate = difference(*(part.sum(axis=0) for part in both))
    block = block_of(difference, both) if block is None else block
    ends = interval_of(difference, both, level, resamples, seed, block)
    extreme = 0
    for kept in exchanges(images, resamples, seed, block):
        swapped = [
            np.concatenate([kept @ mine + (1 - kept) @ theirs, kept @ theirs + (1 - kept) @ mine], axis=-1)
            for mine, theirs in zip(counts, others, strict=True)
        ]
        # Sums of whole numbers in another order differ in the last digits only: those count as equal.
        extreme += (np.abs(difference(*swapped)) >= np.abs(estimate) * (1 - 1e-9)).sum(axis=0)
    p_value = (1 + extreme) / (1 + resamples)
    found = [np.where(np.isnan(estimate), np.nan, value) for value in (estimate, *ends, p_value)]
    return Comparison(*(found if np.ndim(estimate) else map(float, found)))


def pair_block_length(first, second, score: Score = mean_iou) -> int:
    """How many consecutive images `paired_test` draws and exchanges together (see `block_length`).

    Args:
        first, second, score: as there.
    """
    return block_of(_difference(score), _beside(counts_of(first), counts_of(second)))


def _difference(score):
    """The difference of two systems' scores, of sums of pixels that stand beside each other along the last axis."""

    def difference(*sums):
        mine, theirs = zip(*(np.split(part, 2, axis=-1) for part in sums), strict=True)
        return score(*mine) - score(*theirs)

    return difference


def _beside(counts, others):
    return [np.concatenate(pair, axis=-1) for pair in zip(counts, others, strict=True)]


def exchanges(images: int, resamples: int, seed: int, block: int) -> Iterator[np.ndarray]:
    """For a permutation test of two systems: the images whose results each resample keeps, and those it exchanges.

    Args:
        images: how many there are.
        resamples, seed: how many exchanges are drawn, and from where.
        block: consecutive images that are kept or exchanged together.

    Yields:
        float64 [some resamples, images], 1 where kept and 0 where exchanged.
    """
    random = np.random.default_rng([seed, 1])
    for number in portions(resamples):
        kept = random.integers(0, 2, size=(number, -(-images // block))).astype(float)
        yield np.repeat(kept, block, axis=1)[:, :images]
