"""Two systems on the same frames."""

import json

import numpy as np
import pytest

from course_utils.errors import CourseError
from course_utils.evaluation import Tally, bootstrap_interval, compare, comparison_table, holm, images_needed
from course_utils.evaluation.measures.score_functions import class_iou
from course_utils.evaluation.statistics.permutation import paired_test
from course_utils.labels import CAMVID, CITYSCAPES

ROAD, PAVEMENT, CAR, TRUCK = 7, 8, 26, 27


def scores_of(skill, frames=30, names=None, seed=0, **wrong):
    """A system that finds this share of the pixels of the two classes of the ground and of all cars."""
    tally = Tally(CITYSCAPES)
    for number in range(frames):
        rng = np.random.default_rng([seed, number])
        truth = rng.choice([ROAD, PAVEMENT, CAR], (20, 30)).astype(np.uint8)
        lost = np.random.default_rng([seed, number, int(1000 * skill)]).random(truth.shape) > skill
        prediction = np.where(lost & (truth != CAR), wrong.get("instead", PAVEMENT), truth).astype(np.uint8)
        tally.update(truth, prediction, name=names[number] if names else f"frame {number}")
    return tally.scores()


def test_a_clear_difference_is_decided_and_none_is_not():
    comparison = compare(scores_of(0.9), scores_of(0.7), resamples=2000)
    assert comparison.frames == 30 and comparison.mean_iou.decided
    road, car, sky = (comparison.class_iou[name] for name in ("road", "car", "sky"))
    assert road.decided and road.images_needed is None and road.low < road.difference < road.high
    assert not car.decided and car.difference == 0 and car.corrected == 1 and car.images_needed == np.inf
    assert np.isnan([sky.difference, sky.low, sky.p_value, sky.corrected]).all() and not sky.decided
    lines = {line.split("  ")[0]: line for line in comparison_table(comparison, ("A", "B")).splitlines()}
    assert lines["road"].endswith("decided")
    assert lines["car"].endswith("no difference") and lines["sky"].endswith("not defined")
    assert "−" in lines["mean"] or "+" in lines["mean"]


def test_figures_are_those_of_the_tests_one_by_one():
    first, second = scores_of(0.82), scores_of(0.81)
    comparison = compare(first, second, resamples=1000)
    matrices = [[frame.confusion for frame in scores.per_frame] for scores in (first, second)]
    mean = paired_test(*matrices, resamples=1000)
    assert comparison.mean_iou.first == first.mean_iou and comparison.mean_iou.second == second.mean_iou
    found = comparison.mean_iou
    assert (found.difference, found.low, found.high, found.p_value) == pytest.approx(mean)
    for k, name in enumerate(CITYSCAPES.names[:2]):
        alone = paired_test(*matrices, lambda *sums, k=k: class_iou(*sums)[..., k], resamples=1000)
        assert comparison.class_iou[name].p_value == alone.p_value
    defined = [d for d in [found, *comparison.class_iou.values()] if not np.isnan(d.p_value)]
    assert len(defined) == 4  # mean, road, pavement, car
    np.testing.assert_allclose([d.corrected for d in defined], holm([d.p_value for d in defined]))
    undecided = next(d for d in defined if not d.decided and d.difference)
    needed = images_needed(undecided.difference, undecided.low, undecided.high, 30, comparisons=4)
    assert undecided.images_needed == max(30, needed)
    assert needed > images_needed(undecided.difference, undecided.low, undecided.high, 30)


def test_classes_of_few_frames_need_more_of_them():
    """The test of a class that one frame in ten shows cannot decide anything, however clear the difference."""
    tallies = [Tally(CITYSCAPES), Tally(CITYSCAPES)]
    for number in range(20):
        truth = np.full((4, 4), ROAD, np.uint8)
        truth[0] = CAR if number % 10 == 0 else ROAD
        for tally, found in zip(tallies, (CAR, ROAD), strict=True):
            tally.update(truth, np.where(truth == CAR, found, truth), name=f"frame {number}")
    car = compare(*(tally.scores() for tally in tallies)).class_iou["car"]
    assert car.difference == 1 and not car.decided
    # Mean, road and car are compared: at least log2(2 * 3 / 0.05) = 6.9 frames must show it, two of twenty do.
    assert car.images_needed == 20 * 7 / 2


def test_frames_are_paired_by_name_and_others_left_out():
    first = scores_of(0.9, 10)
    order = [f"frame {k}" for k in range(10)]
    more = scores_of(0.7, 12, names=[*order, "frame 10", "frame 11"])
    comparison = compare(first, more, resamples=500)
    assert comparison.frames == 10 and "2 frames" in comparison.notes[0]
    same = compare(first, scores_of(0.7, 10), resamples=500)
    assert comparison.mean_iou == same.mean_iou
    assert comparison.notes[0] in comparison_table(comparison, ("A", "B"))


def test_a_class_that_one_system_alone_predicts_is_no_comparison():
    comparison = compare(scores_of(0.9, 10, instead=TRUCK), scores_of(0.9, 10), resamples=200)
    truck = comparison.class_iou["truck"]
    assert truck.first == 0 and np.isnan(truck.second) and np.isnan(truck.corrected)
    values = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    assert values["class_iou"]["truck"]["difference"] is None and values["class_iou"]["truck"]["decided"] is False
    assert values["mean_iou"]["decided"] is comparison.mean_iou.decided and values["level"] == 0.95


def test_paired_intervals_are_narrower_than_the_systems_own():
    first, second = scores_of(0.9), scores_of(0.88)
    own = bootstrap_interval([frame.confusion for frame in first.per_frame])
    found = compare(first, second, resamples=2000).mean_iou
    assert found.high - found.low < 2 * (own.high - own.low)


def test_what_cannot_be_compared():
    one = scores_of(0.9, 2)
    with pytest.raises(CourseError, match="0 of the same frames"):
        compare(one, scores_of(0.9, 2, names=["other 1", "other 2"]))
    road = np.zeros((2, 2), np.uint8)
    tally = Tally(CAMVID)
    tally.update(road, road, name="frame 0")
    with pytest.raises(CourseError, match="different classes"):
        compare(one, tally.scores())
