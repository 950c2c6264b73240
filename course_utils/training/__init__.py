"""Training: losses, learning-rate schedules, freeze and unfreeze, run folders that survive a kill."""

from course_utils.losses import (
    HardExampleCrossEntropy,
    LovaszSoftmax,
    SegmentationCrossEntropy,
    SoftDice,
    TotalLoss,
    median_frequency_weights,
)
from course_utils.losses.boundaries import DualTaskLoss, EdgeCrossEntropy, edge_labels
from course_utils.training.fitting import Budget, compile_model, fit
from course_utils.training.objectives import objective, prediction_network
from course_utils.training.phases import Phase, PhaseTrainer, freeze_encoder, unfreeze_encoder
from course_utils.training.pretraining import crop_batches
from course_utils.training.recipe import Recipe
from course_utils.training.run import Run
from course_utils.training.train import resume_run, train_recipe
from course_utils.training.validation import confusion_on

__all__ = [
    "Budget",
    "DualTaskLoss",
    "EdgeCrossEntropy",
    "HardExampleCrossEntropy",
    "LovaszSoftmax",
    "Phase",
    "PhaseTrainer",
    "Recipe",
    "Run",
    "SegmentationCrossEntropy",
    "SoftDice",
    "TotalLoss",
    "compile_model",
    "confusion_on",
    "crop_batches",
    "edge_labels",
    "fit",
    "freeze_encoder",
    "median_frequency_weights",
    "objective",
    "prediction_network",
    "resume_run",
    "train_recipe",
    "unfreeze_encoder",
]
