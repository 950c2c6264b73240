"""The spread of a system's scores over trainings with several seeds."""

import numpy as np
import pytest
from random_frames import CITIES, scores_of

from course_utils.errors import CourseError
from course_utils.evaluation import seed_spread, seed_table, spread_of_trainings
from course_utils.evaluation.measures.score_functions import means_and_iou
from course_utils.labels import CITYSCAPES


def test_the_spread_over_trainings_is_that_of_their_matrices():
    trainings = [scores_of(wrong) for wrong in (0.1, 0.15, 0.3)]
    found = spread_of_trainings(trainings, resamples=200)
    matrices = [[frame.confusion for frame in scores.per_frame] for scores in trainings]
    expected = seed_spread(matrices, means_and_iou, resamples=200)
    assert found.number == 3 and found.mean_iou.mean == pytest.approx(np.mean([s.mean_iou for s in trainings]))
    road = list(CITYSCAPES.names).index("road")
    assert found.class_iou["road"].seeds == pytest.approx(expected.seeds[1 + road])
    assert 0 <= found.mean_iou.low < found.mean_iou.mean < found.mean_iou.high <= 1
    assert found.to_dict()["class_iou"]["sky"]["mean"] is None
    mean = next(line for line in seed_table(found).splitlines() if line.startswith("mean ")).split()
    assert mean[1] == f"{100 * found.mean_iou.mean:.1f}"


def test_trainings_must_be_scored_on_the_same_frames():
    with pytest.raises(CourseError, match="on the same frames"):
        spread_of_trainings([scores_of(0.1), scores_of(0.1, CITIES[:3])])
