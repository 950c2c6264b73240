"""The losses of semantic segmentation: label maps against logits, void pixels left out.

`LOSSES` holds what `course train --loss` may name. To add a loss, write its file and enter it there.
"""

from course_utils.losses.balancing import BALANCING, median_frequency_weights
from course_utils.losses.cross_entropy import HardExampleCrossEntropy, SegmentationCrossEntropy
from course_utils.losses.overlap import (
    LovaszSoftmax,
    SoftDice,
    dice_with_cross_entropy,
    lovasz_with_cross_entropy,
)
from course_utils.losses.total import TotalLoss

__all__ = [
    "BALANCING",
    "LOSSES",
    "HardExampleCrossEntropy",
    "LovaszSoftmax",
    "SegmentationCrossEntropy",
    "SoftDice",
    "TotalLoss",
    "dice_with_cross_entropy",
    "lovasz_with_cross_entropy",
    "median_frequency_weights",
]

LOSSES = {
    "cross-entropy": SegmentationCrossEntropy,
    "hard-examples": HardExampleCrossEntropy,
    "lovasz": lovasz_with_cross_entropy,
    "dice": dice_with_cross_entropy,
}
"""Losses of the logits: functions of the class weights (None for equal ones) that return a Keras loss."""
