"""Figures of many systems show the scores, intervals and decisions that they are given."""

import itertools

import numpy as np
import pytest
from matplotlib.text import Text

from course_utils import plotting
from course_utils.plotting.end_labels import apart


def texts(axis):
    return [text.get_text() for text in axis.texts]


def test_grid_sets_the_best_in_bold_or_writes_intervals():
    values = np.array([[50.0, 70.04], [60.0, 70.0], [np.nan, 10.0]])
    figure = plotting.score_grid("ABC", ["road", "car"], values, notes=["val", "test", "val"])
    cells = {(text.get_position()[1], text.get_position()[0]): text for text in figure.axes[0].texts}
    bold = {place for place, text in cells.items() if text.get_weight() == "bold"}
    assert bold == {(1, 0), (0, 1), (1, 1)}  # equal as printed: both
    assert cells[2, 0].get_text() == "–" and cells[0, 0].get_text() == "50.0"
    assert figure.axes[0].get_yticklabels()[1].get_text() == "B  (test)"
    with_ends = plotting.score_grid("ABC", ["road", "car"], values, values - 5, values + 3)
    assert "45–53" in texts(with_ends.axes[0]) and not any(t.get_weight() == "bold" for t in with_ends.axes[0].texts)
    plotting.to_png(with_ends)


def test_ranking_is_in_order_with_intervals_and_groups():
    scores = np.array([0.3, 0.5, 0.4])
    figure = plotting.ranking(["a", "b", "c"], scores, scores - 0.1, scores + 0.05, [(1, 2)], xlabel="mIoU (%)")
    axis = figure.axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["b", "c", "a"]
    assert axis.lines[0].get_xdata().tolist() == pytest.approx([50, 40, 30])
    segments = axis.collections[0].get_segments()
    assert [segment[:, 0].tolist() for segment in segments] == [
        pytest.approx([x - 10, x + 5]) for x in (50.0, 40.0, 30.0)
    ]
    [group] = [line for line in axis.lines if line.get_linewidth() == 4]
    assert 0.5 < min(group.get_ydata()) < 1 and 2 < max(group.get_ydata()) < 2.5
    plotting.to_png(figure)


@pytest.mark.parametrize("groups", [[(0, 3), (4, 7)], [(0, 1), (1, 2), (2, 3), (3, 4), (4, 7)], [(0, 1), (3, 4)]])
def test_lines_of_groups_are_told_apart(groups):
    scores = np.linspace(0.6, 0.4, 8)
    figure = plotting.ranking("abcdefgh", scores, scores, scores, groups, xlabel="mIoU (%)")
    lines = [line for line in figure.axes[0].lines if line.get_linewidth() == 4]
    for one, other in itertools.combinations(lines, 2):
        if one.get_xdata()[0] == other.get_xdata()[0]:
            assert min(other.get_ydata()) - max(one.get_ydata()) > 1, "they look like one line"
    assert all(line.get_window_extent().x1 < figure.bbox.x1 for line in lines)
    plotting.to_png(figure)


def test_matrix_has_each_pair_once_below_and_once_above():
    difference = np.array([[0, 0.02, 0.05], [-0.02, 0, 0.03], [-0.05, -0.03, 0]])
    decided = np.array([[0, 0, 1], [0, 0, 1], [1, 1, 0]], bool)
    needed = np.where(decided, np.nan, 1234.0)
    axis = plotting.pair_matrix(["a", "b", "c"], difference, decided, needed).axes[0]
    cells = {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in axis.texts}
    assert cells == {(1, 0): "-2.0", (2, 0): "-5.0", (2, 1): "-3.0", (0, 1): "1,200", (0, 2): "✓", (1, 2): "✓"}
    colored = ~np.ma.getmaskarray(np.ma.masked_invalid(axis.images[0].get_array()))
    assert {tuple(map(int, place)) for place in np.argwhere(colored)} == {(2, 0), (2, 1)}


def test_pairs_that_no_number_of_images_decides():
    zero, open_ = np.zeros((2, 2)), np.zeros((2, 2), bool)
    axis = plotting.pair_matrix(["a", "b"], zero, open_, np.full((2, 2), np.inf)).axes[0]
    assert "> 1 M" in texts(axis)


def test_winner_bars():
    axis = plotting.winner_shares(["road", "car"], ["A", "B"], [0.5, 0.9]).axes[0]
    assert [bar.get_height() for bar in axis.patches] == pytest.approx([50, 90]) and texts(axis) == ["A", "B"]


def test_histogram_holds_every_resample():
    differences = np.random.default_rng(0).normal(0.01, 0.01, 500)
    figure = plotting.difference_histogram(differences, 0.01, (-0.01, 0.03), ("a", "b"), "a is better")
    assert figure.axes[0].patches[0].get_data().values.sum() == pytest.approx(1)
    twice = plotting.difference_histogram(np.zeros(10), 0.0, (0.0, 0.0), ("a", "a"), "a is better in 0.0 %")
    assert "a twice" in twice.axes[0].get_title() and "better" not in twice.axes[0].get_title()
    plotting.to_png(twice)


def test_curves_are_labelled_at_their_ends():
    curves = {name: {0: 50.0 - k, 400: 30.0 + 0.01 * k} for k, name in enumerate("abc")}
    axis = plotting.labelled_curves(curves, xlabel="crop", ylabel="mIoU").axes[0]
    assert {line.get_label(): line.get_ydata().tolist() for line in axis.lines} == {
        name: list(curve.values()) for name, curve in curves.items()
    }
    assert sorted(texts(axis)) == ["a", "b", "c"]


def test_lines_to_the_names_cross_no_other_name():
    curves = {f"system {k}": {0: 50.0 - k, 400: 30.0 + 0.01 * k} for k in range(12)}
    figure = plotting.labelled_curves(curves, xlabel="crop", ylabel="mIoU")
    plotting.to_png(figure)
    for text in figure.axes[0].texts:
        line, name = text.arrow_patch.get_window_extent(), Text.get_window_extent(text)
        assert line.x1 <= name.x0, f"the line runs into the names beside {text.get_text()}"
        assert name.y0 >= figure.axes[0].bbox.y0, f"{text.get_text()} stands among the ticks"


@pytest.mark.parametrize("places", [[0.0, 0.0, 0.0, 5.0], [0.0, 0.9, 1.8, 1.9], [1.0], [0.0, 10.0]])
def test_labels_keep_their_order_and_distance(places):
    moved = apart(places, 1.0)
    assert len(moved) == len(places) and (np.diff(moved) >= 1 - 1e-9).all()
    if (np.diff(places) >= 1).all():
        np.testing.assert_allclose(moved, places)
    assert np.mean(moved) == pytest.approx(np.mean(places))


def test_rank_lines_follow_the_ranks():
    columns = {"mIoU": {"a": 0.1, "b": 0.3, "c": 0.2}, "F": {"a": 0.9, "b": 0.5, "c": 0.1}}
    axis = plotting.rank_lines(columns).axes[0]
    ranks = {line.get_label(): line.get_ydata().tolist() for line in axis.lines}
    assert ranks == {"a": [2, 0], "b": [0, 1], "c": [1, 2]}


def test_twelve_lines_differ():
    columns = {"mIoU": {str(k): float(k) for k in range(12)}}
    lines = plotting.rank_lines(columns).axes[0].lines
    assert len({line.get_color() for line in lines}) == 12, "a colour for two systems"
    shapes = {(line.get_marker(), line.get_linestyle()) for line in lines}
    assert len(shapes) == 5, "in print, too, neighbours differ"
