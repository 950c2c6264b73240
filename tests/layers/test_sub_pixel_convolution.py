"""`SubPixelConvolution2D` against loops, against convolution and nearest-neighbour resize, and as a Keras layer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_checks import check_saving

from course_utils.backend import keras, tf
from course_utils.layers import SubPixelConvolution2D


def features_of(height, width, channels=2, seed=0):
    return np.random.default_rng(seed).normal(size=(2, height, width, channels)).astype("float32")


@settings(max_examples=15, deadline=None)
@given(
    height=st.integers(1, 5),
    width=st.integers(1, 5),
    kernel_size=st.integers(1, 4),
    factor=st.integers(1, 4),
    filters=st.integers(1, 3),
)
def test_starts_as_convolution_and_nearest_neighbour_resize(height, width, kernel_size, factor, filters):
    layer = SubPixelConvolution2D(filters, kernel_size, factor)
    features = features_of(height, width)
    large = layer(features)
    kernel = layer.convolution.kernel.numpy()[..., :filters]
    small = tf.nn.conv2d(features, kernel, 1, "SAME")
    nearest = tf.image.resize(small, (factor * height, factor * width), "nearest")
    np.testing.assert_allclose(large, nearest, atol=1e-5)


@settings(max_examples=15, deadline=None)
@given(factor=st.integers(1, 4), filters=st.integers(1, 3), height=st.integers(1, 4), width=st.integers(1, 4))
def test_each_phase_has_a_convolution_of_its_own(factor, filters, height, width):
    layer = SubPixelConvolution2D(filters, 3, factor, icnr=False, use_bias=False)
    features = features_of(height, width)
    large = layer(features).numpy()
    kernel = layer.convolution.kernel.numpy()
    for i in range(factor):
        for j in range(factor):
            first = (i * factor + j) * filters
            phase = tf.nn.conv2d(features, kernel[..., first : first + filters], 1, "SAME")
            np.testing.assert_allclose(large[:, i::factor, j::factor], phase, atol=1e-5)


def test_without_icnr_the_phases_start_different():
    kernel = SubPixelConvolution2D(4, 3, 2, icnr=False)
    kernel.build((None, None, None, 3))
    phases = np.split(kernel.convolution.kernel.numpy(), 4, axis=-1)
    assert all(not np.allclose(phases[0], other) for other in phases[1:])


@pytest.mark.parametrize("icnr", [True, False])
def test_scale_of_the_weights_is_that_of_the_initialiser(icnr):
    """ICNR draws for the fan of one phase: tiling a kernel drawn for all of them would start too small."""
    layer = SubPixelConvolution2D(8, 3, 3, icnr=icnr, kernel_initializer=keras.initializers.GlorotUniform(seed=1))
    layer.build((None, None, None, 8))
    outputs = 8 if icnr else 8 * 9
    expected = np.sqrt(2 / (9 * 8 + 9 * outputs))
    assert layer.convolution.kernel.numpy().std() == pytest.approx(expected, rel=0.1)


def test_training_makes_the_phases_differ():
    layer = SubPixelConvolution2D(1, 3, 2)
    model = keras.Sequential([keras.Input((4, 4, 1)), layer])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(features_of(4, 4, 1), features_of(8, 8, 1, seed=1), epochs=1, verbose=0)
    phases = np.split(layer.convolution.kernel.numpy(), 4, axis=-1)
    assert all(np.abs(phases[0] - other).max() > 1e-4 for other in phases[1:])


@pytest.mark.parametrize("jit_compile", [False, True])
def test_graph_mode_with_open_sizes(jit_compile):
    layer = SubPixelConvolution2D(3, 3, 2)
    features = features_of(5, 7)
    expected = layer(features)
    function = tf.function(layer.__call__, jit_compile=jit_compile, autograph=False)
    np.testing.assert_allclose(function(tf.constant(features)), expected, rtol=1e-5, atol=1e-5)
    symbol = keras.Input((None, None, 2))
    assert layer(symbol).shape == (None, None, None, 3)
    assert layer(keras.Input((5, 7, 2))).shape == (None, 10, 14, 3)
    np.testing.assert_allclose(keras.Model(symbol, layer(symbol))(features), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(dtype):
    layer = SubPixelConvolution2D(3, 3, 2, dtype=dtype)
    features = features_of(4, 4)
    low = layer(features)
    assert low.dtype == keras.DTypePolicy(dtype).compute_dtype
    assert layer.convolution.kernel.dtype == "float32"
    full = SubPixelConvolution2D(3, 3, 2)
    full.build(features.shape)
    full.set_weights(layer.get_weights())
    np.testing.assert_allclose(tf.cast(low, "float32"), full(features), rtol=3e-2, atol=3e-2)


def test_saving_keeps_weights_and_arguments(tmp_path):
    image = keras.Input((None, None, 2))
    layer = SubPixelConvolution2D(3, 5, 3, icnr=False, kernel_initializer="he_normal", use_bias=False)
    restored = check_saving(keras.Model(image, layer(image)), features_of(3, 4), tmp_path / "model.keras")
    assert restored.layers[-1].get_config() == layer.get_config()
    assert not restored.layers[-1].icnr and not restored.layers[-1].use_bias


@pytest.mark.parametrize("factor", [0, -1, 2.0, None])
def test_impossible_factors_are_refused(factor):
    with pytest.raises(ValueError, match="factor"):
        SubPixelConvolution2D(1, 3, factor)
