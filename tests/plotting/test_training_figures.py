"""Figures of training: every curve, and names at the ends that can be read."""

import numpy as np

from course_utils import plotting


def test_names_at_the_ends_of_learning_curves_do_not_overprint():
    steps = [0, 10, 20]
    curves = {name: (steps, np.array([[1, 5, 7 + 0.1 * k], [1, 5, 7.2]])) for k, name in enumerate("abc")}
    axis = plotting.learning_curves(curves, ylabel="mIoU (%)", marks={"unfreeze": 10}, floor=4.0).axes[0]
    names = [text for text in axis.texts if text.get_text() in curves]
    places = np.sort([text.get_position()[1] for text in names])
    assert len(places) == 3 and (np.diff(places) >= 7.2 / 14).all()
    np.testing.assert_allclose(axis.lines[0].get_ydata(), [1, 5, 7.1])
    assert any(set(line.get_ydata()) == {4.0} for line in axis.lines), "the floor is drawn"


def test_a_study_has_means_with_intervals_and_its_floor():
    curves = {"one": {24: [10.0, 12.0], 400: [20.0, 20.0]}, "other": {24: [15.0], 400: [30.0]}}
    axis = plotting.study_curves({"streets": (13.0, curves)}, xlabel="labels", ylabel="mIoU (%)").axes[0]
    first, second = axis.containers
    np.testing.assert_allclose(np.asarray(first[0].get_ydata(), float), [11, 20])
    np.testing.assert_allclose(np.asarray(second[0].get_ydata(), float), [15, 30])
    (low, high), (same, again) = (segment[:, 1] for segment in first[2][0].get_segments())
    assert same == again == 20 and abs(high - low - 2 * 12.706) < 0.01, "two seeds: one degree of freedom"
    assert any(set(line.get_ydata()) == {13.0} for line in axis.lines)
