"""The layers on other backends: the neutral forms beside TensorFlow's own. `test_on_jax.py` has JAX itself."""

import numpy as np
import pytest

from course_utils import layers
from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.inference.views import Views
from course_utils.layers import backend_operations
from course_utils.losses.boundaries import DualTaskLoss

LAYERS = {
    "pooling": (layers.MaxPoolingWithIndices2D, {"pool_size": 2}),
    "sub-pixels": (layers.SubPixelConvolution2D, {"filters": 2, "kernel_size": 3, "factor": 2}),
    "local response": (layers.LocalResponseNormalization, {"alpha": 1.0}),
    "reconstruction": (layers.BasisReconstruction, {"num_classes": 2, "num_bases": 4}),
    "batch normalisation": (layers.BatchNormalization, {}),
    "attention": (layers.EfficientSelfAttention, {"heads": 2, "reduction": 2}),
    "atrous padding": (layers.AtrousPadding2D, {"rate": 2}),
    "depthwise": (layers.DepthwiseConv2D, {"kernel_size": 5, "strides": 2, "padding": "same"}),
}
"""One for each operation that TensorFlow has a form of its own for."""


@pytest.mark.parametrize("name", LAYERS)
def test_tensorflows_own_forms_compute_what_the_neutral_ones_do(name, monkeypatch):
    """Outputs, gradients of the input and, in training, the averages that are kept."""
    layer_class, options = LAYERS[name]
    # Rounded, so that several maxima of a window are equal: the first one is to get the gradient.
    features = tf.constant(np.random.default_rng(0).normal(size=(2, 5, 7, 8)).round().astype("float32"))
    layer = layer_class(**options)
    layer(features)
    start = layer.get_weights()
    training = {"training": True} if name in ("batch normalisation", "depthwise") else {}
    results = []
    for own in (True, False):
        monkeypatch.setattr(backend_operations, "on_tensorflow", lambda own=own: own)
        for module in ("batch_normalization", "depthwise_convolution"):
            monkeypatch.setattr(f"course_utils.layers.{module}.on_tensorflow", lambda own=own: own)
        layer.set_weights(start)
        with tf.GradientTape() as tape:
            tape.watch(features)
            outputs = tf.nest.flatten(layer(features, **training))
            total = tf.reduce_sum(tf.sin(outputs[0]))
        results.append([*outputs, tape.gradient(total, features), *layer.get_weights()])
    for own, neutral in zip(*results, strict=True):
        np.testing.assert_allclose(own, neutral, rtol=1e-5, atol=1e-5)


def test_unpooling_has_the_same_gradient_in_both_forms(monkeypatch):
    features = tf.constant(np.random.default_rng(0).normal(size=(2, 5, 7, 3)).astype("float32"))
    values, indices = layers.MaxPoolingWithIndices2D(2)(features)
    factors, results = tf.random.stateless_normal(features.shape, [1, 2]), []
    for own in (True, False):
        monkeypatch.setattr(backend_operations, "on_tensorflow", lambda own=own: own)
        with tf.GradientTape() as tape:
            tape.watch(values)
            total = tf.reduce_sum(factors * layers.MaxUnpooling2D(2)([values, indices, features]))
        results.append(tape.gradient(total, values))
    np.testing.assert_array_equal(*results)


def test_what_only_tensorflow_computes_says_so_elsewhere(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    for build in (layers.DenseCRF, lambda: DualTaskLoss(gumbel=True), lambda: Views(None)):
        with pytest.raises(CourseError, match=r"TensorFlow only.*'jax'"):
            build()
