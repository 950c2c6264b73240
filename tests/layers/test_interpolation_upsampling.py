"""`InterpolationUpsampling2D` against `tf.image.resize`, Pillow, SciPy and a dense matrix, and its gradient.

Pillow's bilinear, bicubic and Lanczos-3 renormalise at the border, as TensorFlow does, so whole images agree. SciPy's
splines do not: `scipy.ndimage.zoom` of order 3 prefilters (its cubic is a B-spline through the samples, not Keys's),
and only its order 1 is the same method; it agrees everywhere with the border repeated and `grid_mode`.
"""

import numpy as np
import PIL.Image
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from layer_checks import check_layer, check_saving
from scipy import ndimage

from course_utils.backend import keras, tf
from course_utils.layers import InterpolationUpsampling2D
from course_utils.layers.upsampling.interpolation_kernels import METHODS, kernel_function

sizes = st.integers(1, 13)


def random_image(height, width, seed=0, channels=2):
    return np.random.default_rng(seed).random((2, height, width, channels)).astype("float32")


def resize(image, factor, method):
    return tf.image.resize(image, (factor * image.shape[1], factor * image.shape[2]), method)


def matrix(method, factor, length):
    """The interpolation as a matrix [factor * length, length] in float64: weights by distance, rows that sum to 1."""
    places = (np.arange(factor * length) + 0.5) / factor - 0.5
    distance = places[:, np.newaxis] - np.arange(length)
    if method == "bicubic":
        distance = np.round(1024 * distance) / 1024
    weights = kernel_function(method)(distance)
    return weights / weights.sum(1, keepdims=True)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=12, deadline=None)
@given(height=sizes, width=sizes, factor=st.integers(1, 6))
@example(height=1, width=1, factor=2)
@example(height=2, width=13, factor=5)
def test_equals_tf_image_resize_on_the_whole_image(method, height, width, factor):
    image = random_image(height, width)
    actual = InterpolationUpsampling2D(factor, method)(image)
    # TensorFlow computes coordinates in float32; its area weights lose most. The next test shows which one is right.
    np.testing.assert_allclose(actual, resize(image, factor, method), atol=2e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("height", "width", "factor"), [(1, 4, 3), (7, 5, 2), (6, 31, 5)])
def test_equals_a_matrix_in_double_precision(method, height, width, factor):
    image = random_image(height, width)
    rows, columns = matrix(method, factor, height), matrix(method, factor, width)
    expected = np.einsum("ih,jw,bhwc->bijc", rows, columns, image.astype("float64"))
    np.testing.assert_allclose(InterpolationUpsampling2D(factor, method)(image), expected, atol=1.5e-6)
    exact = InterpolationUpsampling2D(factor, method, dtype="float64")(image.astype("float64"))
    np.testing.assert_allclose(exact, expected, atol=1e-13)


@pytest.mark.parametrize(
    ("method", "filter"),
    [
        ("nearest", PIL.Image.Resampling.NEAREST),
        ("area", PIL.Image.Resampling.BOX),
        ("bilinear", PIL.Image.Resampling.BILINEAR),
        ("bicubic", PIL.Image.Resampling.BICUBIC),
        ("lanczos3", PIL.Image.Resampling.LANCZOS),
    ],
)
@pytest.mark.parametrize("factor", [2, 3, 4])
def test_equals_pillow(method, filter, factor):
    image = random_image(9, 14)[0, ..., 0]
    expected = PIL.Image.fromarray(image).resize((factor * 14, factor * 9), filter)
    actual = InterpolationUpsampling2D(factor, method)(image[None, ..., None])[0, ..., 0]
    # Pillow uses no table: at factor 3 its bicubic differs by the rounding of TensorFlow's table of 1024 steps.
    tolerance = 2e-3 if (method, factor) == ("bicubic", 3) else 2e-6
    np.testing.assert_allclose(actual, np.asarray(expected), atol=tolerance)


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_bilinear_equals_scipy(factor):
    image = random_image(6, 9)[0, ..., 0].astype("float64")
    expected = ndimage.zoom(image, factor, order=1, mode="nearest", grid_mode=True)
    actual = InterpolationUpsampling2D(factor, "bilinear", dtype="float64")(image[None, ..., None])[0, ..., 0]
    np.testing.assert_allclose(actual, expected, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_constants_stay_constant_up_to_the_border(method):
    image = np.full((1, 3, 8, 1), 7.5, "float32")
    np.testing.assert_allclose(InterpolationUpsampling2D(4, method)(image), 7.5, rtol=1e-6)


@settings(max_examples=30, deadline=None)
@given(
    method=st.sampled_from(METHODS), height=sizes, width=sizes, factor=st.integers(1, 5), axis=st.sampled_from([1, 2])
)
def test_flipping_and_enlarging_commute(method, height, width, factor, axis):
    image = random_image(height, width)
    layer = InterpolationUpsampling2D(factor, method)
    np.testing.assert_allclose(layer(np.flip(image, axis).copy()), np.flip(layer(image), axis), atol=2e-6)


@settings(max_examples=30, deadline=None)
@given(method=st.sampled_from(METHODS), height=sizes, width=sizes, factor=st.integers(1, 5))
def test_the_gradient_is_the_adjoint(method, height, width, factor):
    image = tf.constant(random_image(height, width), tf.float64)
    weights = tf.constant(random_image(factor * height, factor * width, seed=1), tf.float64)
    layer = InterpolationUpsampling2D(factor, method, dtype="float64")
    with tf.GradientTape() as tape:
        tape.watch(image)
        enlarged = layer(image)
    gradient = tape.gradient(enlarged, image, weights)
    np.testing.assert_allclose(tf.reduce_sum(enlarged * weights), tf.reduce_sum(image * gradient), rtol=1e-9)
    rows, columns = matrix(method, factor, height), matrix(method, factor, width)
    np.testing.assert_allclose(gradient, np.einsum("ih,jw,bijc->bhwc", rows, columns, weights), atol=1e-10)


@pytest.mark.parametrize("method", ["nearest", "bilinear", "bicubic", "lanczos3", "mitchellcubic"])
def test_the_gradient_equals_that_of_the_framework(method):
    image, weights = tf.constant(random_image(5, 8)), random_image(15, 24, seed=1)
    gradients = []
    for function in (InterpolationUpsampling2D(3, method), lambda image: resize(image, 3, method)):
        with tf.GradientTape() as tape:
            tape.watch(image)
            enlarged = function(image)
        gradients.append(tape.gradient(enlarged, image, weights))
    np.testing.assert_allclose(*gradients, atol=2e-5)


@pytest.mark.parametrize("method", ["nearest", "bilinear", "bicubic", "lanczos5"])
def test_layer_contract(method, tmp_path):
    image = random_image(4, 5, channels=3)
    check_layer(InterpolationUpsampling2D, {"factor": 3, "method": method}, image, tolerance=2e-6)
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, InterpolationUpsampling2D(2, method)(inputs))
    assert not model.weights
    check_saving(model, image, tmp_path / "model.keras")


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="choose one of nearest"):
        InterpolationUpsampling2D(2, "cubic")
    with pytest.raises(ValueError, match="factor must be a whole number"):
        InterpolationUpsampling2D(2.0, "bilinear")
