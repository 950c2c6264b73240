"""The seed as a source of variance of its own."""

import numpy as np
import pytest
from random_counts import SKILL, draw, parts

from course_utils.errors import CourseError
from course_utils.evaluation import bootstrap_interval, seed_difference, seed_spread
from course_utils.evaluation.measures.score_functions import class_iou, mean_iou, pixel_accuracy


def trained(seeds, images, spread, sample=0):
    """Counts [images, 2, 2] for each seed: its share of right pixels varies by `spread`, an image's by 0.1."""
    random = np.random.default_rng([seeds, images, sample])
    area, image = 10_000, random.normal(0, 0.1, images)
    trainings = []
    for shift in random.normal(0, spread, seeds):
        right = (area * np.clip(0.6 + image + shift, 0, 1)).astype(int)
        counts = np.zeros((images, 2, 2), int)
        counts[:, 0, 0], counts[:, 0, 1] = right, area - right
        trainings.append(counts)
    return trainings


def test_the_two_sources_are_told_apart():
    spread = seed_spread(trained(40, 100, 0.05), pixel_accuracy)
    assert spread.seeds == pytest.approx(0.05, rel=0.3)
    assert spread.images == pytest.approx(0.1 / np.sqrt(100), rel=0.3)


def test_mean_and_deviation_are_those_of_the_scores():
    trainings = [draw(20, seed) for seed in (1, 2, 3)]
    scores = [mean_iou(*parts(counts.sum(axis=0))) for counts in trainings]
    spread = seed_spread(trainings)
    assert spread.mean == pytest.approx(np.mean(scores)) and spread.seeds == pytest.approx(np.std(scores, ddof=1))
    classes = seed_spread(trainings, class_iou)
    assert classes.mean.shape == classes.low.shape == SKILL.shape
    assert (classes.low < classes.mean).all() and (classes.mean < classes.high).all()


def test_one_training_twice_leaves_the_images_only():
    counts = draw(60, 5)
    spread, interval = seed_spread([counts, counts]), bootstrap_interval(counts)
    assert spread.seeds == 0
    assert spread.high - spread.low == pytest.approx(interval.high - interval.low, rel=0.15)


def test_an_interval_of_95_per_cent_holds_the_truth_so_often():
    """In 400 samples of five seeds and 30 images: the share's own standard error is 1.1 points."""
    found = [seed_spread(trained(5, 30, 0.05, sample), pixel_accuracy, resamples=200) for sample in range(400)]
    assert 0.92 < np.mean([spread.low <= 0.6 <= spread.high for spread in found]) < 0.98


def test_wrong_input_is_refused():
    with pytest.raises(CourseError, match="at least two trainings, got 1"):
        seed_spread([draw(3, 0)])
    with pytest.raises(CourseError, match=r"same images, got \[3, 4\]"):
        seed_spread([draw(3, 0), draw(4, 0)])
    with pytest.raises(CourseError, match=r"of each, got \[2, 1\]"):
        seed_difference([draw(3, 0)] * 2, [draw(3, 0)])
    with pytest.raises(CourseError, match=r"same images, got \[3, 4\]"):
        seed_difference([draw(3, 0)] * 2, [draw(4, 0)] * 2)


def test_equal_systems_seem_to_differ_as_rarely_as_the_level_says():
    """400 pairs of five and three seeds of one kind, on the same images: 1.1 points of error of the share."""

    def pair(sample):
        eight = trained(8, 30, 0.05, sample)
        return seed_difference(eight[:5], eight[5:], pixel_accuracy, resamples=200)

    found = [pair(sample) for sample in range(400)]
    assert 0.02 < np.mean([one.p_value < 0.05 for one in found]) < 0.08
    assert all((one.p_value < 0.05) == (one.low > 0 or one.high < 0) for one in found)


def test_what_makes_an_image_hard_for_both_is_left_out():
    """Seeds that differ by a shift alone: the images, whose own spread is large, do not blur the difference."""
    trainings = trained(4, 50, 0.05)
    found = seed_difference(trainings[:2], trainings[2:], pixel_accuracy)
    assert found.images < 0.2 * seed_spread(trainings, pixel_accuracy).images
    there, back = (seed_difference(*pair) for pair in ((trainings[:2], trainings[2:]), (trainings[2:], trainings[:2])))
    assert there.difference == -back.difference and there.p_value == pytest.approx(back.p_value)


def test_a_seed_more_or_less_is_welch_s_test_where_the_images_are_all_alike():
    """Independent code: scipy's Welch test on the scores, as equal images have no spread."""
    from scipy.stats import ttest_ind

    def constant(score):
        return np.array([[[int(score), 1000 - int(score)], [0, 0]]] * 6)

    first, second = [600, 640, 655], [500, 590, 560, 620]
    found = seed_difference([constant(s) for s in first], [constant(s) for s in second], pixel_accuracy, block=1)
    assert found.images == pytest.approx(0, abs=1e-12)
    assert found.p_value == pytest.approx(ttest_ind(first, second, equal_var=False).pvalue, rel=1e-6)
