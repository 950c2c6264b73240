"""What intervals and tests start from: the pixels of each image, or of each group of images."""

from collections.abc import Iterable, Sequence

import numpy as np

from course_utils.errors import CourseError
from course_utils.evaluation.measures.confusion import ConfusionMatrix


def counts_of(matrices) -> list[np.ndarray]:
    """The pixels that are right, true and predicted, from matrices as `bootstrap_interval` takes them.

    Returns:
        three float64 [images, classes], exact below 2**53.

    Raises:
        CourseError: fewer than two images.
    """
    if isinstance(matrices, np.ndarray):
        images = [(np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)) for counts in matrices]
    else:
        images = [(np.diag(m.matrix), m.matrix.sum(axis=1) + m.missed, m.matrix.sum(axis=0)) for m in matrices]
    if len(images) < 2:
        raise CourseError(f"An interval needs at least two images, got {len(images)}.")
    return [np.array(part, float) for part in zip(*images, strict=True)]


def summed(matrices: Iterable[ConfusionMatrix], groups: Sequence) -> list[ConfusionMatrix]:
    """One matrix per group, such as a city: the sum of its images, in the order in which the groups first occur.

    Frames of one city resemble each other more than frames of two, so resampling frames promises too much about
    another city.

    Args:
        matrices: one per image.
        groups: the group of each image.
    """
    totals = {}
    for group, matrix in zip(groups, matrices, strict=True):
        totals[group] = totals[group] + matrix if group in totals else matrix
    return list(totals.values())
