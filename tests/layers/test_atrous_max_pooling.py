"""Dense max pooling against SciPy's, and against the strided pooling that it replaces."""

import numpy as np
import pytest
import scipy.ndimage
from layer_checks import check_layer

from course_utils.backend import keras
from course_utils.layers import AtrousMaxPooling2D


@pytest.mark.parametrize(("pool_size", "rate"), [(2, 1), (2, 2), (3, 2), (2, 4)])
def test_equals_scipy_and_keeps_the_layer_contract(pool_size, rate):
    inputs = np.random.default_rng(0).normal(size=(2, 7, 10, 3)).astype("float32")
    check_layer(AtrousMaxPooling2D, {"pool_size": pool_size, "rate": rate}, inputs)
    reach = rate * (pool_size - 1)
    taps = np.zeros((2 * reach + 1, 2 * reach + 1), bool)
    taps[reach::rate, reach::rate] = True
    for image, output in zip(inputs, AtrousMaxPooling2D(pool_size, rate)(inputs).numpy(), strict=True):
        for channel in range(3):
            expected = scipy.ndimage.maximum_filter(image[..., channel], footprint=taps, mode="constant", cval=-np.inf)
            np.testing.assert_array_equal(output[..., channel], expected)


@pytest.mark.parametrize("size", [(8, 8), (7, 9)])
def test_every_second_value_is_what_strided_pooling_gives(size):
    inputs = np.random.default_rng(1).normal(size=(1, *size, 2)).astype("float32")
    strided = keras.layers.MaxPooling2D(2, padding="same")(inputs)
    np.testing.assert_array_equal(AtrousMaxPooling2D(2)(inputs)[:, ::2, ::2], strided)
