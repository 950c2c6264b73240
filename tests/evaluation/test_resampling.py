"""What is resampled, images or cities, and what is said where they are few."""

import numpy as np
import pytest

from course_utils.errors import CourseError
from course_utils.evaluation import (
    CropFactorIoU,
    Resampling,
    Tally,
    bootstrap_interval,
    compare,
    paired_test,
    seed_spread,
    seed_table,
    spread_of_trainings,
)
from course_utils.evaluation.measures.score_functions import means_and_iou
from course_utils.evaluation.statistics.intervals import summed
from course_utils.evaluation.statistics.resampling import FEWEST, caution, resampled_units
from course_utils.labels import CITYSCAPES

CITIES = ["ulm", "bonn", "jena", "ulm", "bonn", "jena", "ulm"]


def tally_of(wrong, cities=CITIES, resampling=None, factors=()):
    """Frames of three classes, of which the share `wrong` of the pixels and a little more in each frame is wrong."""
    tally = Tally(CITYSCAPES, factors=factors)
    for number, city in enumerate(cities):
        rng = np.random.default_rng(number)
        truth = np.kron(rng.choice([7, 8, 26], (4, 8)), np.ones((4, 4), int)).astype(np.uint8)
        miss = rng.random(truth.shape) < wrong + 0.03 * number
        tally.update(truth, np.where(miss, 7, truth).astype(np.uint8), name=f"frame {number}", city=city)
    return tally


def scores_of(wrong, cities=CITIES):
    return tally_of(wrong, cities).scores()


def with_resampling(scores, *values):
    from dataclasses import replace

    return replace(scores, resampling=Resampling(*values))


def test_intervals_over_cities_alone_are_those_of_the_cities_sums():
    scores = with_resampling(scores_of(0.1), "cities", 500, 3)
    assert list(scores.intervals) == ["cities"]
    matrices = [frame.confusion for frame in scores.per_frame]
    expected = bootstrap_interval(summed(matrices, CITIES), resamples=500, seed=3)
    assert scores.intervals["cities"].mean_iou == pytest.approx(expected)
    assert scores.intervals["cities"].number == 3
    assert scores.to_dict()["resampling"] == {"over": "cities", "resamples": 500, "seed": 3}


def test_the_seed_draws_other_resamples_of_the_same_spread():
    ends = [with_resampling(scores_of(0.1), "images", 2000, seed).intervals["images"].mean_iou for seed in (0, 1)]
    assert ends[0] != ends[1]
    np.testing.assert_allclose(ends[0], ends[1], atol=0.2 * (ends[0].high - ends[0].low))


@pytest.mark.parametrize(
    ("cities", "message"),
    [(["ulm"] * 3, "all come from ulm"), ([None] * 3, "do not say of which city")],
    ids=["1", "0"],
)
def test_cities_that_are_not_there_cannot_be_resampled(cities, message):
    scores = with_resampling(scores_of(0.1, cities), "cities")
    for work in (lambda: scores.intervals, lambda: compare(scores, scores, over="cities")):
        with pytest.raises(CourseError, match=message):
            work()


@pytest.mark.parametrize("over", ["images", "cities"])
def test_few_of_them_are_cautioned_against(over):
    assert caution(over, FEWEST[over]) is None
    told = caution(over, FEWEST[over] - 1)
    assert told.startswith(f"CAUTION: {FEWEST[over] - 1} {over}") and "\n" not in told


def test_cautions_go_with_intervals():
    scores = scores_of(0.1)
    assert [told.split()[2] for told in scores.cautions] == ["images", "cities"]
    assert all(told in scores.table(intervals=True) and told not in scores.table() for told in scores.cautions)
    assert scores.to_dict()["cautions"] == scores.cautions
    many = scores_of(0.0, [f"city {k // 2}" for k in range(26)])
    assert many.cautions == [] and "CAUTION" not in many.table(intervals=True)
    assert any("CAUTION: 3 cities" in note for note in compare(scores, scores, over="cities", resamples=100).notes)


def test_two_systems_by_cities():
    first, second = scores_of(0.1), scores_of(0.12)
    found = compare(first, second, resamples=500, seed=2, over="cities")
    sums = [resampled_units(scores.per_frame, "cities") for scores in (first, second)]
    expected = paired_test(*sums, resamples=500, seed=2)
    mean = found.mean_iou
    assert (mean.difference, mean.low, mean.high, mean.p_value) == pytest.approx(expected)
    assert found.over == "cities" and found.frames == 7
    # Three cities can be exchanged in eight ways, which decide nothing: more images are needed, in proportion.
    assert not mean.decided and mean.images_needed > 7


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


def test_crops_are_counted_as_apart_and_add_up():
    factors = (0, 200)
    whole = tally_of(0.2, factors=factors)
    apart = CropFactorIoU(CITYSCAPES.num_classes, factors)
    for number in range(len(CITIES)):
        rng = np.random.default_rng(number)
        truth = np.kron(rng.choice([7, 8, 26], (4, 8)), np.ones((4, 4), int)).astype(np.uint8)
        miss = rng.random(truth.shape) < 0.2 + 0.03 * number
        maps = [truth, np.where(miss, 7, truth).astype(np.uint8)]
        apart.update(*map(CITYSCAPES.to_train_ids, maps))
    scores = whole.scores()
    assert scores.distance.mean_iou() == apart.mean_iou()
    assert scores.distance.mean_iou()[0] == scores.mean_iou
    values = scores.to_dict()["crop_factor_iou"]
    assert list(values) == ["0", "200"] and values["200"]["mean"] == apart.mean_iou()[200]
    twice = tally_of(0.2, factors=factors)
    twice += whole
    assert twice.scores().distance.mean_iou() == pytest.approx(apart.mean_iou())
    assert scores_of(0.2).to_dict()["crop_factor_iou"] == {}
