"""`MaxPoolingWithIndices2D` and `MaxUnpooling2D` against loops in NumPy, and against each other."""

import numpy as np
import numpy_pooling
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_checks import check_layer, check_saving

from course_utils.backend import keras, tf
from course_utils.layers import MaxPoolingWithIndices2D, MaxUnpooling2D

SIZES = [(6, 8, 2), (5, 7, 2), (1, 1, 2), (7, 8, 3), (9, 5, 4), (4, 3, 1)]


def features_with_ties(height, width, *, batch=2, channels=3, seed=0):
    """Small integers, so that most windows have ties, with a region of equal zeros as after a ReLU."""
    features = np.random.default_rng(seed).integers(-2, 3, (batch, height, width, channels)).astype("float32")
    features[0, : height // 2] = 0
    return features


def random_like(array, seed=1):
    return np.random.default_rng(seed).normal(size=array.shape).astype("float32")


def pool_and_gradient(features, weights, pool_size):
    with tf.GradientTape() as tape:
        tape.watch(features)
        values, indices = MaxPoolingWithIndices2D(pool_size)(features)
    return values, indices, tape.gradient(values, features, weights)


def unpool_and_gradient(values, indices, reference, weights, pool_size):
    with tf.GradientTape() as tape:
        tape.watch(values)
        features = MaxUnpooling2D(pool_size)([values, indices, reference])
    return features, tape.gradient(features, values, weights)


@pytest.mark.parametrize("mode", ["eager", "graph", "xla"])
@pytest.mark.parametrize(("height", "width", "pool_size"), SIZES)
def test_values_indices_and_gradients_equal_numpy(height, width, pool_size, mode):
    features = features_with_ties(height, width)
    values, indices = numpy_pooling.max_pool(features, pool_size)
    weights, wide_weights = random_like(values), random_like(features)

    pool, unpool = pool_and_gradient, unpool_and_gradient
    if mode != "eager":
        pool = tf.function(pool, jit_compile=mode == "xla", autograph=False)
        unpool = tf.function(unpool, jit_compile=mode == "xla", autograph=False)
    actual_values, actual_indices, gradient = pool(tf.constant(features), tf.constant(weights), pool_size)
    assert actual_indices.dtype == tf.uint8
    np.testing.assert_array_equal(actual_values, values)
    np.testing.assert_array_equal(actual_indices, indices)
    np.testing.assert_array_equal(gradient, numpy_pooling.scatter(weights, indices, pool_size, height, width))

    unpooled, gradient = unpool(
        tf.constant(weights), tf.constant(indices), tf.constant(features), tf.constant(wide_weights), pool_size
    )
    np.testing.assert_array_equal(unpooled, numpy_pooling.scatter(weights, indices, pool_size, height, width))
    np.testing.assert_array_equal(gradient, numpy_pooling.gather(wide_weights, indices, pool_size))


def test_indices_give_the_positions_of_max_pool_with_argmax():
    features = features_with_ties(7, 9)
    values, positions = tf.nn.max_pool_with_argmax(features, 2, 2, "SAME")
    actual, indices = MaxPoolingWithIndices2D()(features)
    rows, columns = np.ogrid[:4, :5]
    y = 2 * rows[..., np.newaxis] + indices.numpy() // 2
    x = 2 * columns[..., np.newaxis] + indices.numpy() % 2
    np.testing.assert_array_equal(actual, values)
    np.testing.assert_array_equal((y * 9 + x) * 3 + np.arange(3), positions)


@pytest.mark.parametrize("extreme", [np.finfo("float32").min, -1.0, 0.0])
def test_padding_never_wins(extreme):
    features = np.full((1, 3, 3, 1), extreme, "float32")
    values, indices = MaxPoolingWithIndices2D()(features)
    np.testing.assert_array_equal(values, np.full((1, 2, 2, 1), extreme))
    np.testing.assert_array_equal(indices, np.zeros((1, 2, 2, 1)))


def test_unpooling_keeps_infinities():
    values = np.full((1, 1, 1, 1), np.inf, "float32")
    unpooled = MaxUnpooling2D()([values, np.full((1, 1, 1, 1), 3, "uint8"), np.zeros((1, 2, 2, 1), "float32")])
    np.testing.assert_array_equal(unpooled[0, ..., 0], [[0, 0], [0, np.inf]])


sizes = st.integers(1, 9)


@settings(max_examples=40, deadline=None)
@given(height=sizes, width=sizes, pool_size=st.integers(1, 4), seed=st.integers(0, 99))
def test_unpooling_inverts_pooling_on_the_maxima_and_is_its_adjoint(height, width, pool_size, seed):
    features = random_like(np.zeros((2, height, width, 3)), seed)
    values, indices = MaxPoolingWithIndices2D(pool_size)(features)
    unpooled = MaxUnpooling2D(pool_size)([values, indices, features]).numpy()
    assert unpooled.shape == features.shape
    kept = unpooled != 0
    np.testing.assert_array_equal(unpooled[kept], features[kept])
    assert kept.sum() == np.size(values)  # one in each window: continuous random numbers are never zero

    # <unpool(v), x> = <v, the elements of x at the indices>
    other, spread = random_like(values.numpy(), seed + 1), random_like(features, seed + 2)
    left = np.vdot(MaxUnpooling2D(pool_size)([other, indices, features]), spread)
    right = np.vdot(other, numpy_pooling.gather(spread, indices.numpy(), pool_size))
    np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-5)


