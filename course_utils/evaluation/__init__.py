"""How good a segmentation is: one confusion matrix over the data set, and the scores that follow from it.

confusion.py   ConfusionMatrix: IoU, accuracy
instances.py   iIoU, where every object weighs the same
scores.py      all scores of a data set, as a table and as JSON
folders.py     scoring a folder of predicted PNGs, equal to the official Cityscapes script
"""

from course_utils.evaluation.confusion import ConfusionMatrix
from course_utils.evaluation.folders import find_predictions, score_folder, tally_frame
from course_utils.evaluation.scores import Scores, Tally

__all__ = ["ConfusionMatrix", "Scores", "Tally", "find_predictions", "score_folder", "tally_frame"]
