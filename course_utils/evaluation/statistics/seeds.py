"""A network trained with another seed is another network: how much of a score's spread is due to seeds or images."""

import warnings
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t

from course_utils.errors import CourseError
from course_utils.evaluation.measures.confusion import ConfusionMatrix
from course_utils.evaluation.measures.score_functions import Score, mean_iou
from course_utils.evaluation.statistics.dependence import block_of
from course_utils.evaluation.statistics.image_counts import counts_of
from course_utils.evaluation.statistics.intervals import LEVEL, bootstrap_replicates


class SeedSpread(NamedTuple):
    """The score of a system that was trained several times. Numbers, or arrays `[classes]`.

    Attributes:
        mean: over the seeds.
        seeds: standard deviation from seed to seed, on the same images.
        images: standard deviation of the mean over the seeds from one sample of images to the next.
        low, high: interval of the mean for other seeds and other images.
    """

    mean: float | np.ndarray
    seeds: float | np.ndarray
    images: float | np.ndarray
    low: float | np.ndarray
    high: float | np.ndarray


def seed_spread(
    trainings: Sequence[Iterable[ConfusionMatrix] | np.ndarray],
    score: Score = mean_iou,
    *,
    level: float = LEVEL,
    resamples: int = 2000,
    seed: int = 0,
    block: int | None = None,
) -> SeedSpread:
    """Separate the spread of a score due to the seed from that due to the images.

    The images are resampled for all trainings at once; the two variances add up, that of the seeds divided by their
    number, with the degrees of freedom of Welch and Satterthwaite.

    Args:
        trainings: the matrices of the same images for each seed, as in `bootstrap_interval`.
        score, level, resamples, seed, block: as there.

    Raises:
        CourseError: fewer than two seeds, or numbers of images that differ.

    Example:

        >>> images = np.array([[[8, 2], [1, 9]], [[6, 4], [0, 10]], [[9, 1], [3, 7]]])
        >>> spread = seed_spread([images, images])
        >>> float(spread.seeds), bool(spread.low < spread.mean < spread.high)
        (0.0, True)
    """
    counts = [counts_of(matrices) for matrices in trainings]
    number = len(counts)
    if number < 2:
        raise CourseError(f"The spread over seeds needs at least two trainings, got {number}.")
    scores = np.array([score(*(part.sum(axis=0) for part in parts)) for parts in counts])
    mean, of_seeds = scores.mean(axis=0), scores.std(axis=0, ddof=1)
    of_images, drawn = _spread_over_images(counts, score, np.full(number, 1 / number), resamples, seed, block)
    spread, freedom = _sum_of_variances((of_seeds**2 / number, number - 1), (of_images**2, drawn - 1))
    reach = np.nan_to_num(t.ppf(0.5 + level / 2, freedom)) * np.sqrt(spread)
    found = (mean, of_seeds, of_images, mean - reach, mean + reach)
    return SeedSpread(*(found if np.ndim(mean) else map(float, found)))


class SeedDifference(NamedTuple):
    """How far two systems differ that were trained several times.

    Attributes:
        difference: of the means over the seeds, first minus second.
        seeds: standard error of the difference due to the seeds.
        images: standard error due to the images, which both share.
        low, high: interval of the difference for other seeds and other images.
        p_value: two-sided, of no difference.
    """

    difference: float
    seeds: float
    images: float
    low: float
    high: float
    p_value: float


def seed_difference(
    first: Sequence[Iterable[ConfusionMatrix] | np.ndarray],
    second: Sequence[Iterable[ConfusionMatrix] | np.ndarray],
    score: Score = mean_iou,
    *,
    level: float = LEVEL,
    resamples: int = 2000,
    seed: int = 0,
    block: int | None = None,
) -> SeedDifference:
    """Compare two ways to train, not two trained networks: a test for other seeds and other images.

    What makes an image hard makes it hard for both, so the images are resampled together; the seeds of the two have
    nothing to do with each other. The three variances add up, with the degrees of freedom of Welch and Satterthwaite.

    Args:
        first, second: of each, as `seed_spread` takes them; the numbers of seeds may differ.
        score, level, resamples, seed, block: as there; the score is one number.

    Raises:
        CourseError: fewer than two seeds of one of them, or numbers of images that differ.

    Example:

        >>> good = [np.array([[[9, 1], [1, 9]], [[8, 2], [0, 10]]])] * 2
        >>> poor = [np.array([[[6, 4], [1, 9]], [[5, 5], [0, 10]]])] * 2
        >>> found = seed_difference(good, poor)
        >>> round(found.difference, 2), found.seeds
        (0.23, 0.0)
    """
    sides = [[counts_of(matrices) for matrices in trainings] for trainings in (first, second)]
    numbers = [len(side) for side in sides]
    if min(numbers) < 2:
        raise CourseError(f"The spread over seeds needs at least two trainings of each, got {numbers}.")
    scores = [np.array([score(*(part.sum(axis=0) for part in parts)) for parts in side]) for side in sides]
    difference = float(scores[0].mean() - scores[1].mean())
    sources = [(found.var(ddof=1) / len(found), len(found) - 1) for found in scores]
    signs = np.concatenate([np.full(n, sign / n) for n, sign in zip(numbers, (1, -1), strict=True)])
    of_images, drawn = _spread_over_images(sides[0] + sides[1], score, signs, resamples, seed, block)
    spread, freedom = _sum_of_variances(*sources, (of_images**2, drawn - 1))
    error = np.sqrt(spread)
    reach = float(np.nan_to_num(t.ppf(0.5 + level / 2, freedom)) * error)
    p_value = float(2 * t.sf(abs(difference) / error, freedom)) if error > 0 else float(difference == 0)
    of_seeds = float(np.sqrt(sum(variance for variance, _ in sources)))
    return SeedDifference(difference, of_seeds, float(of_images), difference - reach, difference + reach, p_value)


def _spread_over_images(counts, score, weights, resamples, seed, block):
    """Standard deviation over samples of images of the weighted sum of the trainings' scores, and the blocks drawn."""
    images = {len(parts[0]) for parts in counts}
    if len(images) > 1:
        raise CourseError(f"Every training must have the same images, got {sorted(images)} of them.")

    def combined(*sums):
        each = zip(*(np.split(part, len(counts), axis=-1) for part in sums), strict=True)
        return np.tensordot(weights, np.array([score(*parts) for parts in each]), axes=1)

    together = [np.concatenate(parts, axis=-1) for parts in zip(*counts, strict=True)]
    block = block_of(combined, together) if block is None else block
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # a class without a score is all NaN
        spread = np.nanstd(bootstrap_replicates(combined, together, resamples, seed, block), axis=0)
    return spread, -(-images.pop() // block)


def _sum_of_variances(*sources):
    """The sum of variances, each with its degrees of freedom, and its own by Welch and Satterthwaite."""
    total = sum(variance for variance, _ in sources)
    with np.errstate(invalid="ignore", divide="ignore"):
        return total, total**2 / sum(variance**2 / freedom for variance, freedom in sources)
