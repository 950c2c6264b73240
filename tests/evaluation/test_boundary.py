"""Boundary F: equal to a slow and plain implementation, its rules for absent classes, and what it refuses."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from course_utils.errors import CourseError
from course_utils.evaluation import BoundaryF, boundary_f_score
from course_utils.evaluation.measures.boundary import pixels_of


def plain_border(mask):
    """Pixels that differ from the right, lower or lower right neighbour, one by one."""
    height, width = mask.shape
    border = []
    for y in range(height):
        for x in range(width):
            neighbours = [(y, min(x + 1, width - 1)), (min(y + 1, height - 1), x)]
            neighbours.append((neighbours[1][0], neighbours[0][1]))
            if any(mask[place] != mask[y, x] for place in neighbours):
                border.append((y, x))
    return border


def share_near(points, others, radius):
    near = [any((y - v) ** 2 + (x - u) ** 2 <= radius**2 for v, u in others) for y, x in points]
    return sum(near) / len(near)


def plain_f(truth, prediction, radius):
    """F of two masks [height, width], True for the class."""
    true, predicted = plain_border(truth), plain_border(prediction)
    if not true and not predicted:
        return 1.0
    if not true or not predicted:
        return 0.0
    precision, recall = share_near(predicted, true, radius), share_near(true, predicted, radius)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def plain_scores(truths, predictions, num_classes, radius, absent, void=255):
    """The classes' means and the mean over classes, then images, by loops over images and classes."""
    by_class, by_image = [[] for _ in range(num_classes)], []
    for truth, prediction in zip(truths, predictions, strict=True):
        known, of_image = truth != void, []
        for k in range(num_classes):
            if absent == "skip" and not (truth == k).any():
                continue
            of_image.append(plain_f((truth == k) & known, (prediction == k) & known, radius))
            by_class[k].append(of_image[-1])
        if of_image:
            by_image.append(sum(of_image) / len(of_image))
    return [sum(f) / len(f) if f else math.nan for f in by_class], sum(by_image) / len(
        by_image
    ) if by_image else math.nan


