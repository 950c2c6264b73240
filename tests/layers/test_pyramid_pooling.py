"""Pooling over regions, and the pyramids of PSPNet and DeepLab."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_checks import check_saving

from course_utils.backend import keras, tf
from course_utils.layers import (
    AdaptiveAveragePooling2D,
    AtrousSpatialPyramidPooling,
    ConvolutionBlock,
    PyramidPooling,
)


def maps(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def regions(length, bins):
    """First pixel of each bin and the pixel after its last, in exact integers."""
    return [(i * length // bins, ((i + 1) * length + bins - 1) // bins) for i in range(bins)]


@settings(deadline=None, max_examples=40)
@given(height=st.integers(1, 14), width=st.integers(1, 14), bins=st.integers(1, 7))
def test_adaptive_pooling_averages_its_regions(height, width, bins):
    inputs = maps(2, height, width, 3)
    pooled = AdaptiveAveragePooling2D(bins)(inputs).numpy()
    for i, (top, bottom) in enumerate(regions(height, bins)):
        for j, (left, right) in enumerate(regions(width, bins)):
            expected = inputs[:, top:bottom, left:right].mean(axis=(1, 2))
            np.testing.assert_allclose(pooled[:, i, j], expected, rtol=1e-5, atol=1e-6)


def test_adaptive_pooling_equals_keras_where_the_bins_divide_the_map():
    inputs = maps(1, 12, 18, 2)
    np.testing.assert_allclose(
        AdaptiveAveragePooling2D(6)(inputs), keras.layers.AveragePooling2D((2, 3))(inputs), rtol=1e-5, atol=1e-6
    )


def test_adaptive_pooling_under_every_execution():
    layer = AdaptiveAveragePooling2D(3)
    inputs = maps(2, 7, 11, 4)
    expected = layer(inputs)
    symbol = keras.Input((None, None, 4))
    assert layer(symbol).shape == (None, 3, 3, 4)
    np.testing.assert_allclose(keras.Model(symbol, layer(symbol))(inputs), expected, rtol=1e-6)
    compiled = tf.function(lambda x: layer(x), jit_compile=True, autograph=False)
    np.testing.assert_allclose(compiled(inputs), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "layer",
    [
        lambda **options: PyramidPooling(**options),
        lambda **options: PyramidPooling(bins=(1, 4), channels=5, **options),
        lambda **options: AtrousSpatialPyramidPooling(6, rates=(1, 3), dropout=0.5, **options),
        lambda **options: ConvolutionBlock(5, 3, rate=2, **options),
    ],
    ids=["pyramid", "pyramid of two", "aspp", "block"],
)
def test_layers_with_weights(layer, tmp_path):
    inputs = maps(2, 9, 7, 8)
    symbol = keras.Input((None, None, 8))
    model = keras.Model(symbol, layer()(symbol))
    model(inputs, training=True)
    outputs = model(inputs)
    assert model.output_shape == (None, None, None, outputs.shape[-1]) and outputs.shape[:3] == inputs.shape[:3]
    check_saving(model, inputs, tmp_path / "model.keras")
    compiled = tf.function(model, jit_compile=True, autograph=False)(tf.constant(inputs))
    np.testing.assert_allclose(compiled, outputs, rtol=1e-4, atol=1e-5)
    half = layer(dtype="mixed_bfloat16")
    half.build(inputs.shape)
    half.set_weights(model.get_weights())
    assert half(inputs).dtype == "bfloat16"
    np.testing.assert_allclose(tf.cast(half(inputs), "float32"), outputs, rtol=0.1, atol=0.1)


def test_pyramid_pooling_keeps_the_map_and_tells_every_pixel_about_the_whole():
    inputs = maps(1, 6, 12, 8)
    layer = PyramidPooling()
    outputs = layer(inputs).numpy()
    assert outputs.shape[-1] == 8 + 4 * 2
    np.testing.assert_array_equal(outputs[..., :8], inputs)
    # The coarsest level is the same everywhere, and changes everywhere when one pixel does.
    np.testing.assert_allclose(outputs[..., 8:10], np.broadcast_to(outputs[:, :1, :1, 8:10], (1, 6, 12, 2)), rtol=1e-6)
    changed = inputs.copy()
    changed[0, 0, 0] += 100 * layer.get_weights()[0][0, 0].sum(axis=1)  # a direction that no ReLU of that level stops
    differs = layer(changed).numpy()[0, -1, -1] != outputs[0, -1, -1]
    assert differs[8:10].any() and not differs[:8].any()


@pytest.mark.parametrize("rate", [1, 2, 5])
def test_a_rates_field_of_view_by_its_gradient(rate):
    """A 3x3 convolution of rate r sees nine pixels, r apart."""
    block = ConvolutionBlock(4, 3, rate)
    image = tf.constant(maps(1, 13, 13, 2))
    block.build(image.shape)
    with tf.GradientTape() as tape:
        tape.watch(image)
        middle = tf.reduce_sum(block.convolution(image)[0, 6, 6] ** 2)
    seen = np.abs(tape.gradient(middle, image)[0]).sum(-1) > 0
    expected = np.zeros((13, 13), bool)
    expected[np.ix_([6 - rate, 6, 6 + rate], [6 - rate, 6, 6 + rate])] = True
    np.testing.assert_array_equal(seen, expected)


@pytest.mark.parametrize(("rates", "share"), [((2, 2, 2), 49 / 169), ((1, 2, 3), 1)])
def test_gridding_and_its_cure_by_the_receptive_fields_gradient(rates, share):
    """Three 3x3 convolutions of rate 2 see one pixel in four of their field; rates 1, 2 and 3 see them all."""
    image = tf.constant(maps(1, 19, 19, 1))
    with tf.GradientTape() as tape:
        tape.watch(image)
        x = image
        for rate in rates:
            x = tf.nn.atrous_conv2d(x, tf.ones([3, 3, 1, 1]), rate, "SAME")
        middle = x[0, 9, 9, 0]
    seen = tape.gradient(middle, image).numpy()[0, ..., 0] > 0
    field = seen[3:16, 3:16]
    assert field[[0, 0, -1, -1], [0, -1, 0, -1]].all() and seen.sum() == field.sum()
    assert field.mean() == pytest.approx(share)


def test_aspp_equals_its_branches():
    """Each branch by hand, from Keras's own layers with the same kernels."""
    inputs = maps(2, 8, 8, 3)
    layer = AtrousSpatialPyramidPooling(4, rates=(2,))
    outputs = layer(inputs)

    def block(x, part):
        kernel = part.convolution.kernel.value
        y = tf.nn.atrous_conv2d(x, kernel, part.rate, "SAME")
        gamma, beta, mean, variance = (weight.value for weight in part.normalization.weights)
        return tf.nn.relu(tf.nn.batch_normalization(y, mean, variance, beta, gamma, part.normalization.epsilon))

    point, atrous = layer.branches
    image = tf.broadcast_to(
        block(tf.reduce_mean(tf.constant(inputs), (1, 2), keepdims=True), layer.image), (2, 8, 8, 4)
    )
    joined = tf.concat([block(inputs, point), block(inputs, atrous), image], -1)
    np.testing.assert_allclose(outputs, block(joined, layer.projection), rtol=1e-4, atol=1e-5)
