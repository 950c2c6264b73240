"""`DepthwiseConv2D` against Keras's own."""

import numpy as np
import pytest
from layer_checks import check_saving

from course_utils.backend import keras, tf
from course_utils.layers import DepthwiseConv2D


def twins(shape, dtype="float32", **options):
    """Keras's layer and ours with the same weights."""
    theirs, ours = (kind(dtype=dtype, **options) for kind in (keras.layers.DepthwiseConv2D, DepthwiseConv2D))
    for layer in (theirs, ours):
        layer.build(shape)
    theirs.set_weights([np.random.default_rng(5).normal(size=weight.shape) for weight in theirs.weights])
    ours.set_weights(theirs.get_weights())
    return theirs, ours


def results(layer, features, shape=None, jit_compile=False):
    """Output, and gradients of features and weights, in 32 bits."""

    @tf.function(jit_compile=jit_compile, input_signature=[tf.TensorSpec(shape or features.shape)])
    def step(features):
        with tf.GradientTape() as tape:
            tape.watch(features)
            outputs = tf.cast(layer(features, training=True), tf.float32)
            factors = tf.sin(tf.range(tf.size(outputs), dtype=tf.float32))
            total = tf.reduce_sum(outputs * tf.reshape(factors, tf.shape(outputs)))
        return outputs, tape.gradient(total, [features, *[weight.value for weight in layer.trainable_weights]])

    outputs, gradients = step(tf.constant(features))
    return [outputs.numpy(), *[gradient.numpy() for gradient in gradients]]


def features(height, width):
    return np.random.default_rng(0).normal(size=(2, height, width, 4)).astype("float32")


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("strides", "dilation_rate"), [(1, 1), (2, 1), (3, 1), (1, 2), (1, 3)])
@pytest.mark.parametrize("kernel_size", [3, 5, (5, 3), 7])
def test_outputs_and_gradients_equal_keras(kernel_size, strides, dilation_rate, padding):
    options = {"kernel_size": kernel_size, "strides": strides, "dilation_rate": dilation_rate, "padding": padding}
    theirs, ours = (results(layer, features(22, 23)) for layer in twins((None, None, None, 4), **options))
    for own, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("options", [{"strides": 2}, {"dilation_rate": 2}, {"depth_multiplier": 3}], ids=str)
@pytest.mark.parametrize("how", [{"shape": [None, None, None, 4]}, {"jit_compile": True}], ids=["any size", "XLA"])
def test_sizes_unknown_to_the_graph_and_xla(how, options):
    theirs, ours = twins((None, None, None, 4), kernel_size=5, padding="same", activation="relu6", **options)
    for own, other in zip(results(ours, features(9, 14), **how), results(theirs, features(9, 14)), strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "options", [{"kernel_size": 5}, {"kernel_size": 3, "strides": 2}, {"kernel_size": 5, "strides": 2}]
)
def test_gradients_in_16_bits_are_no_coarser_than_keras_own(options):
    shape, options = (None, None, None, 4), {**options, "padding": "same", "use_bias": False}
    exact = results(twins(shape, **options)[0], features(24, 32))
    errors = []
    for layer in twins(shape, "mixed_bfloat16", **options):
        found = results(layer, features(24, 32))
        errors.append(
            [np.abs(one - other).max() / np.abs(other).max() for one, other in zip(found, exact, strict=True)]
        )
    theirs, ours = np.array(errors)
    assert (ours < 0.02).all() and (ours <= 2 * theirs + 1e-3).all(), (theirs, ours)


def test_it_is_saved_with_its_network(tmp_path):
    network = keras.Sequential([keras.Input((9, 9, 4)), DepthwiseConv2D(5, 2, "same")])
    check_saving(network, features(9, 9), tmp_path / "network.keras")
