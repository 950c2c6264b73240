"""What is resampled, images or cities, and what is said where they are few."""

import numpy as np
import pytest
from random_frames import CITIES, scores_of

from course_utils.errors import CourseError
from course_utils.evaluation import (
    Resampling,
    bootstrap_interval,
    compare,
    paired_test,
    score_table,
)
from course_utils.evaluation.statistics.image_counts import summed
from course_utils.evaluation.statistics.resampling import CITIES as BY_CITY
from course_utils.evaluation.statistics.resampling import UNITS


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
    [(["ulm"] * 3, "all come from ulm"), ([None] * 3, "do not say which city")],
    ids=["1", "0"],
)
def test_cities_that_are_not_there_cannot_be_resampled(cities, message):
    scores = with_resampling(scores_of(0.1, cities), "cities")
    for work in (lambda: scores.intervals, lambda: compare(scores, scores, over="cities")):
        with pytest.raises(CourseError, match=message):
            work()


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_few_of_them_are_cautioned_against(unit):
    assert unit.caution(unit.fewest) is None
    told = unit.caution(unit.fewest - 1)
    assert told.startswith(f"CAUTION: {unit.fewest - 1} {unit.name}") and "\n" not in told


@pytest.mark.parametrize("work", [lambda s: s.intervals, lambda s: compare(s, s, over="countries")])
def test_an_unknown_unit_is_refused_with_the_choices(work):
    with pytest.raises(CourseError, match="'countries': choose one of images, cities"):
        work(with_resampling(scores_of(0.1), "countries"))


def test_cautions_go_with_intervals():
    scores = scores_of(0.1)
    assert [told.split()[2] for told in scores.cautions] == ["images", "cities"]
    plain, full = score_table(scores), score_table(scores, intervals=True)
    assert all(told in full and told not in plain for told in scores.cautions)
    assert scores.to_dict()["cautions"] == scores.cautions
    many = scores_of(0.0, [f"city {k // 2}" for k in range(26)])
    assert many.cautions == [] and "CAUTION" not in score_table(many, intervals=True)
    assert any("CAUTION: 3 cities" in note for note in compare(scores, scores, over="cities", resamples=100).notes)


def test_two_systems_by_cities():
    first, second = scores_of(0.1), scores_of(0.12)
    found = compare(first, second, resamples=500, seed=2, over="cities")
    sums = [BY_CITY.matrices(scores.per_frame) for scores in (first, second)]
    expected = paired_test(*sums, resamples=500, seed=2)
    mean = found.mean_iou
    assert (mean.difference, mean.low, mean.high, mean.p_value) == pytest.approx(expected)
    assert found.over == "cities" and found.frames == 7
    # Three cities can be exchanged in eight ways, which decide nothing: more images are needed, in proportion.
    assert not mean.decided and mean.images_needed > 7
