"""How good a segmentation is: one confusion matrix over the data set, and the scores that follow from it.

confusion.py   ConfusionMatrix: IoU, accuracy
instances.py   iIoU, where every object weighs the same
boundary.py    boundary F: whether the borders are where they should be
distance.py    IoU in crops towards the vanishing point
tally.py       counting the frames of a data set
frame_counts.py  what each frame gave to the scores
scores.py      all scores of a data set with their intervals, as JSON
seeds.py       what training with other seeds does to a score
statistics.py  intervals and tests: which differences are more than chance
resampling.py  what is resampled, and when that is too little
decisions.py   many comparisons at once, and how many images would decide them
comparison.py  two systems on the same frames
pairs.py       every system of a table against every other
records.py     recorded results of many systems, frame by frame
published.py   the table of the papers
tables.py      scores and comparisons as text
folders.py     scoring a folder of predicted PNGs, equal to the official Cityscapes script
prediction_files.py  which file is the prediction of which frame
id_files.py    reading a PNG of ids, fast and strictly
"""

from course_utils.evaluation.files.folders import score_folder, tally_frame
from course_utils.evaluation.files.prediction_files import find_predictions
from course_utils.evaluation.files.published import PublishedTable, published_cityscapes
from course_utils.evaluation.files.records import Records, frame_scores, records_file
from course_utils.evaluation.measures.boundary import BoundaryF, boundary_f_score
from course_utils.evaluation.measures.confusion import ConfusionMatrix
from course_utils.evaluation.measures.distance import CropFactorIoU, crop_factor_iou, crop_windows
from course_utils.evaluation.measures.frame_counts import FrameCounts, best_and_worst
from course_utils.evaluation.measures.score_functions import class_iou, mean_iou
from course_utils.evaluation.measures.tally import Tally
from course_utils.evaluation.scores import Intervals, Scores
from course_utils.evaluation.statistics.comparison import Difference, SystemComparison, compare
from course_utils.evaluation.statistics.intervals import bootstrap_interval, paired_test
from course_utils.evaluation.statistics.multiple_comparisons import holm, images_needed
from course_utils.evaluation.statistics.pairs import PairTests, compare_all
from course_utils.evaluation.statistics.resampling import Resampling
from course_utils.evaluation.statistics.seeds import SeedSpread, TrainingSpread, seed_spread, spread_of_trainings
from course_utils.evaluation.tables import comparison_table, score_table, seed_table, summary_table

__all__ = [
    "BoundaryF",
    "ConfusionMatrix",
    "CropFactorIoU",
    "Difference",
    "FrameCounts",
    "Intervals",
    "PairTests",
    "PublishedTable",
    "Records",
    "Resampling",
    "Scores",
    "SeedSpread",
    "SystemComparison",
    "Tally",
    "TrainingSpread",
    "best_and_worst",
    "bootstrap_interval",
    "boundary_f_score",
    "class_iou",
    "compare",
    "compare_all",
    "comparison_table",
    "crop_factor_iou",
    "crop_windows",
    "find_predictions",
    "frame_scores",
    "holm",
    "images_needed",
    "mean_iou",
    "paired_test",
    "published_cityscapes",
    "records_file",
    "score_folder",
    "score_table",
    "seed_spread",
    "seed_table",
    "spread_of_trainings",
    "summary_table",
    "tally_frame",
]
