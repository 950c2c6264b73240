"""Attention with coarser keys and values."""

import numpy as np
import pytest

from course_utils.backend import keras
from course_utils.layers import EfficientSelfAttention


def features(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def saved(layer, inputs, path):
    """A model of the layer, loaded from a file."""
    symbol = keras.Input((None, None, inputs.shape[-1]))
    keras.Model(symbol, layer(symbol)).save(path)
    return keras.models.load_model(path)


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_without_reduction_it_is_keras_attention(heads):
    inputs = features(2, 3, 5, 8)
    ours = EfficientSelfAttention(heads)
    outputs = ours(inputs).numpy()
    keras_layer = keras.layers.MultiHeadAttention(heads, 8 // heads)
    keras_layer(*[inputs.reshape(2, 15, 8)] * 2)
    weights = []
    for linear in (ours.query, ours.key, ours.value):
        kernel, bias = linear.get_weights()
        weights += [kernel.reshape(8, heads, -1), bias.reshape(heads, -1)]
    kernel, bias = ours.projection.get_weights()
    keras_layer.set_weights([*weights, kernel.reshape(heads, -1, 8), bias])
    expected, scores = keras_layer(*[inputs.reshape(2, 15, 8)] * 2, return_attention_scores=True)
    np.testing.assert_allclose(outputs.reshape(2, 15, 8), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.weigh(inputs), scores, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("size", "keys"), [((8, 12), 6), ((9, 10), 9), ((1, 3), 1)])
def test_keys_stand_on_a_coarser_grid(size, keys):
    layer, inputs = EfficientSelfAttention(2, reduction=4), features(2, *size, 8)
    weights = layer.weigh(inputs)
    assert layer(inputs).shape == inputs.shape and weights.shape == (2, 2, size[0] * size[1], keys)
    np.testing.assert_allclose(np.sum(weights, -1), 1, rtol=1e-5)


def test_every_pixel_sees_the_whole_map():
    layer, inputs = EfficientSelfAttention(1, reduction=2), features(1, 8, 8, 4)
    changed = inputs.copy()
    changed[0, 7, 7] += 1.0
    assert np.abs(layer(changed) - layer(inputs))[0, 0, 0].max() > 1e-6


def test_16_bits_and_saving(tmp_path):
    layer, inputs = EfficientSelfAttention(2, reduction=2), features(1, 5, 7, 8)
    expected = layer(inputs)
    twin = EfficientSelfAttention(2, reduction=2, dtype="mixed_bfloat16")
    assert twin(inputs).dtype == "bfloat16"
    twin.set_weights(layer.get_weights())
    np.testing.assert_allclose(keras.ops.cast(twin(inputs), "float32"), expected, rtol=0.05, atol=0.05)
    np.testing.assert_array_equal(saved(layer, inputs, tmp_path / "layer.keras")(inputs), expected)
    assert EfficientSelfAttention.from_config(layer.get_config()).get_config() == layer.get_config()


def test_heads_share_the_channels():
    with pytest.raises(ValueError, match="8 channels cannot be shared by 3 heads"):
        EfficientSelfAttention(3)(features(1, 2, 2, 8))
