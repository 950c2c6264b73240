"""Figures of gates and boundaries show what they are given."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import plotting


def pictures(*titles):
    return {title: np.random.default_rng(0).random((8, 16)) for title in titles}


@pytest.mark.parametrize("columns", [2, 3, 5])
def test_two_streams_place_pictures_in_two_rows_and_join_them(columns):
    upper, lower = pictures(*(f"r{k}" for k in range(columns))), pictures(*(f"s{k}" for k in range(columns)))
    axes = plotting.two_streams(upper, lower).axes
    assert [axis.get_title() for axis in axes] == [*upper, *lower]
    for axis, picture in zip(axes, [*upper.values(), *lower.values()], strict=True):
        np.testing.assert_array_equal(axis.images[0].get_array(), picture)
    boxes = [axis.get_position() for axis in axes]
    assert all(
        left.x1 < right.x0 for row in (boxes[:columns], boxes[columns:]) for left, right in itertools.pairwise(row)
    )
    assert all(top.y0 > bottom.y1 for top, bottom in zip(boxes[:columns], boxes[columns:], strict=True))
    arrows = [text for axis in axes for text in axis.texts if text.arrow_patch]
    (legend,) = plotting.two_streams(upper, lower).legends
    told = [text.get_text() for text in legend.get_texts()]
    assert len(told) == 5 and "gate" in told[0] and told[-1] == "maps: 1"
    # Along the rows, down to each gate, and up at the end.
    assert len(arrows) == 2 * (columns - 1) + (columns - 2) + 1


def test_gate_panel_draws_gate_and_borders():
    gate, edges = np.random.default_rng(0).random((8, 16)), np.zeros((8, 16), bool)
    edges[:, 7] = True
    figure = plotting.gate_panel(np.zeros((8, 16, 3)), gate, edges, "gate 1")
    axis = figure.axes[1]
    np.testing.assert_array_equal(axis.images[0].get_array(), gate)
    assert axis.images[0].get_clim() == (0, 1)
    corners = np.concatenate([path.vertices for path in axis.collections[0].get_paths()])
    assert set(corners[:, 0]) == {6.5, 7.5}


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 99), st.floats(0, 1))
def test_edge_errors_sort_every_pixel(seed, threshold):
    rng = np.random.default_rng(seed)
    probabilities, truth = rng.random((5, 7)), rng.choice([0, 1, 255], (5, 7))
    colors = plotting.edge_errors(probabilities, truth, threshold)
    predicted = probabilities >= threshold
    kinds = {
        "found": predicted & (truth == 1),
        "false": predicted & (truth == 0),
        "missed": ~predicted & (truth == 1),
        "right": ~predicted & (truth == 0),
        "void": truth == 255,
    }
    seen = [{tuple(color) for color in colors[kind]} for kind in kinds.values()]
    assert all(len(one) <= 1 for one in seen)
    assert len(set().union(*seen)) == sum(map(len, seen)), "two kinds have one colour"


def test_edge_panel_marks_the_point_of_the_threshold():
    curve = np.array([[0.2, 0.5, 0.8], [0.3, 0.6, 0.9], [0.95, 0.7, 0.1]])
    panel = plotting.edge_panel(np.zeros((4, 8, 3)), np.full((4, 8), 0.6), np.ones((4, 8), int), 0.5, curve).axes[2]
    line, point = panel.lines
    assert (point.get_xdata(), point.get_ydata()) == (pytest.approx(70), pytest.approx(60))
    np.testing.assert_allclose([line.get_xdata(), line.get_ydata()], 100 * curve[[2, 1]])


def test_gate_limits_raise_the_features_by_the_gate():
    features = np.array([1.0, 2.0, 3.0])
    figure = plotting.gate_limits(features, {"closed": np.zeros(3), "half": np.full(3, 0.5)})
    for axis, factor in zip(figure.axes[2:], (1, 1.5), strict=True):
        heights = [[bar.get_height() for bar in bars] for bars in axis.containers]
        np.testing.assert_allclose(heights, [factor * features, features])


def test_shift_curves_have_a_panel_per_score_and_a_line_per_object():
    scores = {"house": [[1.0, 0.9], [1.0, 0.5]], "pole": [[1.0, 0.0], [1.0, 0.4]]}
    axes = plotting.shift_curves([0, 1], scores, ["IoU", "F"]).axes
    assert [axis.get_title(loc="left") or axis.get_title() for axis in axes] == ["IoU", "F"]
    for panel, axis in enumerate(axes):
        for line, values in zip(axis.lines, scores.values(), strict=True):
            np.testing.assert_allclose(line.get_ydata(), 100 * np.array(values[panel]))


def test_edge_maps_are_the_cut_maps_with_their_legend():
    rng = np.random.default_rng(0)
    probabilities, truth = rng.random((5, 7)), rng.choice([0, 1, 255], (5, 7))
    figure = plotting.edge_maps(probabilities, truth, [0.2, 0.8])
    for axis, threshold in zip(figure.axes, (0.2, 0.8), strict=True):
        np.testing.assert_array_equal(axis.images[0].get_array(), plotting.edge_errors(probabilities, truth, threshold))
        assert axis.get_title() == f"threshold {threshold}"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["found", "false", "missed", "void"]
