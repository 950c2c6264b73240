"""Figures of training: every curve, and names at the ends that can be read."""

import numpy as np

from course_utils import plotting


def test_names_at_the_ends_of_learning_curves_do_not_overprint():
    steps = [0, 10, 20]
    curves = {name: (steps, np.array([[1, 5, 7 + 0.1 * k], [1, 5, 7.2]])) for k, name in enumerate("abc")}
    axis = plotting.learning_curves(curves, ylabel="mIoU (%)", marks={"unfreeze": 10}).axes[0]
    names = [text for text in axis.texts if text.get_text() in curves]
    places = np.sort([text.get_position()[1] for text in names])
    assert len(places) == 3 and (np.diff(places) >= 7.2 / 14).all()
    np.testing.assert_allclose(axis.lines[0].get_ydata(), [1, 5, 7.1])
