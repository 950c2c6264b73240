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
    number, images = len(counts), {len(parts[0]) for parts in counts}
    if number < 2:
        raise CourseError(f"The spread over seeds needs at least two trainings, got {number}.")
    if len(images) > 1:
        raise CourseError(f"Every training must have the same images, got {sorted(images)} of them.")

    def mean_score(*sums):
        each = zip(*(np.split(part, number, axis=-1) for part in sums), strict=True)
        return np.mean([score(*parts) for parts in each], axis=0)

    together = [np.concatenate(parts, axis=-1) for parts in zip(*counts, strict=True)]
    scores = np.array([score(*(part.sum(axis=0) for part in parts)) for parts in counts])
    mean, of_seeds = scores.mean(axis=0), scores.std(axis=0, ddof=1)
    block = block_of(mean_score, together) if block is None else block
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # a class without a score is all NaN
        of_images = np.nanstd(bootstrap_replicates(mean_score, together, resamples, seed, block), axis=0)
    variances = np.array([of_seeds**2 / number, of_images**2])
    spread, drawn = variances.sum(axis=0), -(-images.pop() // block)
    with np.errstate(invalid="ignore"):
        freedom = spread**2 / (variances[0] ** 2 / (number - 1) + variances[1] ** 2 / (drawn - 1))
    reach = np.nan_to_num(t.ppf(0.5 + level / 2, freedom)) * np.sqrt(spread)
    found = (mean, of_seeds, of_images, mean - reach, mean + reach)
    return SeedSpread(*(found if np.ndim(mean) else map(float, found)))
