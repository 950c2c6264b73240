"""`ResizeLike` and `ResizeBy` against `tf.image.resize`, and the layer contract."""

import numpy as np
import pytest
from layer_checks import check_layer

from course_utils.backend import tf
from course_utils.layers import ResizeBy, ResizeLike


def maps(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.parametrize("size", [(5, 9), (8, 8), (1, 3), (97, 129)])
def test_resize_like_equals_tensorflow(size):
    features, reference = maps(2, 4, 5, 3), maps(2, *size, 1)
    check_layer(ResizeLike, {}, [features, reference])
    expected = tf.image.resize(features, size)
    np.testing.assert_allclose(ResizeLike()([features, reference]), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("factor", [1.2, 0.5, 0.05])
def test_resize_by_rounds(factor):
    inputs = maps(2, 5, 8, 3)
    check_layer(ResizeBy, {"factor": factor}, inputs)
    size = [max(1, round(factor * 5)), max(1, round(factor * 8))]
    np.testing.assert_allclose(ResizeBy(factor)(inputs), tf.image.resize(inputs, size), rtol=1e-5, atol=1e-5)
