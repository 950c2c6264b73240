"""Gated-SCNN: what each stream and the boundary map reach."""

import re

import numpy as np
import pytest

from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.losses.boundaries import DualTaskLoss, EdgeCrossEntropy
from course_utils.models import GSCNN

SLIM = {"encoder": "slim", "width": 1 / 8}


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(size=(*shape, 3)).astype("float32")


@pytest.mark.parametrize("resolution", ["image", "stem"])
def test_outputs_for_the_losses(resolution):
    keras.utils.set_random_seed(0)
    model = GSCNN(3, auxiliary=True, shape_resolution=resolution, **SLIM)
    batch = images(2, 37, 53)
    outputs = model(batch)
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {
        "logits": (2, 37, 53, 3),
        "edges": (2, 37, 53, 1),
        "dual_task": (2, 37, 53, 4),
    }
    joined = np.concatenate([outputs["logits"], outputs["edges"]], axis=-1)
    np.testing.assert_array_equal(outputs["dual_task"], joined)
    plain = GSCNN(3, shape_resolution=resolution, **SLIM)
    plain.set_weights(model.get_weights())
    np.testing.assert_allclose(plain(batch), outputs["logits"], rtol=1e-5, atol=1e-6)
    sizes = {"image": (37, 53), "stem": (19, 27)}
    assert (
        model.get_layer("shape_edges")(np.zeros((1, *sizes[resolution], 1), "float32")).shape[1:3] == sizes[resolution]
    )
    shape_stream = keras.Model(model.input, model.get_layer("shape_edges").output)
    assert shape_stream(batch).shape[1:3] == sizes[resolution]


def test_the_boundary_map_reaches_the_scores_and_the_regular_stream_the_boundary_map():
    keras.utils.set_random_seed(0)
    model = GSCNN(3, auxiliary=True, **SLIM)
    batch = images(1, 32, 32)
    before = model(batch)
    layer = model.get_layer("shape_edges")
    layer.set_weights([-weight + 1 for weight in layer.get_weights()])
    after = model(batch)
    assert np.abs(after["edges"] - before["edges"]).max() > 0
    assert np.abs(after["logits"] - before["logits"]).max() > 0
    signal = model.get_layer("shape_signal3")
    signal.set_weights([5 * weight + 5 for weight in signal.get_weights()])
    assert np.abs(model(batch)["edges"] - after["edges"]).max() > 0


def test_the_whole_loss_trains_every_weight():
    keras.utils.set_random_seed(0)
    model = GSCNN(3, auxiliary=True, **SLIM)
    labels = np.kron(np.random.default_rng(0).integers(0, 3, (2, 4, 5)), np.ones((8, 8), int))
    with tf.GradientTape() as tape:
        outputs = model(images(2, 32, 40), training=True)
        loss = 20 * EdgeCrossEntropy()(labels, outputs["edges"])
        loss += DualTaskLoss(threshold=0.5)(labels, outputs["dual_task"])
    weights = [weight.value for weight in model.trainable_weights]
    for weight, gradient in zip(model.trainable_weights, tape.gradient(loss, weights), strict=True):
        assert np.isfinite(gradient).all(), weight.path
        # A gate begins with a batch normalisation, which takes a constant away again: no gradient but rounding.
        if not re.fullmatch(r"shape_signal\d/bias", weight.path):
            assert np.abs(gradient).max() > 1e-9, weight.path


def test_unknown_resolution():
    with pytest.raises(CourseError, match="shape_resolution"):
        GSCNN(3, shape_resolution="half", **SLIM)
