"""How good a segmentation is: one confusion matrix over the data set, and the scores that follow from it.

Imports run down this list only:

findings.py     what `course evaluate` tells of one system or two
tables.py       scores and comparisons as text
comparison.py   two systems on the same frames
trainings.py    one system trained with several seeds
prior.py        what a guess that never looks at the image scores
files/          folders of predictions, recorded results, the published table
tally.py        counts the frames of a data set
scores.py       all scores of a data set, with their intervals
statistics/     what differences are more than chance: intervals, tests, seeds
measures/       what is measured: confusion matrix, IoU, iIoU, boundary F, crops by distance, checkerboards
"""

from course_utils.evaluation.comparison import Difference, SystemComparison, compare
from course_utils.evaluation.files.folders import score_folder, tally_frame
from course_utils.evaluation.files.published import PublishedTable, published_cityscapes
from course_utils.evaluation.files.records import Records, frame_scores, records_file
from course_utils.evaluation.findings import Findings
from course_utils.evaluation.measures.boundary import BoundaryF, boundary_f_score
from course_utils.evaluation.measures.confusion import ConfusionMatrix
from course_utils.evaluation.measures.distance import CropFactorIoU, crop_factor_iou, crop_windows
from course_utils.evaluation.measures.frame_counts import FrameCounts, best_and_worst
from course_utils.evaluation.measures.score_functions import class_iou, mean_iou
from course_utils.evaluation.prior import ImageBlindPrior
from course_utils.evaluation.scores import Intervals, Scores
from course_utils.evaluation.statistics.dependence import block_length
from course_utils.evaluation.statistics.intervals import bootstrap_interval
from course_utils.evaluation.statistics.multiple_comparisons import holm, images_needed
from course_utils.evaluation.statistics.pairs import PairTests, compare_all
from course_utils.evaluation.statistics.permutation import paired_test
from course_utils.evaluation.statistics.resampling import Resampling
from course_utils.evaluation.statistics.seeds import SeedDifference, SeedSpread, seed_difference, seed_spread
from course_utils.evaluation.tables import comparison_table, score_table, seed_table, summary_table
from course_utils.evaluation.tally import Tally
from course_utils.evaluation.trainings import TrainingSpread, spread_of_trainings

__all__ = [
    "BoundaryF",
    "ConfusionMatrix",
    "CropFactorIoU",
    "Difference",
    "Findings",
    "FrameCounts",
    "ImageBlindPrior",
    "Intervals",
    "PairTests",
    "PublishedTable",
    "Records",
    "Resampling",
    "Scores",
    "SeedDifference",
    "SeedSpread",
    "SystemComparison",
    "Tally",
    "TrainingSpread",
    "best_and_worst",
    "block_length",
    "bootstrap_interval",
    "boundary_f_score",
    "class_iou",
    "compare",
    "compare_all",
    "comparison_table",
    "crop_factor_iou",
    "crop_windows",
    "frame_scores",
    "holm",
    "images_needed",
    "mean_iou",
    "paired_test",
    "published_cityscapes",
    "records_file",
    "score_folder",
    "score_table",
    "seed_difference",
    "seed_spread",
    "seed_table",
    "spread_of_trainings",
    "summary_table",
    "tally_frame",
]
