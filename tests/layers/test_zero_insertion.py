"""`ZeroInsertion2D` against NumPy's strided slices, and its transpose."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_checks import check_layer, check_saving

from course_utils.backend import keras, tf
from course_utils.layers import ZeroInsertion2D


def random_image(height, width, seed=0):
    return np.random.default_rng(seed).normal(size=(2, height, width, 3)).astype("float32")


@settings(max_examples=40, deadline=None)
@given(height=st.integers(1, 7), width=st.integers(1, 7), factor=st.integers(1, 5))
def test_pixels_stand_at_the_first_place_of_their_block(height, width, factor):
    image = random_image(height, width)
    expected = np.zeros((2, factor * height, factor * width, 3), "float32")
    expected[:, ::factor, ::factor] = image
    np.testing.assert_array_equal(ZeroInsertion2D(factor)(image), expected)


def test_the_gradient_keeps_every_factorth_pixel():
    image, weights = tf.constant(random_image(3, 5)), random_image(9, 15, seed=1)
    with tf.GradientTape() as tape:
        tape.watch(image)
        spread = ZeroInsertion2D(3)(image)
    np.testing.assert_array_equal(tape.gradient(spread, image, weights), weights[:, ::3, ::3])


def test_layer_contract(tmp_path):
    image = random_image(3, 5)
    check_layer(ZeroInsertion2D, {"factor": 3}, image, tolerance=0)
    inputs = keras.Input((None, None, 3))
    check_saving(keras.Model(inputs, ZeroInsertion2D(2)(inputs)), image, tmp_path / "model.keras")


def test_integers_stay_integers():
    spread = ZeroInsertion2D(2, dtype="int32")(np.arange(6, dtype="int32").reshape(1, 2, 3, 1))
    assert spread.dtype == tf.int32 and spread.shape == (1, 4, 6, 1)


@pytest.mark.parametrize("factor", [0, 1.5, "2", False])
def test_wrong_factors_are_refused(factor):
    with pytest.raises(ValueError, match="factor must be a whole number"):
        ZeroInsertion2D(factor)


def test_three_axes_are_refused():
    with pytest.raises(ValueError, match="ndim"):
        ZeroInsertion2D(2)(np.zeros((2, 3, 3), "float32"))
