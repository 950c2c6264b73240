"""Intervals and tests: against SciPy, by simulation, and on cases with a known answer."""

import numpy as np
import pytest
from scipy import stats

from course_utils.errors import CourseError
from course_utils.evaluation import ConfusionMatrix, bootstrap_interval, holm, images_needed, paired_test
from course_utils.evaluation.measures.score_functions import class_iou, mean_iou, pixel_accuracy
from course_utils.evaluation.statistics.intervals import summed

SHARES = np.array([1.0, 0.9, 0.6, 0.3])  # of the images that show a class
SKILL = np.array([0.9, 0.8, 0.7, 0.5])  # share of a class's pixels that is found


def draw(images, seed, skill=SKILL):
    """Counts [images, 4, 4] of a system: areas and skill vary from image to image."""
    random = np.random.default_rng(seed)
    area = random.gamma(2.0, 1000 * SHARES, size=(images, 4)) * (random.random((images, 4)) < SHARES)
    hits = (area * random.beta(6 * skill, 6 * (1 - skill), size=(images, 4))).astype(int)
    counts = np.zeros((images, 4, 4), int)
    spread = (area.astype(int) - hits) // 3
    for label in range(4):
        counts[:, label] = spread[:, label, None]
        counts[:, label, label] = hits[:, label]
    return counts


def parts(counts):
    return np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1), counts.sum(axis=-2)


def confusion(counts):
    matrix = ConfusionMatrix(counts.shape[-1])
    matrix.matrix = counts.copy()
    return matrix


def test_scores_are_those_of_the_confusion_matrix():
    counts = draw(5, 0)
    counts[:, 3], counts[:, :, 3] = 0, 0  # a class that nobody has
    matrix = confusion(counts.sum(axis=0))
    sums = parts(counts.sum(axis=0))
    np.testing.assert_array_equal(class_iou(*sums), matrix.iou())
    np.testing.assert_allclose(mean_iou(*sums), matrix.mean_iou())
    np.testing.assert_allclose(pixel_accuracy(*sums), matrix.pixel_accuracy())


def test_matrices_and_counts_give_the_same_and_missed_pixels_count_as_truth():
    counts = draw(8, 1)
    assert bootstrap_interval([confusion(image) for image in counts]) == bootstrap_interval(counts)
    missing = [confusion(image) for image in counts]
    for matrix in missing:
        matrix.missed += 2000
    assert bootstrap_interval(missing).high < bootstrap_interval(counts).low


def test_percentiles_are_scipys():
    """SciPy resamples one number an image; the pixel accuracy of two numbers an image is a ratio of sums."""
    counts = draw(60, 2)
    hits, truth, _ = (part.sum(axis=-1) for part in parts(counts))
    theirs = stats.bootstrap(
        (hits, truth),
        lambda hits, truth, axis: hits.sum(axis) / truth.sum(axis),
        paired=True,
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    low, high = bootstrap_interval(counts, pixel_accuracy, resamples=20_000)
    width = high - low
    assert low == pytest.approx(theirs.low, abs=0.06 * width) and high == pytest.approx(theirs.high, abs=0.06 * width)
    assert width > theirs.high - theirs.low  # expanded


def test_an_interval_of_95_per_cent_holds_the_truth_so_often():
    """In 600 samples of 150 images: the share's own standard error is 0.9 points."""
    truth = mean_iou(*parts(draw(400_000, 3).sum(axis=0)))
    intervals = [bootstrap_interval(draw(150, [4, sample]), resamples=400) for sample in range(600)]
    assert 0.925 < np.mean([low <= truth <= high for low, high in intervals]) < 0.975


def test_interval_by_class_and_an_absent_class():
    counts = draw(30, 5)
    counts[:, 3], counts[:, :, 3] = 0, 0
    low, high = bootstrap_interval(counts, class_iou)
    iou = class_iou(*parts(counts.sum(axis=0)))
    assert (low[:3] < iou[:3]).all() and (iou[:3] < high[:3]).all()
    assert np.isnan([low[3], high[3]]).all()
    narrow_low, narrow_high = bootstrap_interval(counts, class_iou, level=0.5)
    assert (narrow_low[:3] > low[:3]).all() and (narrow_high[:3] < high[:3]).all()


def test_cities_are_resampled_whole():
    """Copies of a frame are no new information: as frames they narrow the interval, as one city they do not."""
    counts = draw(20, 6)
    matrices = [confusion(image) for image in counts for _ in range(4)]
    cities = np.repeat(np.arange(20), 4)
    by_frame, by_city = bootstrap_interval(matrices), bootstrap_interval(summed(matrices, cities))
    assert by_city == pytest.approx(bootstrap_interval(counts))
    assert by_frame.high - by_frame.low < 0.6 * (by_city.high - by_city.low)


def test_equal_systems_are_rarely_told_apart_and_unequal_ones_are():
    p_values = [
        paired_test(draw(40, [7, sample]), draw(40, [8, sample]), resamples=199).p_value for sample in range(300)
    ]
    assert np.mean(np.array(p_values) <= 0.05) < 0.09  # standard error 1.3 points
    assert 0.4 < np.mean(p_values) < 0.6
    better = paired_test(draw(40, 9, np.minimum(SKILL + 0.15, 0.95)), draw(40, 9))
    assert better.p_value < 0.01 and 0 < better.low < better.difference < better.high


def test_paired_test_of_a_system_with_itself_and_with_its_sides_changed():
    first, second = draw(25, 10), draw(25, 11)
    same = paired_test(first, first)
    assert same == (0.0, 0.0, 0.0, 1.0)
    one, other = paired_test(first, second), paired_test(second, first)
    assert (one.difference, one.low, one.high) == pytest.approx((-other.difference, -other.high, -other.low))
    assert one.p_value == other.p_value


def test_p_value_of_few_images_counts_all_exchanges():
    """With three images there are eight ways to exchange, two of which are as extreme as the truth."""
    good, bad = draw(3, 12, np.full(4, 0.95)), draw(3, 12, np.full(4, 0.3))
    assert paired_test(good, bad, resamples=20_000).p_value == pytest.approx(2 / 8, abs=0.02)


def test_holm():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.5, 0.9]), [1.0, 1.0])
    assert holm([]).shape == (0,)


def test_images_needed_has_the_power_it_promises():
    """Of a mean of normal numbers the power is known exactly: Student's test finds it in four of five cases."""
    difference, deviation, images = 0.2, 1.0, 100
    half = stats.norm.ppf(0.975) * deviation / np.sqrt(images)
    needed = images_needed(difference, difference - half, difference + half, images)
    random = np.random.default_rng(0).normal(difference, deviation, size=(2000, round(needed)))
    assert np.mean(stats.ttest_1samp(random, 0, axis=1).pvalue < 0.05) == pytest.approx(0.8, abs=0.03)
    assert images_needed(0.0, -1.0, 1.0, 100) == np.inf


def test_wrong_input_is_refused():
    with pytest.raises(CourseError, match="at least two images, got 1"):
        bootstrap_interval(draw(1, 0))
    with pytest.raises(CourseError, match="same images twice, got 3 and 4"):
        paired_test(draw(3, 0), draw(4, 0))
    with pytest.raises(CourseError, match="between 0 and 1, got 95"):
        bootstrap_interval(draw(3, 0), level=95)
