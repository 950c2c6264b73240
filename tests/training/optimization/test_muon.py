"""Muon for convolutions: the update, and which kernels get it."""

import numpy as np
import pytest

from course_utils.backend import keras, tf
from course_utils.models import SYSTEMS
from course_utils.training.optimization.muon import Muon, hidden_kernels
from course_utils.training.optimization.optimizers import muon


@pytest.mark.parametrize("shape", [(3, 3, 16, 8), (1, 1, 8, 32), (7, 7, 4, 4), (5, 4)])
def test_the_short_side_gives_what_keras_gives(shape):
    """Five steps of the iteration on the matrix itself, and on the products of its short side."""
    random = np.random.default_rng(0)
    gradient = tf.constant(random.normal(size=shape) * np.logspace(0, 1.5, shape[-1]), tf.float32)
    update = tf.reshape(Muon().zeropower_via_newtonschulz5(gradient, 5), (-1, shape[-1]))
    matrix = tf.reshape(gradient, (-1, shape[-1]))
    whole = keras.optimizers.Muon().zeropower_via_newtonschulz5(matrix, 5)
    np.testing.assert_allclose(update, whole, atol=1e-5)
    values = np.linalg.svd(update, compute_uv=False)
    assert values.min() > 0.6 and values.max() < 1.3
    ratio = np.divide(*np.linalg.svd(matrix, compute_uv=False)[[0, -1]])
    assert ratio > 1.5 * values.max() / values.min(), "the gradient had favoured a few directions"


def test_a_kernel_changes_by_about_0_7_times_the_rate_whatever_its_shape():
    for shape in [(3, 3, 64, 16), (3, 3, 16, 16), (1, 1, 64, 32)]:
        kernel = keras.Variable(keras.initializers.HeNormal(0)(shape))
        before = kernel.numpy()
        optimizer = Muon(0.03, [0], weight_decay=None)
        optimizer.apply([tf.random.stateless_normal(shape, (0, 1))], [kernel])
        change = np.linalg.norm(kernel.numpy() - before) / np.linalg.norm(before)
        assert change == pytest.approx(0.7 * 0.03, rel=0.35)


def test_what_is_not_hidden_goes_by_adam():
    values, gradient = np.ones((3, 3, 2, 2), np.float32), np.full((3, 3, 2, 2), 7, np.float32)
    kernel, other = keras.Variable(values), keras.Variable(values)
    Muon(0.3, [], adam_lr_ratio=0.1, weight_decay=None, adam_weight_decay=None).apply([gradient], [kernel])
    keras.optimizers.Adam(0.03).apply([gradient], [other])
    np.testing.assert_allclose(kernel.numpy(), other.numpy(), rtol=1e-5)


@pytest.mark.parametrize("card", SYSTEMS.values(), ids=SYSTEMS)
def test_first_and_last_kernels_and_all_vectors_are_not_hidden(card):
    model = card.network(7, training=True, **card.laptop)
    variables, hidden = model.trainable_variables, set(hidden_kernels(model))
    assert len(hidden) >= 7
    for index, variable in enumerate(variables):
        if index in hidden:
            assert len(variable.shape) == 2 or (len(variable.shape) == 4 and variable.shape[2] != 3)
        elif variable.path.endswith("_scores/kernel"):
            assert variable.shape[-1] == 7 or "unary" in variable.path
    # A depthwise kernel, of one output per input channel, is no matrix.
    outer = [v.shape for i, v in enumerate(variables) if len(v.shape) == 4 and v.shape[-1] > 1 and i not in hidden]
    assert any(shape[2] == 3 for shape in outer) and len(outer) <= 6


def test_an_optimizer_goes_on_from_a_file(tmp_path):
    """Momentum of both kinds is kept, and which kernel has which."""

    def step(model):
        model.train_on_batch(images, labels)
        return [v.numpy() for v in model.trainable_variables]

    random = np.random.default_rng(0)
    images, labels = random.normal(size=(2, 8, 8, 3)), random.normal(size=(2, 8, 8, 2))
    x = inputs = keras.Input((8, 8, 3))
    for filters in (4, 4, 2):
        x = keras.layers.Conv2D(filters, 3, padding="same")(x)
    model = keras.Model(inputs, x)
    model.compile(muon(model, 0.03, 0.05), "mse")
    step(model)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.optimizer.hidden == [2]
    for expected, found in zip(step(model), step(again), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
