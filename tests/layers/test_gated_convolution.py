"""The layers of Gated-SCNN: gates between the streams, and the image's gradient."""

import numpy as np
import pytest
import scipy.ndimage
from layer_checks import check_layer, check_saving

from course_utils.backend import keras, tf
from course_utils.layers import GatedConvolution2D, ImageGradient


def maps(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def gated(channels, gate, kernel_size=1):
    """The layer with all gates at the sigmoid of `gate`, whatever the streams hold."""
    layer = GatedConvolution2D(channels, kernel_size)
    layer.build([(None, 6, 7, 4), (None, 6, 7, 1)])
    layer.normalization.gamma.assign([0.0])
    layer.normalization.beta.assign([gate])
    return layer


@pytest.mark.parametrize(("gate", "factor"), [(-200.0, 1), (0.0, 1.5), (200.0, 2)])
def test_closed_gates_leave_features_and_open_ones_double_them(gate, factor):
    features, regular = maps(2, 6, 7, 4), maps(2, 6, 7, 1, seed=1)
    layer = gated(5, gate, kernel_size=3)
    expected = layer.convolution(factor * features)
    np.testing.assert_allclose(layer([features, regular]), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(layer.gate([features, regular]), np.full((2, 6, 7, 1), factor - 1), atol=1e-6)


def test_the_layer_follows_its_equations():
    features, regular = maps(2, 6, 7, 4), maps(2, 6, 7, 2, seed=1)
    layer = GatedConvolution2D(3)
    outputs = layer([features, regular])

    def point(x, convolution):
        return x @ convolution.kernel.numpy()[0, 0]

    def normalized(x, part):
        gamma, beta, mean, variance = (weight.numpy() for weight in part.weights)
        return gamma * (x - mean) / np.sqrt(variance + part.epsilon) + beta

    joined = np.concatenate([features, regular], axis=-1)
    hidden = np.maximum(normalized(point(joined, layer.streams.convolution), layer.streams.normalization), 0)
    alpha = 1 / (1 + np.exp(-normalized(point(hidden, layer.to_gate), layer.normalization)))
    np.testing.assert_allclose(layer.gate([features, regular]), alpha, rtol=1e-4, atol=1e-5)
    expected = point(features * alpha + features, layer.convolution)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


def test_gated_convolution_everywhere(tmp_path):
    inputs = [maps(2, 5, 9, 4), maps(2, 5, 9, 1, seed=1)]
    symbols = [keras.Input((None, None, channels)) for channels in (4, 1)]
    model = keras.Model(symbols, GatedConvolution2D(3)(symbols))
    model(inputs, training=True)
    expected = model(inputs)
    assert model.output_shape == (None, None, None, 3)
    check_saving(model, inputs, tmp_path / "model.keras")
    compiled = tf.function(model, jit_compile=True, autograph=False)([tf.constant(array) for array in inputs])
    np.testing.assert_allclose(compiled, expected, rtol=1e-4, atol=1e-5)
    half = GatedConvolution2D(3, dtype="mixed_bfloat16")
    half.build([array.shape for array in inputs])
    half.set_weights(model.get_weights())
    assert half(inputs).dtype == "bfloat16"
    np.testing.assert_allclose(tf.cast(half(inputs), "float32"), expected, rtol=0.1, atol=0.1)


def test_both_streams_and_all_weights_receive_gradients():
    features, regular = tf.Variable(maps(2, 6, 7, 4)), tf.Variable(maps(2, 6, 7, 1, seed=1))
    layer = GatedConvolution2D(3)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(layer([features, regular], training=True) ** 2)
    weights = [weight.value for weight in layer.trainable_weights]
    for gradient in tape.gradient(loss, [features, regular, *weights]):
        assert np.abs(gradient).max() > 0


def test_gradient_equals_sobel():
    images = np.random.default_rng(0).uniform(size=(2, 9, 12, 3)).astype("float32")
    check_layer(ImageGradient, {}, images, tolerance=1e-5)
    for image, magnitude in zip(images, ImageGradient()(images).numpy()[..., 0], strict=True):
        parts = [scipy.ndimage.sobel(image.mean(-1), axis, mode="reflect") / 4 for axis in (0, 1)]
        np.testing.assert_allclose(magnitude, np.hypot(*parts), rtol=1e-4, atol=1e-5)


def test_a_step_has_gradient_one_and_a_plain_image_none():
    images = np.full((1, 8, 10, 3), 0.3, "float32")
    np.testing.assert_allclose(ImageGradient()(images), np.zeros((1, 8, 10, 1)), atol=1e-6)
    images = np.zeros((1, 8, 10, 3), "float32")
    images[:, :, 5:] = 1
    expected = np.zeros((1, 8, 10, 1))
    expected[:, :, 4:6] = 1
    np.testing.assert_allclose(ImageGradient()(images), expected, atol=1e-6)


def test_a_plain_image_has_a_finite_derivative():
    image = tf.Variable(np.full((1, 4, 4, 3), 0.5, "float32"))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(ImageGradient()(image))
    assert np.isfinite(tape.gradient(total, image)).all()
