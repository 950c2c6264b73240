"""Scores of sums of pixels, for any number of resamples at a time."""

from collections.abc import Callable

import numpy as np

Score = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""From pixels right, pixels of the truth and pixels predicted, each `[..., classes]`, to a score `[...]` or for each
class `[..., classes]`."""


def class_iou(hits, truth, predicted) -> np.ndarray:
    """Intersection over union of each class, `[..., classes]`; NaN where a class is neither present nor predicted."""
    with np.errstate(invalid="ignore"):
        return np.true_divide(hits, truth + predicted - hits)


def mean_iou(hits, truth, predicted) -> np.ndarray:
    """Mean of `class_iou` over the classes where it is defined, `[...]`."""
    iou = class_iou(hits, truth, predicted)
    defined = ~np.isnan(iou)
    with np.errstate(invalid="ignore"):
        return np.true_divide(np.where(defined, iou, 0).sum(axis=-1), defined.sum(axis=-1))


def pixel_accuracy(hits, truth, predicted) -> np.ndarray:
    """Share of all pixels that were predicted right, `[...]`."""
    with np.errstate(invalid="ignore"):
        return np.true_divide(np.sum(hits, axis=-1), np.sum(truth, axis=-1))


def means_and_iou(hits, truth, predicted) -> np.ndarray:
    """`mean_iou`, then `class_iou`: `[..., 1 + classes]`, so that one resampling serves all."""
    means = mean_iou(hits, truth, predicted)
    return np.concatenate([np.expand_dims(means, -1), class_iou(hits, truth, predicted)], axis=-1)
