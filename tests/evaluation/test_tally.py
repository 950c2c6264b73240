"""Counting the frames of a data set."""

import numpy as np
import pytest
from random_frames import CITIES, maps_of, scores_of, tally_of

from course_utils.errors import CourseError
from course_utils.evaluation import CropFactorIoU, Tally
from course_utils.labels import CITYSCAPES


def test_crops_are_counted_as_apart_and_add_up():
    factors = (0, 200)
    whole = tally_of(0.2, factors=factors)
    apart = CropFactorIoU(CITYSCAPES.num_classes, factors)
    for number in range(len(CITIES)):
        apart.update(*map(CITYSCAPES.to_train_ids, maps_of(number, 0.2)))
    scores = whole.scores()
    assert scores.distance.mean_iou() == apart.mean_iou()
    assert scores.distance.mean_iou()[0] == scores.mean_iou
    values = scores.to_dict()["crop_factor_iou"]
    assert list(values) == ["0", "200"] and values["200"]["mean"] == apart.mean_iou()[200]
    twice = tally_of(0.2, factors=factors)
    twice += whole
    assert twice.scores().distance.mean_iou() == pytest.approx(apart.mean_iou())
    assert scores_of(0.2).to_dict()["crop_factor_iou"] == {}


def test_frames_with_and_without_instances_do_not_mix():
    tally, road = Tally(CITYSCAPES), np.full((2, 2), 7, np.uint8)
    tally.update(road, road, road)
    tally.update(road, road)
    with pytest.raises(CourseError, match="1 of 2 frames"):
        tally.scores()


def test_an_object_of_a_class_without_instances_is_refused():
    road = np.full((2, 2), 7, np.uint8)
    with pytest.raises(CourseError, match=r"label id 7 \(road\)"):
        Tally(CITYSCAPES).update(road, road, road * np.uint16(1000) + 1)
