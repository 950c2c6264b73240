"""Taps, contributions and sampling grids are drawn where they are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import plotting


@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_taps_are_a_rate_apart(kernel_size):
    for rate, axis in zip([1, 3], plotting.atrous_taps([1, 3], kernel_size, cells=15).axes, strict=True):
        grid = np.asarray(axis.images[0].get_array())
        rows, columns = np.nonzero((grid < 1).any(axis=-1))
        assert len(rows) == kernel_size**2
        assert set(np.diff(np.unique(rows))) <= {rate} and set(np.unique(rows)) == set(np.unique(columns))
        assert axis.patches[0].get_width() == np.ptp(rows) + 1


def test_pixels_that_do_not_contribute_are_left_out():
    values = np.array([[0, 4.0], [1.0, 0]])
    for figure in (plotting.contribution_maps({"a": values, "b": values}), plotting.contribution_panel(values, "a")):
        shown = figure.axes[0].images[0].get_array()
        np.testing.assert_array_equal(np.ma.getmaskarray(shown), values == 0)
        assert shown.compressed().tolist() == [1.0, 0.5]


def test_contribution_maps_leave_no_empty_frame():
    axes = plotting.contribution_maps({name: np.ones((3, 3)) for name in "abc"}, columns=2).axes
    assert [axis.axison for axis in axes] == [True, True, True, False]


def test_profiles_are_scaled_and_the_formula_is_shaded():
    axis = plotting.field_profiles({"a": [0, 1, 4, 1, 0], "b": [1, 1, 2, 1, 1]}, 3).axes[0]
    assert [line.get_ydata().max() for line in axis.lines] == [1.0, 1.0]
    assert all(line.get_xdata()[line.get_ydata().argmax()] == 0 for line in axis.lines)
    assert axis.patches[0].get_width() == 3


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 5), st.integers(0, 9), st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True))
def test_sampling_grid_tells_taps_inside_from_outside(row, column, rates):
    stride = 4
    image = np.zeros((6 * stride, 10 * stride, 3))
    axis = plotting.sampling_grid(image, (row, column), stride, rates).axes[0]
    for number, rate in enumerate(rates):
        inside, outside = axis.lines[2 * number : 2 * number + 2]
        taps = [(row + rate * i, column + rate * j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        expected = [tap for tap in taps if 0 <= tap[0] < 6 and 0 <= tap[1] < 10]
        actual = zip(inside.get_ydata() // stride, inside.get_xdata() // stride, strict=True)
        assert sorted(actual) == sorted(expected)
        assert len(outside.get_xdata()) == 9 - len(expected)
        assert inside.get_label() == f"rate {rate}: {len(expected)} of 9 taps inside"
    xlim, ylim = axis.get_xlim(), axis.get_ylim()
    for line in axis.lines:
        assert all(xlim[0] < x < xlim[1] for x in line.get_xdata())
        assert all(ylim[1] < y < ylim[0] for y in line.get_ydata())
