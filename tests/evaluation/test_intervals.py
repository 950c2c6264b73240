"""Intervals: against SciPy, by simulation, and on cases with a known answer."""

import numpy as np
import pytest
from random_counts import confusion, draw, parts
from scipy import stats

from course_utils.errors import CourseError
from course_utils.evaluation import bootstrap_interval
from course_utils.evaluation.measures.score_functions import class_iou, mean_iou, pixel_accuracy
from course_utils.evaluation.statistics.image_counts import summed


def test_matrices_and_counts_give_the_same_and_missed_pixels_count_as_truth():
    counts = draw(8, 1)
    assert bootstrap_interval([confusion(image) for image in counts]) == bootstrap_interval(counts)
    missing = [confusion(image) for image in counts]
    for matrix in missing:
        matrix.missed += 2000
    assert bootstrap_interval(missing).high < bootstrap_interval(counts).low


def test_percentiles_are_scipys():
    """SciPy resamples one number per image; the pixel accuracy of two numbers per image is a ratio of sums."""
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


def test_cities_are_resampled_whole_and_so_are_neighbours():
    """Copies of a frame are no new information: as single frames they narrow the interval, as a city or block not."""
    counts = draw(20, 6)
    matrices = [confusion(image) for image in counts for _ in range(4)]
    cities = np.repeat(np.arange(20), 4)
    by_city = bootstrap_interval(summed(matrices, cities))
    assert by_city == pytest.approx(bootstrap_interval(counts))
    widths = [high - low for low, high in (bootstrap_interval(matrices, block=block) for block in (1, None))]
    assert widths[0] < 0.6 * (by_city.high - by_city.low) < 0.8 * widths[1]


def test_wrong_input_is_refused():
    with pytest.raises(CourseError, match="at least two images, got 1"):
        bootstrap_interval(draw(1, 0))
    with pytest.raises(CourseError, match="between 0 and 1, got 95"):
        bootstrap_interval(draw(3, 0), level=95)
