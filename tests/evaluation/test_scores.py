"""The table and the JSON of scores, and what is refused."""

import json

import numpy as np
import pytest

from course_utils.evaluation import Tally, score_table
from course_utils.evaluation.measures.instances import IIOU_RULE
from course_utils.labels import CAMVID, CITYSCAPES


@pytest.fixture
def tally():
    """Half of the road found, a car of which a quarter was taken for a truck, everything else absent."""
    truth = np.full((10, 20), 7, np.uint8)
    truth[:2, :10] = 26
    prediction = truth.copy()
    prediction[5:] = 8
    prediction[:1, :5] = 27
    result = Tally(CITYSCAPES)
    result.update(truth, prediction, np.where(truth == 26, 26000, 7))
    return result


def test_table(tally):
    classes, categories, rule, totals = score_table(tally.scores()).split("\n\n")
    assert rule == IIOU_RULE
    lines = {line.split("  ")[0]: line.split()[1:] for line in classes.splitlines()}
    assert lines["road"] == ["44.4", "–", "44.4", "90.0"]
    assert lines["car"] == ["75.0", "75.0", "75.0", "10.0"]
    assert lines["truck"] == ["0.0", "0.0", "–", "0.0"]
    assert lines["sky"] == ["–", "–", "–", "0.0"]
    assert lines["mean"] == ["29.9", "37.5", "59.7"]
    assert len({len(line) for line in classes.splitlines()[:-1]}) == 1  # aligned
    assert ["vehicle", "100.0", "100.0"] in [line.split() for line in categories.splitlines()]
    assert totals.split()[:3] == ["pixel", "accuracy", "47.5"]


def test_table_without_instances_has_no_instance_column():
    tally = Tally(CAMVID)
    tally.update(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8))
    assert "iIoU" not in score_table(tally.scores())
    assert json.loads(tally.scores().to_json())["mean_iiou"] is None


def test_json(tally):
    scores = tally.scores()
    values = json.loads(scores.to_json(dataset="cityscapes"))
    assert next(iter(values)) == "dataset"
    assert values["mean_iou"] == scores.mean_iou and values["pixel_accuracy"] == scores.pixel_accuracy
    assert values["class_iou"]["sky"] is None and values["class_iou"]["car"] == 0.75
    assert values["confusion"] == scores.confusion.matrix.tolist()


def test_shares_of_pixels_sum_to_one(tally):
    assert sum(tally.scores().pixel_share.values()) == pytest.approx(1)
