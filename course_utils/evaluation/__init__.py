"""How good a segmentation is: one confusion matrix over the data set, and the scores that follow from it.

confusion.py   ConfusionMatrix: IoU, accuracy
instances.py   iIoU, where every object weighs the same
boundary.py    boundary F: whether the borders are where they should be
distance.py    IoU in crops towards the vanishing point
scores.py      all scores of a data set, as a table and as JSON
statistics.py  intervals and tests: which differences are more than chance
folders.py     scoring a folder of predicted PNGs, equal to the official Cityscapes script
"""

from course_utils.evaluation.boundary import BoundaryF, boundary_f_score
from course_utils.evaluation.confusion import ConfusionMatrix
from course_utils.evaluation.distance import CropFactorIoU, crop_factor_iou, crop_windows
from course_utils.evaluation.folders import find_predictions, score_folder, tally_frame
from course_utils.evaluation.scores import Scores, Tally
from course_utils.evaluation.statistics import bootstrap_interval, class_iou, holm, images_needed, mean_iou, paired_test

__all__ = [
    "BoundaryF",
    "ConfusionMatrix",
    "CropFactorIoU",
    "Scores",
    "Tally",
    "bootstrap_interval",
    "boundary_f_score",
    "class_iou",
    "crop_factor_iou",
    "crop_windows",
    "find_predictions",
    "holm",
    "images_needed",
    "mean_iou",
    "paired_test",
    "score_folder",
    "tally_frame",
]
