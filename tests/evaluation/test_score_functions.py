"""Scores of sums of pixels."""

import numpy as np
from random_counts import confusion, draw, parts

from course_utils.evaluation.measures.score_functions import class_iou, mean_iou, pixel_accuracy


def test_scores_are_those_of_the_confusion_matrix():
    counts = draw(5, 0)
    counts[:, 3], counts[:, :, 3] = 0, 0  # a class that nobody has
    matrix = confusion(counts.sum(axis=0))
    sums = parts(counts.sum(axis=0))
    np.testing.assert_array_equal(class_iou(*sums), matrix.iou())
    np.testing.assert_allclose(mean_iou(*sums), matrix.mean_iou())
    np.testing.assert_allclose(pixel_accuracy(*sums), matrix.pixel_accuracy())
