"""The confusion matrix against counting pixel by pixel."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.errors import CourseError
from course_utils.evaluation import ConfusionMatrix

VOID = 255


@st.composite
def label_maps(draw):
    """`(num_classes, truth, prediction)` of any shape and integer type, void in both."""
    num_classes = draw(st.integers(1, 6))
    shape = tuple(draw(st.lists(st.integers(0, 6), min_size=1, max_size=3)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = [*range(num_classes), VOID]
    truth, prediction = (
        rng.choice(values, shape).astype(draw(st.sampled_from(["uint8", "int16", "int32", "int64", "uint64"])))
        for _ in range(2)
    )
    return num_classes, truth, prediction


@settings(max_examples=100, deadline=None)
@given(label_maps())
def test_counts_and_scores_by_definition(maps):
    num_classes, truth, prediction = maps
    confusion = ConfusionMatrix(num_classes)
    confusion.update(truth, prediction)
    pairs = list(zip(truth.ravel().tolist(), prediction.ravel().tolist(), strict=True))

    for row, column in itertools.product(range(num_classes), repeat=2):
        assert confusion.matrix[row, column] == pairs.count((row, column))
    valid = [(true, predicted) for true, predicted in pairs if true != VOID]
    assert confusion.pixel_accuracy() == pytest.approx(_mean([t == p for t, p in valid]), nan_ok=True)
    for k in range(num_classes):
        intersection = sum(t == p == k for t, p in valid)
        union = sum(t == k or p == k for t, p in valid)
        assert confusion.iou()[k] == pytest.approx(intersection / union if union else math.nan, nan_ok=True)
        found = _mean([p == k for t, p in valid if t == k])
        assert confusion.class_accuracy()[k] == pytest.approx(found, nan_ok=True)
    ious = [iou for iou in confusion.iou() if not math.isnan(iou)]
    assert confusion.mean_iou() == pytest.approx(_mean(ious), nan_ok=True)
    weighted = _mean([confusion.iou()[t] for t, _ in valid])
    assert confusion.frequency_weighted_iou() == pytest.approx(weighted, nan_ok=True)
    groups = {"even": range(0, num_classes, 2), "last": [num_classes - 1]}
    for name, members in groups.items():
        intersection = sum(t in members and p in members for t, p in valid)
        union = sum(t in members or p in members for t, p in valid)
        expected = intersection / union if union else math.nan
        assert confusion.category_iou(groups)[name] == pytest.approx(expected, nan_ok=True)


def _mean(values):
    return sum(values) / len(values) if values else math.nan


@settings(max_examples=50, deadline=None)
@given(label_maps(), st.integers(0, 10))
def test_parts_add_up(maps, cut):
    num_classes, truth, prediction = maps
    whole, first, second = (ConfusionMatrix(num_classes) for _ in range(3))
    whole.update(truth, prediction)
    first.update(truth[:cut], prediction[:cut])
    second.update(truth[cut:], prediction[cut:])
    assert first + second == second + first == whole
    first += second
    assert first == whole
    assert (first == ConfusionMatrix(num_classes)) == (whole.matrix.sum() + whole.missed.sum() == 0)


@settings(max_examples=50, deadline=None)
@given(label_maps())
def test_merging_classes_is_counting_merged_maps(maps):
    num_classes, truth, prediction = maps
    groups = [[0], range(2, num_classes)]  # class 1 becomes void
    new = np.full(256, VOID)
    for k, members in enumerate(groups):
        new[list(members)] = k
    before, after = ConfusionMatrix(num_classes), ConfusionMatrix(2)
    before.update(truth, prediction)
    after.update(new[truth.astype(int)], new[prediction.astype(int)])
    assert before.merge(groups) == after


def test_absent_and_only_predicted_classes():
    confusion = ConfusionMatrix(4)
    confusion.update([0, 0, 1, 1], [0, 2, 1, 1])
    np.testing.assert_array_equal(confusion.iou(), [0.5, 1, 0, np.nan])
    np.testing.assert_array_equal(confusion.class_accuracy(), [0.5, 1, np.nan, np.nan])
    assert confusion.mean_iou() == 0.5


def test_a_predicted_void_is_a_miss_and_no_false_alarm():
    confusion = ConfusionMatrix(2)
    confusion.update(np.uint8([0, 0, 0, 1, VOID]), np.uint8([0, 0, VOID, 1, 1]))
    assert confusion.missed.tolist() == [1, 0]
    np.testing.assert_allclose(confusion.iou(), [2 / 3, 1])
    assert confusion.pixel_accuracy() == 0.75


def test_nothing_counted_has_no_score():
    confusion = ConfusionMatrix(3)
    scores = [confusion.mean_iou(), confusion.pixel_accuracy(), confusion.frequency_weighted_iou()]
    assert all(map(math.isnan, scores)) and np.isnan(confusion.iou()).all()


def test_counts_beyond_32_bits_stay_exact():
    confusion = ConfusionMatrix(2)
    confusion.update([0, 0, 1], [0, 1, 1])
    for _ in range(40):
        confusion = confusion + confusion
    assert confusion.matrix.tolist() == [[2**40, 2**40], [0, 2**40]]
    assert confusion.iou().tolist() == [0.5, 0.5]


@pytest.mark.parametrize("dtype", ["uint8", "int64"])
@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        ([0, 1], [0, 7], "prediction holds 7"),
        ([9, 8], [0, 1], "truth holds 8, 9"),
        ([VOID, 1], [5, 1], "prediction holds 5"),
        ([0, 1, 2], [0, 1], "differ in shape"),
    ],
)
def test_wrong_values_are_named_and_not_counted(dtype, truth, prediction, message):
    confusion = ConfusionMatrix(3)
    with pytest.raises(CourseError, match=message):
        confusion.update(np.array(truth, dtype), np.array(prediction, dtype))
    assert confusion == ConfusionMatrix(3)


def test_negative_values_floats_and_unlike_matrices_are_refused():
    confusion = ConfusionMatrix(3)
    with pytest.raises(CourseError, match="holds -1"):
        confusion.update([0], [-1])
    with pytest.raises(CourseError, match="float"):
        confusion.update([0], [0.0])
    with pytest.raises(CourseError, match="Cannot add"):
        confusion + ConfusionMatrix(4)
    with pytest.raises(CourseError, match="one of the 3 classes"):
        ConfusionMatrix(3, ignore_label=2)


@pytest.mark.parametrize("ignore_label", [-1, 11, 255, 1000, None])
def test_any_void_value(ignore_label):
    confusion = ConfusionMatrix(11, ignore_label)
    confusion.update([0, 10, 5 if ignore_label is None else ignore_label], [0, 0, 3])
    assert confusion.matrix.sum() == (3 if ignore_label is None else 2)
