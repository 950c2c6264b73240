"""The losses of semantic segmentation: label maps against logits, void pixels left out."""

from course_utils.losses.balancing import median_frequency_weights
from course_utils.losses.cross_entropy import HardExampleCrossEntropy, SegmentationCrossEntropy
from course_utils.losses.overlap import LovaszSoftmax, SoftDice
from course_utils.losses.total import TotalLoss

__all__ = [
    "HardExampleCrossEntropy",
    "LovaszSoftmax",
    "SegmentationCrossEntropy",
    "SoftDice",
    "TotalLoss",
    "median_frequency_weights",
]
