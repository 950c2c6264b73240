"""Many comparisons at once: corrected p-values, and how many images the undecided ones need."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm

from course_utils.evaluation.statistics.intervals import LEVEL


def holm(p_values: Sequence[float]) -> np.ndarray:
    """p-values corrected for their number (Holm, "A simple sequentially rejective multiple test procedure", 1979).

    Whichever differences are real, the probability that any of the others comes out below 0.05 stays below 0.05.

    Args:
        p_values: of all comparisons made.

    Returns:
        float64, in the same order, each at most 1.
    """
    p_values = np.asarray(p_values, float)
    order = np.argsort(p_values)
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    corrected = np.empty_like(p_values)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def images_needed(
    difference: float,
    low: float,
    high: float,
    images: int,
    power: float = 0.8,
    level: float = LEVEL,
    comparisons: int = 1,
) -> float:
    """How many images like these would decide a difference of this size.

    Args:
        difference, low, high: of a `Comparison` with intervals of `level`.
        images: how many it was made on.
        power: probability with which the test is to find the difference.
        level: of the interval, and of the test.
        comparisons: how many are made at once, whose p-values are corrected: the test's level is then that of each.

    Returns:
        images, from the interval's width shrinking as one over their square root; infinite for no difference.
    """
    if difference == 0:
        return float("inf")
    error = (high - low) / (2 * norm.ppf(0.5 + level / 2))
    critical = norm.ppf(1 - (1 - level) / (2 * comparisons))
    return float(images * ((critical + norm.ppf(power)) * error / difference) ** 2)
