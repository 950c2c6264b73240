"""Bars of scores stand where the classes are."""

import numpy as np
import pytest

from course_utils import plotting
from course_utils.labels import CAMVID


@pytest.mark.parametrize("systems", [1, 2, 3, 4])
def test_a_bar_for_every_class_and_system(systems):
    scores = {f"system {k}": np.random.default_rng(k).random(CAMVID.num_classes) for k in range(systems)}
    figure = plotting.class_bars(scores, CAMVID)
    axis = figure.axes[0]
    for bars, values in zip(axis.containers, scores.values(), strict=True):
        np.testing.assert_allclose([bar.get_width() for bar in bars], 100 * values)
        assert [round(bar.get_y() + bar.get_height() / 2) for bar in bars] == list(range(CAMVID.num_classes))
    low, high = sorted(axis.get_ylim())
    edges = [edge for bar in axis.patches for edge in (bar.get_y(), bar.get_y() + bar.get_height())]
    assert low <= min(edges) and max(edges) <= high
    assert (axis.get_legend() is not None) == (systems > 1)


@pytest.mark.parametrize("systems", [1, 3])
def test_an_absent_class_is_called_absent(systems):
    values = np.full(CAMVID.num_classes, 0.5)
    values[3] = np.nan
    axis = plotting.class_bars(dict.fromkeys("abcd"[:systems], values), CAMVID).axes[0]
    labels = [text.get_text() for text in axis.texts]
    assert labels.count("absent") == systems and labels[3] == "absent"