@st.composite
def label_maps(draw, num_classes, void=255):
    """Truths and predictions [images, height, width]: blobs of classes, some void in both."""
    images, height, width = draw(st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)))
    values = st.sampled_from([*range(num_classes), void])
    pair = []
    for _ in range(2):
        coarse = draw(arrays.arrays(np.uint8, (images, -(-height // 2), -(-width // 2)), elements=values))
        pair.append(coarse.repeat(2, axis=1).repeat(2, axis=2)[:, :height, :width])
    return pair


@settings(deadline=None, max_examples=80)
@given(label_maps(4), st.integers(1, 4), st.sampled_from(["one", "skip"]))
def test_equals_the_plain_implementation(pair, radius, absent):
    truth, prediction = pair
    classes, mean = boundary_f_score(truth, prediction, 4, tolerance=radius, absent=absent)
    plain_classes, plain_mean = plain_scores(truth, prediction, 4, radius, absent)
    np.testing.assert_allclose(classes, plain_classes, rtol=1e-12)
    np.testing.assert_allclose(mean, plain_mean, rtol=1e-12)


@pytest.mark.parametrize("num_classes", [31, 32, 33, 70])
def test_more_classes_than_bits(num_classes):
    rng = np.random.default_rng(num_classes)
    truth, prediction = rng.integers(0, num_classes, (2, 1, 7, 8))
    classes, _ = boundary_f_score(truth, prediction, num_classes, tolerance=1)
    np.testing.assert_allclose(classes, plain_scores(truth, prediction, num_classes, 1, "one")[0], rtol=1e-12)


def test_larger_disks_than_the_image():
    rng = np.random.default_rng(0)
    for height, width in [(1, 6), (6, 1), (3, 2)]:
        truth, prediction = rng.integers(0, 2, (2, 1, height, width))
        expected = plain_scores(truth, prediction, 2, 12, "one")[0]
        np.testing.assert_allclose(boundary_f_score(truth, prediction, 2, tolerance=12)[0], expected)


def test_rules_for_absent_classes():
    """A class in 17 of 500 images: nearly 1 over all images, its own F where it is."""
    boundary = BoundaryF(2, tolerance=1)
    for k in range(500):
        truth, prediction = np.zeros((2, 4, 40), np.uint8)
        if k < 17:
            truth[:, :20] = 1
            prediction[:, 20:36:2] = 1
        boundary.update(truth, prediction)
    there = boundary.scores[0, 1]
    assert 0 < there < 1
    assert boundary.class_scores("one")[1] == pytest.approx((483 + 17 * there) / 500)
    assert boundary.class_scores("skip")[1] == pytest.approx(there)


def test_a_class_only_predicted_scores_nothing_or_is_skipped():
    truth, prediction = np.zeros((2, 4, 6), np.uint8)
    prediction[1:3, 1:3] = 1
    assert boundary_f_score(truth, prediction, 2)[0].tolist() == [0.0, 0.0]
    classes, mean = boundary_f_score(truth, prediction, 2, absent="skip")
    assert classes[0] == mean == 0.0 and math.isnan(classes[1])


def test_a_class_that_fills_the_image_has_no_border():
    classes, mean = boundary_f_score(np.ones((5, 4), int), np.ones((5, 4), int), 3, absent="skip")
    assert classes[1] == mean == 1.0 and np.isnan(classes[[0, 2]]).all()


def test_void_hides_the_prediction():
    rng = np.random.default_rng(1)
    truth, prediction = rng.integers(0, 3, (2, 12, 10)).astype(np.uint8)
    truth[3:8, 2:7] = 255
    other = np.where(truth == 255, (prediction + 1) % 3, prediction)
    np.testing.assert_array_equal(boundary_f_score(truth, prediction, 3)[0], boundary_f_score(truth, other, 3)[0])


@pytest.mark.parametrize("absent", ["one", "skip"])
def test_parts_add_up_to_the_whole(absent):
    rng = np.random.default_rng(2)
    truth, prediction = rng.integers(0, 3, (2, 5, 9, 11))
    whole, first, second = (BoundaryF(4, tolerance=2) for _ in range(3))
    whole.update(truth, prediction)
    first.update(truth[:2], prediction[:2])
    for pair in zip(truth[2:], prediction[2:], strict=True):
        second.update(*pair)
    both = first + second
    np.testing.assert_array_equal(both.class_scores(absent), whole.class_scores(absent))
    assert both.mean(absent) == whole.mean(absent) and len(first.scores) == 2


def test_wider_tolerance_never_scores_less():
    rng = np.random.default_rng(3)
    truth, prediction = rng.integers(0, 3, (2, 4, 6, 8)).repeat(3, axis=2).repeat(3, axis=3)
    means = [boundary_f_score(truth, prediction, 3, tolerance=pixels)[1] for pixels in (1, 2, 3, 5, 9, 12)]
    assert means == sorted(means) and means[0] < means[-1]


@pytest.mark.parametrize(
    ("share", "shape", "pixels"),
    [
        # Gated-SCNN's thresholds (section 4.2) on a frame of Cityscapes, and SegNet's on one of CamVid.
        (0.00088, (1024, 2048), 3),
        (0.001875, (1024, 2048), 5),
        (0.00375, (1024, 2048), 9),
        (0.005, (1024, 2048), 12),
        (0.0075, (360, 480), 5),
    ],
)
def test_shares_of_the_diagonal(share, shape, pixels):
    assert pixels_of(share, shape) == pixels
    truth, prediction = np.random.default_rng(4).integers(0, 2, (2, 36, 48))
    same = 1.5 / math.hypot(36, 48)
    np.testing.assert_array_equal(
        boundary_f_score(truth, prediction, 2, tolerance=same)[0],
        boundary_f_score(truth, prediction, 2, tolerance=2)[0],
    )


def test_refuses_what_is_no_label_map():
    boundary, good = BoundaryF(3), np.zeros((4, 5), np.uint8)
    for truth, prediction in [
        (good, good[:, :4]),
        (good, good + 3),
        (good - np.int16(1), good),
        (good, good.astype(float)),
        (good[0], good[0]),
        (good[:0], good[:0]),
    ]:
        with pytest.raises(CourseError):
            boundary.update(truth, prediction)
    assert len(boundary.scores) == 0 and math.isnan(boundary.mean())
    for wrong in [{"tolerance": 0}, {"tolerance": 2.5}, {"tolerance": -1}, {"ignore_label": 2}]:
        with pytest.raises(CourseError):
            BoundaryF(3, **wrong)
    with pytest.raises(CourseError):
        BoundaryF(0)
    with pytest.raises(CourseError):
        boundary.mean("zero")
    with pytest.raises(CourseError):
        boundary += BoundaryF(3, tolerance=5)
