"""Padding for dense convolutions: what is left of them by striding is the strided convolution."""

import numpy as np
import pytest
from layer_checks import check_layer

from course_utils.backend import keras
from course_utils.layers import AtrousPadding2D


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("rate", [1, 2])
def test_keeps_the_layer_contract(kernel_size, rate):
    inputs = np.random.default_rng(0).normal(size=(2, 7, 10, 3)).astype("float32")
    check_layer(AtrousPadding2D, {"kernel_size": kernel_size, "rate": rate}, inputs)


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("size", [(8, 12), (7, 9), (6, 5), (10, 11), (2, 3), (1, 4)])
def test_two_dense_convolutions_hold_two_strided_ones(kernel_size, size):
    """Even and odd sides, and sides whose half is even or odd."""
    generator = np.random.default_rng(1)
    dense = strided = generator.normal(size=(1, *size, 2)).astype("float32")
    for rate in (1, 2):
        kernel = generator.normal(size=(kernel_size, kernel_size, 2, 2)).astype("float32")
        strided = keras.ops.conv(strided, kernel, strides=2, padding="same")
        padded = AtrousPadding2D(kernel_size, rate)(dense)
        dense = keras.ops.conv(padded, kernel, padding="valid", dilation_rate=rate)
        assert dense.shape[1:3] == size
        np.testing.assert_allclose(dense[:, :: 2 * rate, :: 2 * rate], strided, rtol=1e-4, atol=1e-4)
