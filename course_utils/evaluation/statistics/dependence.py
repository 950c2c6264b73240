"""How much neighbouring images resemble each other, and how long the blocks are that a bootstrap must draw.

The frames of one drive are no independent sample: what makes a frame hard makes the next one hard. Drawing single
frames breaks that tie and gives intervals that are too narrow; drawing *blocks* of consecutive frames keeps it within
the block (Künsch, "The jackknife and the bootstrap for general stationary observations", Annals of Statistics 1989).
"""

import math
import warnings

import numpy as np

from course_utils.evaluation.measures.score_functions import Score, mean_iou
from course_utils.evaluation.statistics.image_counts import counts_of


def influences(score: Score, counts) -> np.ndarray:
    """What each image does to the score of a data set: what leaving it out takes away, `[images, ...]`.

    Args:
        score: from sums of pixels, as `mean_iou`.
        counts: pixels of each image, as `counts_of` gives them.
    """
    without = score(*(part.sum(axis=0) - part for part in counts))
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # a class that is nowhere is all NaN
        return np.nanmean(without, axis=0) - without


def autocorrelation(series, lags: int) -> np.ndarray:
    """Correlation of a series with itself, 0 to `lags` places later: `[lags + 1]`, the first 1.

    Args:
        series: numbers in the order in which they were taken.
        lags: at most one less than there are numbers.
    """
    centred = np.asarray(series, float) - np.mean(series)
    products = [centred[: len(centred) - lag] @ centred[lag:] for lag in range(lags + 1)]
    return np.array(products) / products[0]


def dependent_lags(correlation, images: int) -> int:
    """The last lag before five in a row whose correlation may be chance; 0 if none is more than chance.

    Args:
        correlation: from `autocorrelation`.
        images: how many it was measured on. Up to `2 * sqrt(log10(images) / images)` a correlation may be chance.
    """
    chance = np.abs(correlation[1:]) < 2 * math.sqrt(math.log10(images) / images)
    runs = np.flatnonzero(np.convolve(chance, np.ones(5), mode="valid") > 4.5)
    return int(runs[0]) if len(runs) else len(chance)


def block_length(matrices, score: Score = mean_iou) -> int:
    """How many consecutive images a bootstrap must draw together, from the correlation measured: 1 if independent.

    Politis and White, "Automatic block-length selection for the dependent bootstrap" (Econometric Reviews 23, 2004), as
    corrected with Patton (28, 2009), for blocks on a circle. Short blocks cut ties between frames, and of long ones
    there are few; the correlations up to twice the last one that is more than chance say where the error is least.
    What is correlated are the `influences` of the images on the score, averaged over the entries of a score that has
    several.

    Args:
        matrices: one per image, in the order in which the images were taken, as in `bootstrap_interval`.
        score: as there.

    Example:

        >>> random = np.random.default_rng(0)
        >>> shares = np.clip(0.7 + 0.01 * np.cumsum(random.normal(size=100)), 0, 1)  # wanders from frame to frame
        >>> right = (1000 * shares).astype(int)
        >>> frames = np.stack([np.stack([right, 1000 - right], -1), np.full((100, 2), [0, 1000])], axis=1)
        >>> block_length(frames) > 10, block_length(random.permutation(frames))
        (True, 1)
    """
    return block_of(score, counts_of(matrices))


def block_of(score: Score, counts) -> int:
    """`block_length` of counts as `counts_of` gives them."""
    found = influences(score, counts)
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # an image without any class
        return length_of_blocks(np.nan_to_num(np.nanmean(found.reshape(len(found), -1), axis=1)))


def length_of_blocks(series) -> int:
    """`block_length` of the influences themselves, [images]."""
    images = len(series)
    # Differences that are rounding errors, as between a system and itself, have no correlation.
    if images < 10 or np.ptp(series) < 1e-12:
        return 1
    lags = min(math.ceil(math.sqrt(images)) + 5, images - 1)
    correlation = autocorrelation(series, lags)
    dependent = dependent_lags(correlation, images)
    if dependent == 0:
        return 1
    reach = min(2 * dependent, lags)
    lag = np.arange(1, reach + 1)
    weighted = correlation[1 : reach + 1] * np.clip(2 - 2 * lag / reach, 0, 1)  # a window with a flat top
    variance, slope = 1 + 2 * weighted.sum(), 2 * (lag * weighted).sum()
    if variance <= 0 or slope <= 0:  # neighbours that differ more than others: single images err to the safe side
        return 1
    length = (1.5 * (slope / variance) ** 2 * images) ** (1 / 3)
    return int(np.clip(round(length), 1, min(math.ceil(3 * math.sqrt(images)), images // 3)))
