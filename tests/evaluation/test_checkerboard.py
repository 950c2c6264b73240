"""Checkerboard energy against patterns whose share is known, and the identity with the phase means."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.evaluation.measures.checkerboard import checkerboard_energy, phase_means

shapes = st.tuples(st.integers(1, 5), st.integers(1, 5))
strides = st.integers(1, 4)
seeds = st.integers(0, 99)


def noise(shape, stride, seed):
    return np.random.default_rng(seed).normal(1, 2, (3, shape[0] * stride, shape[1] * stride))


@settings(max_examples=60, deadline=None)
@given(shape=shapes, stride=strides, seed=seeds)
def test_is_the_variance_of_the_phase_means(shape, stride, seed):
    maps = noise(shape, stride, seed)
    variance = np.mean([phase_means(one, stride).var() for one in maps])
    assert checkerboard_energy(maps, stride) == pytest.approx(variance / np.mean(maps**2), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(shape=shapes, stride=strides, seed=seeds, scale=st.floats(0.1, 10))
def test_does_not_depend_on_scale_place_or_transposition(shape, stride, seed, scale):
    maps = noise(shape, stride, seed)
    share = checkerboard_energy(maps, stride)
    assert 0 <= share <= 1
    assert checkerboard_energy(-scale * maps, stride) == pytest.approx(share, abs=1e-9)
    assert checkerboard_energy(np.roll(maps, (1, 2), (1, 2)), stride) == pytest.approx(share, abs=1e-9)
    assert checkerboard_energy(maps.swapaxes(1, 2), stride) == pytest.approx(share, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(shape=shapes, stride=strides, seed=seeds)
def test_a_map_that_repeats_has_all_energy_in_mean_and_pattern(shape, stride, seed):
    cell = np.random.default_rng(seed).normal(size=(stride, stride))
    pattern = np.tile(cell, shape)
    expected = 1 - cell.mean() ** 2 / np.mean(cell**2)
    assert checkerboard_energy(pattern, stride) == pytest.approx(expected, abs=1e-9)
    np.testing.assert_allclose(phase_means(pattern, stride), cell)


def test_known_patterns():
    rows, columns = np.indices((12, 18))
    assert checkerboard_energy(np.full((12, 18), 7.0), 3) == 0
    assert checkerboard_energy(np.zeros((12, 18)), 2) == 0
    assert checkerboard_energy((-1.0) ** (rows + columns), 2) == pytest.approx(1)
    # Stripes of period 3 are no pattern of period 2, and the other way round.
    assert checkerboard_energy(np.cos(2 * np.pi * columns / 3), 2) == pytest.approx(0, abs=1e-12)
    assert checkerboard_energy(np.cos(2 * np.pi * columns / 3), 3) == pytest.approx(1)
    assert checkerboard_energy((-1.0) ** rows, 3) == pytest.approx(0, abs=1e-12)
    # A pattern whose sign changes half-way is not coherent over the map.
    flipped = (-1.0) ** (rows + columns) * np.where(columns < 9, 1, -1)
    assert checkerboard_energy(flipped, 2) < 0.02


def test_energies_are_added_before_dividing():
    strong, flat = 10 * (-1.0) ** np.indices((4, 4)).sum(0), np.ones((4, 4))
    assert checkerboard_energy([strong, flat], 2) == pytest.approx(100 / 101)


def test_phase_means_keep_rows_and_columns_apart():
    rows, columns = np.indices((4, 6))
    np.testing.assert_array_equal(phase_means(10 * (rows % 2) + columns % 2, 2), [[0, 1], [10, 11]])


@pytest.mark.parametrize("function", [checkerboard_energy, phase_means])
@pytest.mark.parametrize(("shape", "stride"), [((5, 4), 2), ((4, 5), 2), ((4,), 2), ((0, 4), 2), ((4, 4), 0)])
def test_parts_of_periods_are_refused(function, shape, stride):
    with pytest.raises(ValueError, match=r"whole periods|stride must be"):
        function(np.ones(shape), stride)
