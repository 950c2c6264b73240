"""Gated-SCNN: the parts of the paper, and what each stream and the boundary map reach."""

import numpy as np
import pytest

from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.models import GSCNN
from course_utils.training.boundaries import DualTaskLoss, EdgeCrossEntropy

SLIM = {"encoder": "slim", "width": 1 / 8}
RESNET50 = 25_557_032 - (2048 * 1000 + 1000)
"""Weights of torchvision's ResNet-50 (which has no biases before batch normalisation), less its classifier's."""


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(size=(*shape, 3)).astype("float32")


def block(before, after, size):
    """Weights of a convolution without bias and its batch normalisation."""
    return before * after * size**2 + 2 * after


def test_gscnn_has_the_papers_parts():
    shape = block(64 + 1, 64, 1) + 8 + 1
    for features, before, after in ((256, 64, 32), (512, 32, 16), (2048, 16, 8)):
        residual = 2 * block(before, before, 3)
        gate = block(after + 1, after + 1, 1) + block(after + 1, 1, 1) + after**2
        shape += residual + before * after + after + features + 1 + gate
    pyramid = 2 * block(2048, 256, 1) + 3 * block(2048, 256, 3) + block(1, 256, 1) + block(6 * 256, 256, 1)
    decoder = block(256, 48, 1) + block(256 + 48, 256, 3) + block(256, 256, 3) + 256 * 19 + 19
    network = GSCNN(19, encoder="resnet50")
    count = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    assert count == RESNET50 + shape + pyramid + decoder
    # The second stream is shallow: less than half a percent of the network.
    assert shape < 0.005 * count


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
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0, weight.path


def test_unknown_resolution():
    with pytest.raises(CourseError, match="shape_resolution"):
        GSCNN(3, shape_resolution="half", **SLIM)
