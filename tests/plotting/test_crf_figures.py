"""Figures of random fields show what they are given, on the scales that they name."""

import numpy as np
import pytest

from course_utils import plotting


def test_affinities_mark_the_pixel_in_every_panel_and_scale_each_map():
    maps = {"one": np.arange(12.0).reshape(3, 4), "ten times one": 10 * np.arange(12.0).reshape(3, 4)}
    figure = plotting.affinities(np.zeros((3, 4, 3)), (2, 1), maps)
    assert [axis.get_title() for axis in figure.axes[1:3]] == list(maps)
    for axis in figure.axes[:3]:
        assert {(line.get_xdata()[0], line.get_ydata()[0]) for line in axis.lines} == {(1, 2)}
    first, second = (axis.images[0].get_array() for axis in figure.axes[1:3])
    np.testing.assert_allclose(first, second)
    assert first.max() == 1.0


def test_affinities_in_two_rows_repeat_the_photograph():
    maps = {f"map {n}": np.full((3, 4), n) for n in range(4)}
    axes = plotting.affinities(np.zeros((3, 4, 3)), (0, 0), maps, rows=2).axes
    assert [axis.get_title() for axis in axes[:6]] == [
        *("image and pixel", "map 0", "map 1"),
        *("image and pixel", "map 2", "map 3"),
    ]
    with pytest.raises(ValueError, match="do not fill"):
        plotting.affinities(np.zeros((3, 4, 3)), (0, 0), maps, rows=3)


def test_a_pixel_tied_to_nothing_can_be_drawn():
    figure = plotting.affinities(np.zeros((3, 4, 3)), (0, 0), {"nothing": np.zeros((3, 4))})
    assert np.isfinite(figure.axes[1].images[0].get_array()).all()


def test_mean_field_starts_at_iteration_0_and_compares_marginals():
    exact, approximate = np.array([0.1, 0.9]), np.array([0.2, 0.8])
    left, right = plotting.mean_field_errors([3.0, 2.0, 1.5], exact, {"mean field": approximate}).axes
    np.testing.assert_array_equal(left.lines[0].get_xydata(), [[0, 3.0], [1, 2.0], [2, 1.5]])
    marked = right.lines[-1]
    np.testing.assert_array_equal(marked.get_xydata(), np.stack([exact, approximate], axis=-1))


def test_class_pairs_write_each_share_into_its_cell():
    table = np.array([[0.9, 0.1], [0.25, 0.75]])
    axis = plotting.class_pairs({"learned": table}, ["sky", "road"], rows="above", columns="below").axes[0]
    written = {text.get_position(): text.get_text() for text in axis.texts}
    assert written == {(0, 0): "90", (1, 0): "10", (0, 1): "25", (1, 1): "75"}
    assert (axis.get_ylabel(), axis.get_xlabel()) == ("above", "below")


def test_many_classes_are_drawn_without_numbers():
    axis = plotting.class_pairs({"t": np.eye(19)}, range(19), rows="", columns="").axes[0]
    assert not axis.texts and len(axis.get_yticks()) == 19


@pytest.mark.parametrize("systems", [1, 3])
def test_before_and_after_join_two_values_per_system_and_measure(systems):
    values = {f"system {n}": ((10.0 + n, 20.0 + n), (12.0 + n, 19.0 + n)) for n in range(systems)}
    for number, axis in enumerate(plotting.before_and_after(values, ["mIoU", "F"]).axes):
        joins = [line.get_xdata() for line in axis.lines if len(line.get_xdata()) == 2]
        assert [list(join) for join in joins] == [[b[number], a[number]] for b, a in values.values()]


def test_before_and_after_say_what_was_before_and_what_is_after():
    axes = plotting.before_and_after({"a": ((1.0,), (2.0,)), "b": ((3.0,), (4.0,))}, ["F"], ("alone", "with it")).axes
    assert [text.get_text() for text in axes[-1].get_legend().get_texts()] == ["alone", "with it"]
