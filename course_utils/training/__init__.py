"""Training: losses, learning-rate schedules, freeze and unfreeze, run folders that survive a kill."""

from course_utils.training.fit import Budget, compile_model, fit
from course_utils.training.losses import SegmentationCrossEntropy, median_frequency_weights
from course_utils.training.phases import freeze_encoder, unfreeze_encoder
from course_utils.training.run import Run

__all__ = [
    "Budget",
    "Run",
    "SegmentationCrossEntropy",
    "compile_model",
    "fit",
    "freeze_encoder",
    "median_frequency_weights",
    "unfreeze_encoder",
]
