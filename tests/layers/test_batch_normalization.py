"""The fused `BatchNormalization` against Keras's own."""

import numpy as np
import pytest
from layer_checks import check_saving

from course_utils.backend import keras, tf
from course_utils.layers import BatchNormalization

ARGUMENTS = [
    {},
    {"momentum": 0.7, "epsilon": 1e-5},
    {"scale": False},
    {"center": False},
    {"center": False, "scale": False, "epsilon": 1e-7},
]


def features(shape=(3, 5, 4, 6), seed=0):
    """Channels of different mean and spread."""
    generator = np.random.default_rng(seed)
    return (generator.normal(size=shape) * np.linspace(0.1, 3, shape[-1]) + np.arange(shape[-1])).astype("float32")


def twins(arguments, shape=(3, 5, 4, 6), dtype="float32"):
    """Keras's layer and ours with the same random weights."""
    generator = np.random.default_rng(5)
    theirs, ours = (
        keras.layers.BatchNormalization(**arguments, dtype=dtype),
        BatchNormalization(**arguments, dtype=dtype),
    )
    theirs.build(shape)
    ours.build(shape)
    theirs.set_weights([generator.uniform(0.5, 2, weight.shape) for weight in theirs.weights])
    ours.set_weights(theirs.get_weights())
    return theirs, ours


def run(layer, inputs, training, jit_compile=False):
    """Output, gradients with respect to inputs and trainable weights, and all weights afterwards."""
    weights = tf.constant(features(inputs.shape, seed=1))

    @tf.function(jit_compile=jit_compile, autograph=False)
    def step(inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, training=training)
            loss = tf.reduce_sum(tf.cast(outputs, tf.float32) * weights)
        return outputs, tape.gradient(loss, [inputs, *[weight.value for weight in layer.trainable_weights]])

    outputs, gradients = step(tf.constant(inputs))
    return [outputs, *gradients, *[weight.numpy() for weight in layer.weights]]


@pytest.mark.parametrize("mode", ["training", "inference", "frozen"])
@pytest.mark.parametrize(
    ("arguments", "jit_compile"), [*((arguments, False) for arguments in ARGUMENTS), (ARGUMENTS[1], True)], ids=str
)
def test_outputs_gradients_and_averages_equal_keras(arguments, jit_compile, mode):
    theirs, ours = twins(arguments)
    theirs.trainable = ours.trainable = mode != "frozen"
    before = ours.get_weights()
    expected = run(theirs, features(), training=mode != "inference")
    actual = run(ours, features(), training=mode != "inference", jit_compile=jit_compile)
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-4)
    averages_moved = any((one != other).any() for one, other in zip(before[-2:], ours.get_weights()[-2:], strict=True))
    assert averages_moved == (mode == "training")


@pytest.mark.parametrize("shape", [(1, 1, 1, 6), (1, 1, 2, 6), (2, 1, 1, 6)])
def test_few_elements(shape):
    """Bessel's correction is largest here, and not defined for a single element."""
    theirs, ours = twins({"momentum": 0.5}, shape)
    for one, other in zip(run(ours, features(shape), True), run(theirs, features(shape), True), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("training", [False, True])
def test_mixed_precision_keeps_statistics_in_float32(dtype, training):
    theirs, ours = twins({}, dtype=dtype)
    inputs = features()
    actual, expected = ours(inputs, training=training), theirs(inputs, training=training)
    assert actual.dtype == keras.DTypePolicy(dtype).compute_dtype
    np.testing.assert_allclose(tf.cast(actual, "float32"), tf.cast(expected, "float32"), rtol=2e-2, atol=2e-2)
    assert all(weight.dtype == "float32" for weight in ours.weights)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "shape", "dtype"),
    [
        ({"axis": 1}, (3, 5, 4, 6), "float32"),
        ({}, (8, 6), "float32"),
        ({}, (3, 5, 4, 6), "float64"),
        ({"renorm": True}, (3, 5, 4, 6), "float32"),
    ],
    ids=["other axis", "other rank", "float64", "renorm"],
)
def test_cases_outside_the_kernel_are_left_to_keras(arguments, shape, dtype):
    theirs, ours = twins(arguments, shape, dtype)
    inputs = features(shape)
    np.testing.assert_array_equal(ours(inputs, training=True), theirs(inputs, training=True))


def test_weights_load_either_way(tmp_path):
    def model(layer):
        return keras.Sequential([keras.Input((None, None, 6)), layer])

    theirs, ours = map(model, twins({}))
    theirs.layers[0].name = ours.layers[0].name = "normalization"
    assert [weight.name for weight in theirs.weights] == [weight.name for weight in ours.weights]
    for source, target in [(theirs, model(BatchNormalization())), (ours, model(keras.layers.BatchNormalization()))]:
        path = tmp_path / f"{source.layers[0].__class__.__module__}.weights.h5"
        source.save_weights(path)
        target.load_weights(path)
        np.testing.assert_allclose(target(features()), source(features()), rtol=1e-5, atol=1e-5)


def test_saving_and_configuration(tmp_path):
    layer = BatchNormalization(momentum=0.7, name="normalization")
    assert layer.get_config() == keras.layers.BatchNormalization(momentum=0.7, name="normalization").get_config()
    model = keras.Sequential([keras.Input((None, None, 6)), layer])
    model(features(), training=True)
    restored = check_saving(model, features(), tmp_path / "model.keras")
    assert type(restored.layers[0]) is BatchNormalization
    assert model.output_shape == (None, None, None, 6)