def test_gradients_of_gradients():
    features = tf.constant(features_with_ties(5, 6))

    def twice(features):
        with tf.GradientTape() as outer:
            outer.watch(features)
            with tf.GradientTape() as inner:
                inner.watch(features)
                values, indices = MaxPoolingWithIndices2D()(features)
                energy = tf.reduce_sum(MaxUnpooling2D()([values**3, indices, features]) ** 2)
            gradient = inner.gradient(energy, features)
        return gradient, outer.gradient(gradient, features)

    # energy = sum of v**6 over the maxima v, so the derivatives are 6 v**5 and 30 v**4 there, and 0 elsewhere.
    values, indices = numpy_pooling.max_pool(features.numpy(), 2)
    first, second = twice(features)
    np.testing.assert_allclose(first, numpy_pooling.scatter(6 * values**5, indices, 2, 5, 6), rtol=1e-5)
    np.testing.assert_allclose(second, numpy_pooling.scatter(30 * values**4, indices, 2, 5, 6), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_precisions_are_exact(dtype):
    features = tf.cast(features_with_ties(5, 7), dtype)
    values, indices = numpy_pooling.max_pool(tf.cast(features, "float32").numpy(), 2)
    actual, actual_indices = MaxPoolingWithIndices2D(dtype=dtype)(features)
    unpooled = MaxUnpooling2D(dtype=dtype)([actual, actual_indices, features])
    assert actual.dtype == unpooled.dtype == features.dtype
    np.testing.assert_array_equal(tf.cast(actual, "float32"), values)
    np.testing.assert_array_equal(actual_indices, indices)
    np.testing.assert_array_equal(tf.cast(unpooled, "float32"), numpy_pooling.scatter(values, indices, 2, 5, 7))


def test_layer_contract():
    features = features_with_ties(5, 7)
    check_layer(MaxPoolingWithIndices2D, {"pool_size": 3}, features)
    values, indices = numpy_pooling.max_pool(features, 3)
    check_layer(MaxUnpooling2D, {"pool_size": 3}, [values, indices, features])


def test_saving(tmp_path):
    image = keras.Input((None, None, 3))
    values, indices = MaxPoolingWithIndices2D(3)(image)
    model = keras.Model(image, [MaxUnpooling2D(3)([values, indices, image]), indices])
    check_saving(model, features_with_ties(5, 7), tmp_path / "model.keras")


@pytest.mark.parametrize("pool_size", [0, 17, 2.0])
@pytest.mark.parametrize("layer", [MaxPoolingWithIndices2D, MaxUnpooling2D])
def test_impossible_pool_sizes_are_refused(layer, pool_size):
    with pytest.raises(ValueError, match="pool_size"):
        layer(pool_size)
