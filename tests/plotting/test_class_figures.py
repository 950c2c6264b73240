"""Figures of scores: what they show is what was given."""

import numpy as np
import pytest

from course_utils import plotting
from course_utils.labels import CAMVID


def ends(*values):
    values = np.array(values)
    return values, values - 0.1, values + 0.05


def test_bars_have_their_lengths_and_intervals():
    figure = plotting.score_bars({"A": ends(0.5, np.nan, 0.9), "B": ends(0.4, 0.3, 0.8)}, ["mean", "road", "car"])
    axis = figure.axes[0]
    assert [bar.get_width() for bar in axis.patches] == pytest.approx([50, 0, 90, 40, 30, 80])
    lines = [path for collection in axis.collections for path in collection.get_segments()]
    assert [line[:, 0].tolist() for line in lines[:1]] == [pytest.approx([40, 55])]
    assert [text.get_text() for text in axis.texts] == ["absent"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["mean", "road", "car"]
    assert {bar.get_hatch() for bar in axis.patches} == {None, "///"}  # told apart without colour
    plotting.to_png(figure)


def test_bars_without_intervals():
    values = np.array([0.2, 0.3])
    plotting.to_png(plotting.score_bars({"A": (values, values * np.nan, values * np.nan)}, ["road", "car"]))


def test_rows_of_the_confusion_matrix_sum_to_one():
    figure = plotting.confusion_matrix([[8, 2, 0], [0, 0, 0], [1, 0, 2]], ["road", "train", "car"], [0, 0, 1])
    axis = figure.axes[0]
    share = np.ma.filled(axis.images[0].get_array().astype(float), np.nan)
    np.testing.assert_allclose(share, [[0.8, 0.2, 0, 0], [np.nan] * 4, [0.25, 0, 0.5, 0.25]])
    assert sorted(text.get_text() for text in axis.texts) == ["20", "25", "25", "50", "80"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["road", "train", "car", "void"]
    plain = plotting.confusion_matrix([[1, 0], [0, 1]], ["road", "car"], [0, 0]).axes[0]
    assert [label.get_text() for label in plain.get_xticklabels()] == ["road", "car"]


def test_differences_are_filled_where_decided():
    figure = plotting.score_differences(
        [0.1, -0.2, np.nan],
        [0.05, -0.5, np.nan],
        [0.2, 0.1, np.nan],
        [True, False, False],
        ["a", "b", "c"],
        xlabel="A minus B",
    )
    axis = figure.axes[0]
    dots = {c.get_label(): c for c in axis.collections if c.get_label() in ("decided", "not decided")}
    np.testing.assert_allclose(dots["decided"].get_offsets(), [[10, 0]])
    np.testing.assert_allclose(np.ma.getdata(dots["not decided"].get_offsets())[0], [-20, 1])
    assert not np.array_equal(dots["decided"].get_facecolor(), dots["not decided"].get_facecolor())
    assert [text.get_text() for text in axis.texts] == ["not defined"]


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


def test_classes_that_nobody_finds_are_named_below_and_have_no_bars():
    first, second = np.full((2, CAMVID.num_classes), 0.5)
    first[[2, 4]] = second[[2, 5]] = 0.0
    axis = plotting.class_bars({"a": first, "b": second}, CAMVID).axes[0]
    names = [label.get_text() for label in axis.get_yticklabels()]
    assert names == [name for k, name in enumerate(CAMVID.names) if k != 2]
    assert axis.get_xlabel() == f"IoU (%)\n0 %: {CAMVID.names[2]}"
    assert len(plotting.class_bars({"a": np.zeros(CAMVID.num_classes)}, CAMVID).axes[0].containers[0]) == 11
