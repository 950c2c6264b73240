"""Figures of bases and Laplacian levels: every picture in its place, sums and errors as given."""

import numpy as np
from matplotlib.patches import Patch

from course_utils import plotting


def pictures(axis):
    return [image.get_array() for image in axis.images]


def test_basis_gallery_has_a_row_per_class_and_white_at_zero():
    bases = {"road": np.random.default_rng(0).normal(size=(4, 4, 3)), "sky": np.zeros((4, 4, 3)) + 2}
    figure = plotting.basis_gallery(bases)
    *places, scale = figure.axes
    assert len(places) == 6
    assert [label.get_text() for label in scale.get_yticklabels()] == ["minus", "plus", "0"]
    for number, axis in enumerate(places):
        values = list(bases.values())[number // 3]
        np.testing.assert_array_equal(pictures(axis)[0], values[..., number % 3])
        low, high = axis.images[0].get_clim()
        assert low == -high and high == np.abs(values).max()


def test_patch_reconstructions_are_cut_at_one_half_and_show_what_is_wrong():
    truth = np.eye(3)
    guess = np.full((3, 3), 0.4)
    guess[0, :2] = 0.9
    axes = plotting.patch_reconstructions({"a": {"patch": truth, "1": guess}, "b": {"patch": np.ones((3, 3))}}).axes
    assert [axis.get_title() for axis in axes if axis.images] == ["patch", "1", "patch"]
    drawn = pictures(axes[1])[0]
    wrong = (guess > 0.5) != (truth > 0.5)
    np.testing.assert_array_equal(drawn[~wrong], np.repeat((guess > 0.5)[~wrong][:, None], 3, axis=1))
    assert len({tuple(color) for color in drawn[wrong].tolist()}) == 1 and (drawn[wrong] != drawn[0, 0]).any()
    assert axes[1].get_xlabel() == f"{wrong.mean():.0%} wrong" and axes[0].get_xlabel() == ""


def test_titles_are_not_repeated_below_the_same_titles():
    rows = {name: {"patch": np.eye(3), "1": np.zeros((3, 3))} for name in "ab"}
    assert [axis.get_title() for axis in plotting.patch_reconstructions(rows).axes] == ["patch", "1", "", ""]


def test_reconstruction_errors_draw_the_curves():
    axis = plotting.reconstruction_errors({"bases": ([1, 2], [9.0, 4.0]), "grid": ([1, 4], [8.0, 7.0])}).axes[0]
    np.testing.assert_array_equal(axis.lines[0].get_xydata(), [[1, 9.0], [2, 4.0]])
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["bases", "grid"]


def test_reconstruction_panel_shows_the_sum_and_counts_the_errors():
    patch, bases = np.array([[1.0, 1.0], [0.0, 0.0]]), np.stack([np.eye(2), np.ones((2, 2))], axis=-1)
    axes = plotting.reconstruction_panel(patch, bases, [0.5, 0.25], mean=0.1, title="road").axes
    assert axes[0].get_title() == "road"
    np.testing.assert_allclose(pictures(axes[1])[0], [[0.85, 0.35], [0.35, 0.85]])
    assert axes[2].get_xlabel() == "50% of the pixels wrong"
    assert [bar.get_height() for bar in axes[3].patches] == [0.5, 0.25]


def test_laplacian_levels_name_rows_columns_and_colours():
    levels = {"16x": (np.ones((2, 4, 3)), np.eye(2)), "8x": (np.ones((4, 8, 3)), np.zeros((4, 8)))}
    figure = plotting.laplacian_levels(levels, ("result", "mask"), [Patch(label="road")])
    assert [axis.get_ylabel() for axis in figure.axes[:4:2]] == ["16x", "8x"]
    assert [axis.get_title() for axis in figure.axes[:2]] == ["result", "mask"]
    np.testing.assert_array_equal(pictures(figure.axes[1])[0], np.eye(2))
    assert figure.axes[3].images[0].get_clim() == (0, 1)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["road"]
