"""The arrows of pooling and unpooling start and end in the right cells; feature maps share a scale."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.quiver import Quiver

from course_utils import plotting


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 3), st.integers(0, 99))
def test_arrows_join_maxima_and_windows(height, width, pool_size, seed):
    rng = np.random.default_rng(seed)
    features = rng.permutation(height * width).reshape(height, width)
    rows, columns = -(-height // pool_size), -(-width // pool_size)
    indices = np.zeros((rows, columns), int)
    for i, j in np.ndindex(rows, columns):
        window = features[pool_size * i :, pool_size * j :][:pool_size, :pool_size]
        y, x = np.unravel_index(window.argmax(), window.shape)
        indices[i, j] = pool_size * y + x
    axis = plotting.pooling_arrows(features, indices, pool_size, indices).axes[0]

    pooling, unpooling = [artist for artist in axis.get_children() if isinstance(artist, Quiver)]
    starts = pooling.get_offsets()
    x, y = np.floor(starts.T).astype(int)
    assert sorted(zip(y // pool_size, x // pool_size, strict=True)) == list(np.ndindex(rows, columns))
    for column, row in zip(x, y, strict=True):
        window = features[row - row % pool_size :, column - column % pool_size :][:pool_size, :pool_size]
        assert features[row, column] == window.max()
    ends = unpooling.get_offsets() + np.stack([unpooling.U, unpooling.V], axis=-1)
    left = width + 2 * columns + 3 * 2.5
    np.testing.assert_array_equal(np.floor(ends - [left, 0]), np.floor(starts))


def test_one_window_stands_out():
    figure = plotting.pooling_arrows(np.arange(16).reshape(4, 4), np.full((2, 2), 3), 2, np.ones((2, 2)), window=2)
    for arrows in (artist for artist in figure.axes[0].get_children() if isinstance(artist, Quiver)):
        assert np.argmax(arrows.get_alpha()) == 2 and np.ptp(arrows.get_alpha()) > 0.5


@pytest.mark.parametrize("columns", [None, 2])
def test_feature_maps_share_a_scale(columns):
    maps = {"one": np.arange(6.0).reshape(2, 3), "two": np.zeros((2, 3)), "three": np.full((2, 3), 9.0)}
    figure = plotting.feature_maps(maps, columns=columns)
    images = [axis.images[0] for axis in figure.axes if axis.images]
    assert [image.get_clim() for image in images] == [(0.0, 5.0)] * 3
