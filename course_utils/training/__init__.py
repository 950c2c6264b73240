"""Training: from a recipe to a run folder that survives a kill; freezing and unfreezing; schedules.

train.py        a recipe becomes a run: data, network, budget, then epoch after epoch
recipe.py       everything that decides a run, and what suits the machine
recipes/        recipes for a data set in full, a file per system
growing.py      crops straight from full frames, small ones first
network.py      the network of a recipe, compiled
optimization/   Muon and other optimisers, the weight average, 16 bits, steps in parts, memory that runs out
fitting.py      training for a budget of steps or of minutes
recorder.py     validation, checkpoints and log between epochs
standstill.py   notices that nothing happens any more, and says at what
run_folder/     what is in a run folder, and how it is read and written
strategies/     several networks that train together, on one machine or on several
phases.py       freeze, train, unfreeze
"""

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
from course_utils.training.phases import Phase, PhaseTrainer, freeze_encoder, settle_encoder, unfreeze_encoder
from course_utils.training.pretraining import crop_batches
from course_utils.training.recipe import Recipe
from course_utils.training.run_folder.run import Run
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
    "settle_encoder",
    "train_recipe",
    "unfreeze_encoder",
]
