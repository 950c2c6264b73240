"""What every layer of the course must do, checked in one call."""

import numpy as np

from course_utils.backend import keras, tf


def check_layer(
    layer_class, arguments, inputs, *, tolerance=1e-6, dtypes=("float32", "mixed_float16", "mixed_bfloat16")
):
    """Checks configuration, shape inference, graph mode, XLA, mixed precision and saving of a layer without weights.

    Args:
        layer_class: a layer of `course_utils.layers`.
        arguments: keyword arguments of its constructor.
        inputs: an array `[batch, height, width, channels]` or a list of such arrays, for its call.
        tolerance: relative, between eager mode, graph mode and XLA in float32.
    """
    layer = layer_class(**arguments)
    for name, value in arguments.items():
        assert getattr(layer, name) == value
    expected = _flat(layer(inputs))

    config = layer.get_config()
    assert layer_class.from_config(config).get_config() == config
    assert arguments.items() <= config.items()
    assert keras.saving.get_registered_name(layer_class).startswith("course_utils>")
    assert keras.saving.get_registered_object(keras.saving.get_registered_name(layer_class)) is layer_class

    for open_size in (False, True):
        symbols = tf.nest.map_structure(lambda array, open_size=open_size: _symbol(array, open_size), inputs)
        outputs = layer(symbols)
        model = keras.Model(symbols, outputs)
        for symbol, value in zip(_flat(outputs), expected, strict=True):
            assert symbol.dtype == value.dtype
            if open_size:
                assert symbol.shape == (None, None, None, value.shape[-1])
            else:
                assert tuple(symbol.shape) == (None, *value.shape[1:])
        _assert_close(_flat(model(inputs)), expected, tolerance)

    tensors = tf.nest.map_structure(tf.convert_to_tensor, inputs)
    for jit_compile in (False, True):
        function = tf.function(lambda tensors: layer(tensors), jit_compile=jit_compile, autograph=False)
        _assert_close(_flat(function(tensors)), expected, tolerance)
    unknown = tf.nest.map_structure(
        lambda tensor: tf.TensorSpec([None, None, None, tensor.shape[-1]], tensor.dtype), tensors
    )
    function = tf.function(lambda tensors: layer(tensors), input_signature=[unknown], autograph=False)
    _assert_close(_flat(function(tensors)), expected, tolerance)

    for dtype in dtypes:
        outputs = _flat(layer_class(**arguments, dtype=dtype)(inputs))
        for output, value in zip(outputs, expected, strict=True):
            assert output.dtype == (keras.DTypePolicy(dtype).compute_dtype if value.dtype.is_floating else value.dtype)
            if value.dtype.is_floating:
                # bfloat16 keeps 8 bits of the input.
                np.testing.assert_allclose(tf.cast(output, "float32"), value, rtol=2e-2, atol=2e-2)


def check_saving(model, inputs, path):
    """Saves the model, loads it without `custom_objects`, and compares configuration and outputs bit by bit."""
    model.save(path)
    restored = keras.models.load_model(path)
    assert restored.to_json() == model.to_json()
    assert [weight.name for weight in restored.weights] == [weight.name for weight in model.weights]
    for one, other in zip(_flat(model(inputs)), _flat(restored(inputs)), strict=True):
        np.testing.assert_array_equal(one, other)
    return restored


def _symbol(array, open_size):
    shape = [None, None, array.shape[-1]] if open_size else array.shape[1:]
    return keras.Input(shape, dtype=str(array.dtype))


def _flat(structure):
    return tf.nest.flatten(structure)


def _assert_close(values, expected, tolerance):
    for value, other in zip(values, expected, strict=True):
        assert value.dtype == other.dtype and value.shape == other.shape
        np.testing.assert_allclose(value, other, rtol=tolerance, atol=tolerance)
