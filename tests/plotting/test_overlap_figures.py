"""The figures about overlap show what they were given."""

import numpy as np
import pytest

from course_utils import plotting
from course_utils.matrices import overlap_counts


def texts(axis):
    return [text.get_text() for text in axis.texts]


@pytest.mark.parametrize(("size", "stride"), [(3, 2), (4, 2), (5, 2), (4, 3)])
def test_windows_cover_the_overlap_counts(size, stride):
    """The window over zero insertion covers as many values as taps reach the pixel, phase by phase."""
    figure = plotting.kernel_windows([size], stride, cells=3 * stride + size)
    shown = sorted(int(axis.get_title().split()[-2]) for axis in figure.axes)
    one_period = overlap_counts((size, size), stride, 12)[12 : 12 + stride, 12 : 12 + stride]
    assert shown == sorted(one_period.ravel().tolist())


def test_panel_draws_the_outer_product_of_the_counts():
    counts = overlap_counts(5, 3, 4)
    figure = plotting.overlap_panel(counts, "title")
    (image,) = figure.axes[1].images
    np.testing.assert_array_equal(image.get_array(), np.outer(counts, counts))
    assert image.get_clim() == (0, counts.max() ** 2)
    assert figure.axes[0].get_title(loc="left") == "title" or figure.axes[0].get_title() == "title"


def test_panel_says_what_is_counted_on_a_scale_that_ends_at_the_largest_count():
    figure = plotting.overlap_panel([3, 400, 2], "title", "paths")
    (bars, _, scale), most = figure.axes, 400**2
    (shades,) = scale.images
    assert "paths" in bars.get_ylabel() and "paths" in scale.get_ylabel()
    assert shades.get_clim() == (0, most) and max(shades.get_extent()) == most + 0.5
    assert len(shades.get_array()) < 1000, "a shade per number would take longer to draw than the map"


def test_empty_places_of_the_grid_are_blank():
    figure = plotting.overlap_maps({f"map {n}": np.eye(3) for n in range(3)}, columns=2)
    assert [axis.axison for axis in figure.axes[:4]] == [True, True, True, False]


def test_frames_mark_the_pairs_that_keep_the_rule():
    sizes, strides = range(1, 7), range(1, 4)
    values = np.linspace(0, 1, 18).reshape(6, 3)
    figure = plotting.pair_tables({"first": values}, sizes, strides, "share")
    axis = figure.axes[0]
    framed = {(sizes[round(p.get_y() + 0.44)], strides[round(p.get_x() + 0.46)]) for p in axis.patches}
    assert framed == {(size, stride) for size in sizes for stride in strides if size % stride == 0}
    assert texts(axis) == [f"{value:.2f}" for value in values.ravel()]


def test_phase_tables_share_one_symmetric_scale():
    figure = plotting.phase_tables({"a": np.array([[0.5, 0], [0, -0.1]]), "b": np.zeros((2, 2))}, 2, "error")
    assert texts(figure.axes[0]) == ["+0.50", "0", "0", "-0.10"]
    assert {axis.images[0].get_clim() for axis in figure.axes[:2]} == {(-0.5, 0.5)}


def test_rings_stand_on_the_stride_frequencies():
    axis = plotting.map_and_spectrum(np.ones((6, 9)), 3, "map").axes[1]
    rings = {(round(float(x), 3), round(float(y), 3)) for line in axis.lines for x, y in line.get_xydata()}
    assert rings == {(x, y) for x in (-0.333, 0, 0.333) for y in (-0.333, 0, 0.333)}


def test_spectrum_has_the_mean_in_the_middle_and_the_pattern_on_its_rings():
    image = plotting.map_and_spectrum(np.tile([[1.0, 3.0, 2.0]], (6, 3)), 3, "map").axes[1].images[0]
    left, right, bottom, top = image.get_extent()
    energy = np.asarray(image.get_array())
    rows, columns = np.nonzero(energy > -6)
    x = left + (columns + 0.5) * (right - left) / energy.shape[1]
    y = top + (rows + 0.5) * (bottom - top) / energy.shape[0]
    assert sorted(np.round(x, 3)) == [-0.333, 0, 0.333] and np.allclose(y, 0)
    assert energy.max() == energy[energy.shape[0] // 2, energy.shape[1] // 2]


def test_maps_share_one_scale():
    figure = plotting.overlap_maps({"small": np.eye(3), "large": 9 * np.eye(3)})
    assert {axis.images[0].get_clim() for axis in figure.axes[:2]} == {(0, 9)}


def test_curves_show_the_median_and_put_zeros_on_a_line_of_their_own():
    values = np.array([[1.0, 0.03, 0.002], [0.5, 0.02, 0.003], [0.9, 0.01, 0.004]])
    axis, strip = plotting.energy_curves([0, 8, 16], {"one": values, "two": np.zeros((3, 3))}).axes
    assert axis.get_yscale() == "log" and strip.get_yscale() == "linear"
    (one, two), (of_one, of_two) = ([line.get_ydata() for line in part.lines] for part in (axis, strip))
    np.testing.assert_allclose(one, [0.9, 0.02, 0.003])
    assert np.isnan(two).all() and np.isnan(of_one).all() and (of_two == 0).all()


def test_pictures_by_name_of_row():
    figure = plotting.gray_images({"up": [np.eye(3)] * 2, "down": [np.eye(3)] * 2}, ["a", "b"], limits=(0, 2))
    assert [axis.get_ylabel() for axis in figure.axes] == ["up", "", "down", ""]
    assert {axis.images[0].get_clim() for axis in figure.axes} == {(0, 2)}
    assert all(spine.get_visible() for axis in figure.axes for spine in axis.spines.values()), "white needs an outline"
