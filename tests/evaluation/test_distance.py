"""Crops towards the vanishing point: windows by their definition, scores against slicing by hand."""

import doctest
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.errors import CourseError
from course_utils.evaluation import ConfusionMatrix, CropFactorIoU, crop_factor_iou, crop_windows
from course_utils.evaluation.measures import distance

SHARES = st.floats(0, 1)


@settings(deadline=None)
@given(st.integers(32, 2000), st.integers(32, 2000), SHARES, SHARES, st.lists(st.integers(0, 470), unique=True))
def test_windows_are_nested_and_lie_in_the_frame(height, width, y, x, factors):
    factors = sorted(factors)
    windows = crop_windows((height, width), factors, (y, x))
    assert list(windows) == factors
    whole = {0: crop_windows((height, width), [0], (y, x))[0], **windows}
    assert whole[0] == (slice(0, height), slice(0, width))
    for (_, outer), (_, inner) in itertools.pairwise(whole.items()):
        for large, small in zip(outer, inner, strict=True):
            assert large.start <= small.start < small.stop <= large.stop


@settings(deadline=None)
@given(st.integers(64, 2048), st.integers(64, 2048), SHARES, SHARES, st.integers(0, 450))
def test_windows_keep_shape_and_vanishing_point(height, width, y, x, factor):
    """A window is the frame scaled by s around the vanishing point, up to the rounding of its ends."""
    scale = 1 - factor / 512
    for part, length, share in zip(
        crop_windows((height, width), [factor], (y, x))[factor], (height, width), (y, x), strict=True
    ):
        point = share * length
        assert part.start == pytest.approx(point - scale * point, abs=0.51)
        assert part.stop == pytest.approx(point + scale * (length - point), abs=0.51)


@pytest.mark.parametrize("factor", distance.FACTORS)
def test_a_vanishing_point_in_the_middle_takes_c_rows_and_2c_columns(factor):
    rows, columns = crop_windows((1024, 2048), [factor], (0.5, 0.5))[factor]
    assert (rows.start, rows.stop) == (factor, 1024 - factor)
    assert (columns.start, columns.stop) == (2 * factor, 2048 - 2 * factor)


@pytest.mark.parametrize("times", [2, 3])
def test_factors_scale_with_the_frame(times):
    """Where nothing is rounded, the windows of a frame enlarged by a whole number are the windows enlarged."""
    small, large = (crop_windows((128 * k, 256 * k), vanishing_point=(0.25, 0.75)) for k in (4, 4 * times))
    for factor in small:
        ends = [[(part.start, part.stop) for part in windows[factor]] for windows in (small, large)]
        np.testing.assert_array_equal(np.multiply(ends[0], times), ends[1])


