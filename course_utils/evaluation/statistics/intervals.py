"""Intervals: how far a score can be trusted.

The images of a split are a sample of all possible images. Resampling them (Efron and Tibshirani, "An
introduction to the bootstrap", 1993) shows how the score of a data set would vary from sample to sample. Since that
score comes from one matrix for all images, the images' matrices are resampled, not their scores. Images that resemble
their neighbours are drawn in blocks (see `dependence.py`).
"""

import warnings
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy.stats import norm, t

from course_utils.errors import CourseError
from course_utils.evaluation.measures.confusion import ConfusionMatrix
from course_utils.evaluation.measures.score_functions import Score, mean_iou
from course_utils.evaluation.statistics.dependence import block_of, influences
from course_utils.evaluation.statistics.image_counts import counts_of

LEVEL = 0.95
"""Confidence of an interval, unless the caller says otherwise."""

AT_ONCE = 1000
"""Resamples made at a time: 10,000 of 5,000 images at once would take 400 MB."""


class Interval(NamedTuple):
    """Lower and upper end: numbers, or arrays `[classes]`."""

    low: float | np.ndarray
    high: float | np.ndarray


def bootstrap_interval(
    matrices: Iterable[ConfusionMatrix] | np.ndarray,
    score: Score = mean_iou,
    *,
    level: float = LEVEL,
    resamples: int = 10_000,
    seed: int = 0,
    block: int | None = None,
) -> Interval:
    """Interval of a data set's score, by resampling its images.

    Percentiles of the resamples, moved out because resampling sees too few images vary (the expanded percentile
    interval: Hesterberg, "What teachers should know about the bootstrap", The American Statistician 2015). How few
    depends on the score: that of a class depends on the images that show it. See `images_that_count`.

    Frames of a drive resemble the frames before and after them. Drawn one by one they would pass for as many
    independent ones, so consecutive frames are drawn together, in blocks as long as the correlation measured asks for.

    Args:
        matrices: one per image: confusion matrices, or counts `[images, classes, classes]` with the truth in
            rows, in the order in which the images were taken. To resample cities instead of images, give the sum of
            each city's (see `summed`).
        score: `mean_iou`, `class_iou`, `pixel_accuracy` or another function like them.
        level: of confidence, 0 to 1.
        resamples: how many samples of as many images are drawn, with replacement.
        seed: of the drawing.
        block: consecutive images drawn together; None for `block_length`, 1 to take the images for independent.

    Returns:
        the interval; NaN where the score is defined for no resample. In simulations a nominal 95 % holds the truth
        in 93 to 97 % where ten images or more show the class, and in fewer below: the images at hand do not tell what
        others would have shown.

    Raises:
        CourseError: fewer than two images.

    Example:

        >>> images = np.array([[[8, 2], [1, 9]], [[6, 4], [0, 10]], [[9, 1], [3, 7]]])
        >>> low, high = bootstrap_interval(images)
        >>> bool(low < 0.69 < high)
        True
    """
    counts = counts_of(matrices)
    return interval_of(score, counts, level, resamples, seed, block_of(score, counts) if block is None else block)


def interval_of(score, counts, level, resamples, seed, block) -> Interval:
    """`bootstrap_interval` of counts as `counts_of` gives them, or of several systems' beside each other."""
    replicates = bootstrap_replicates(score, counts, resamples, seed, block)
    return _interval(replicates, images_that_count(influences(score, counts), block), level)


def bootstrap_replicates(score, counts, resamples, seed, block):
    """The score of each resample, `[resamples, ...]`."""
    random, replicates = np.random.default_rng([seed, 0]), []
    for number in portions(resamples):
        weights = draw_weights(random, len(counts[0]), number, block)
        replicates.append(score(*(weights @ part for part in counts)))
    return np.concatenate(replicates)


def draw_weights(random: np.random.Generator, images: int, resamples: int, block: int = 1) -> np.ndarray:
    """How often each resample draws each image, float64 `[resamples, images]`; every row adds up to `images`.

    Args:
        random: source of the drawing.
        images: how many there are to draw from, in the order in which they were taken.
        resamples: how many rows.
        block: consecutive images drawn together, from any first one on; after the last image comes the first again, so
            that all are drawn equally often. The last block is cut where the resample is full.
    """
    if block == 1:
        return random.multinomial(images, np.full(images, 1 / images), size=resamples).astype(float)
    first = random.integers(0, images, size=(resamples, -(-images // block), 1))
    drawn = ((first + np.arange(block)) % images).reshape(resamples, -1)[:, :images]
    places = drawn + images * np.arange(resamples)[:, None]
    return np.bincount(places.ravel(), minlength=resamples * images).reshape(resamples, images).astype(float)


def portions(resamples) -> list[int]:
    """Resamples in portions that bound the memory and change nothing in what is drawn."""
    return [min(AT_ONCE, resamples - first) for first in range(0, resamples, AT_ONCE)]


def images_that_count(influence, block: int = 1) -> np.ndarray:
    """How many independent images, or blocks of them, the spread of a score rests on, from 2 to all, per entry.

    Where n images have influences of kurtosis k, their variance is known as well as that of 2n / (k - 1) normal ones:
    all n if the influences are normal, and few if few images have any influence.

    Args:
        influence: of each image, `[images, ...]`, from `influences`.
        block: consecutive images that count as one.
    """
    blocks = np.add.reduceat(influence, np.arange(0, len(influence), block), axis=0)
    number = len(blocks)
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning), np.errstate(all="ignore"):
        kurtosis = number * np.nansum(blocks**4, axis=0) / np.nansum(blocks**2, axis=0) ** 2
        count = 2 * number / (kurtosis - 1)
    return np.clip(np.where(np.isnan(count), 2, count), 2, number)


def _interval(replicates, images, level) -> Interval:
    """Percentiles of replicates `[resamples, ...]`, expanded as Student's t is wider than the normal distribution."""
    if not 0 < level < 1:
        raise CourseError(f"The level of confidence must lie between 0 and 1, got {level}.")
    inside = norm.cdf(t.ppf(0.5 + level / 2, images - 1) * np.sqrt(images / (images - 1)))
    columns = zip(replicates.reshape(len(replicates), -1).T, np.ravel(inside), strict=True)
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # all NaN
        ends = [np.nanquantile(column, [1 - share, share]) for column, share in columns]
    return Interval(*np.transpose(ends)) if replicates.ndim > 1 else Interval(*map(float, ends[0]))