@st.composite
def frames(draw):
    """Frames of truth and prediction, `[frames, height, width]`, with void in the truth."""
    shape = draw(st.tuples(st.integers(1, 3), st.integers(12, 30), st.integers(12, 30)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return rng.choice([0, 1, 2, 255], shape).astype(np.uint8), rng.integers(0, 4, shape).astype(np.uint8)


def by_hand(truth, prediction, factor, y, x):
    """The confusion matrix of a crop, from a mask of all pixels instead of slices."""
    height, width = truth.shape[-2:]
    row, column = np.indices((height, width)) + 0.5
    removed_rows, removed_columns = height * factor / 512, width * factor / 512
    inside = (row > math.floor(y * removed_rows + 0.5)) & (row < height - math.floor((1 - y) * removed_rows + 0.5))
    inside &= column > math.floor(x * removed_columns + 0.5)
    inside &= column < width - math.floor((1 - x) * removed_columns + 0.5)
    confusion = ConfusionMatrix(4)
    for true, predicted in zip(truth, prediction, strict=True):
        confusion.update(true[inside], predicted[inside])
    return confusion


@settings(deadline=None, max_examples=40)
@given(frames(), SHARES, SHARES)
def test_scores_equal_slicing_by_hand(maps, y, x):
    scores = CropFactorIoU(4, vanishing_point=(y, x))
    for truth, prediction in zip(*maps, strict=True):
        scores.update(truth, prediction)
    for factor in distance.FACTORS:
        expected = by_hand(*maps, factor, y, x)
        assert scores.confusions[factor] == expected
        np.testing.assert_array_equal(scores.iou()[factor], expected.iou())
        np.testing.assert_equal(scores.mean_iou()[factor], expected.mean_iou())
    whole = ConfusionMatrix(4)
    whole.update(*maps)
    assert scores.confusions[0] == whole

    classes, means = crop_factor_iou(*maps, 4, vanishing_point=(y, x))
    np.testing.assert_array_equal(classes, list(scores.iou().values()))
    np.testing.assert_array_equal(means, list(scores.mean_iou().values()))


@settings(deadline=None, max_examples=20)
@given(frames(), st.integers(0, 3))
def test_parts_add_up(maps, cut):
    whole, first, second = (CropFactorIoU(4) for _ in range(3))
    whole.update(*maps)
    for part, piece in [(first, slice(cut)), (second, slice(cut, None))]:
        for truth, prediction in zip(maps[0][piece], maps[1][piece], strict=True):
            part.update(truth, prediction)
    assert (first + second).confusions == whole.confusions
    first += second
    assert first.confusions == whole.confusions


def test_frames_of_different_sizes_count_together():
    scores = CropFactorIoU(2, [0, 256], vanishing_point=(0.5, 0.5))
    for shape in [(16, 32), (32, 32)]:
        scores.update(np.zeros(shape, int), np.zeros(shape, int))
    assert [c.matrix[0, 0] for c in scores.confusions.values()] == [16 * 32 + 32 * 32, 8 * 16 + 16 * 16]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((64, 128), [512]), "below 512"),
        (((64, 128), [-1]), "at least 0"),
        (((64, 128), [math.nan]), "at least 0"),
        (((64, 128), [0], (1.5, 0.5)), "between 0 and 1"),
        (((64, 128), [0], (0.5,)), "between 0 and 1"),
        (((4, 8), [500]), "leaves nothing"),
        (((3, 64, 128), [0]), r"\(height, width\)"),
    ],
)
def test_windows_that_cannot_be(arguments, message):
    with pytest.raises(CourseError, match=message):
        crop_windows(*arguments)


@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        (np.zeros((8, 8), int), np.zeros((8, 9), int), "differ in shape"),
        (np.zeros(8, int), np.zeros(8, int), "Label maps are"),
        (np.zeros((8, 8), int), np.full((8, 8), 7), "neither a class"),
        (np.zeros((8, 8)), np.zeros((8, 8), int), "must hold integers"),
    ],
)
def test_wrong_frames_change_nothing(truth, prediction, message):
    scores = CropFactorIoU(2)
    with pytest.raises(CourseError, match=message):
        scores.update(truth, prediction)
    assert all(not confusion.matrix.any() for confusion in scores.confusions.values())


def test_a_wrong_value_in_one_crop_leaves_no_crop_counted():
    prediction = np.zeros((64, 128), int)
    prediction[0, 0] = 9
    scores = CropFactorIoU(2, factors=[400, 0])
    with pytest.raises(CourseError, match="neither a class"):
        scores.update(np.zeros((64, 128), int), prediction)
    assert all(not confusion.matrix.any() for confusion in scores.confusions.values())


@pytest.mark.parametrize("other", [CropFactorIoU(2, factors=[0, 9]), CropFactorIoU(2, vanishing_point=(0, 0))])
def test_scores_under_different_rules_do_not_add(other):
    with pytest.raises(CourseError, match="Cannot add"):
        CropFactorIoU(2) + other


def test_examples_of_the_documentation():
    assert doctest.testmod(distance).failed == 0
