"""LRR: refinement near boundaries only, and a score at every level."""

import numpy as np
import pytest

from course_utils.backend import keras
from course_utils.layers import InterpolationUpsampling2D, segment_bases
from course_utils.models import LRR
from course_utils.models.lrr import set_bases

SLIM = {"encoder": "slim", "width": 1 / 8}


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(size=(*shape, 3)).astype("float32")


@pytest.fixture
def model():
    keras.utils.set_random_seed(1)
    return LRR(3, auxiliary=True, **SLIM)


def silence(model, *strides):
    for stride in strides:
        layer = model.get_layer(f"level{stride}_coefficients")
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])


def test_levels_have_the_authors_shapes():
    """5x5 convolutions from conv3_3, conv4_3, conv5_3 and fc7 to 10 coefficients a class, for bases of 8x8."""
    network = LRR(19, width=1 / 16)
    for stride, channels in {4: 16, 8: 32, 16: 32, 32: 256}.items():
        assert network.get_layer(f"level{stride}_coefficients").kernel.shape == (5, 5, channels, 190)
    bases = [weight for weight in network.non_trainable_weights if weight.name == "bases"]
    assert [weight.shape for weight in bases] == [(8, 8, 19, 10)] * 4


@pytest.mark.parametrize("size", [(64, 96), (37, 53)])
def test_without_finer_coefficients_every_level_is_the_coarsest_upsampled(model, size):
    silence(model, 16, 8, 4)
    batch = images(2, *size)
    coarsest = keras.Model(model.input, model.get_layer("level32_reconstruction").output)
    twice, expected = InterpolationUpsampling2D(2), {}
    scores = coarsest(batch)
    for _ in range(3):
        scores = twice(scores)
    outputs = model(batch)
    np.testing.assert_allclose(outputs["logits"], scores[:, : size[0], : size[1]], rtol=1e-5, atol=1e-6)
    # The coarsest level in one step differs from that in three, but not in its place nor by much.
    expected = InterpolationUpsampling2D(8)(coarsest(batch))[:, : size[0], : size[1]]
    np.testing.assert_allclose(outputs["x32"], expected, rtol=1e-5, atol=1e-6)
    assert np.corrcoef(np.ravel(outputs["x32"]), np.ravel(outputs["logits"]))[0, 1] > 0.99


def test_finer_levels_change_scores_near_the_coarser_ones_boundaries_only(model):
    batch = images(1, 64, 64)
    get = {part: model.get_layer(f"level4_{part}").output for part in ("coarse", "mask", "refined")}
    parts = {name: value.numpy() for name, value in keras.Model(model.input, get)(batch).items()}
    change = np.abs(parts["refined"] - parts["coarse"])
    assert (change > 0).any()
    assert (change[parts["mask"] == 0] == 0).all()


def test_a_sure_prediction_without_boundaries_is_left_alone(model):
    silence(model, 32)
    before = model(images(1, 64, 64))
    # Equal scores everywhere: nothing to refine, whatever the finer levels say.
    for scores in before.values():
        np.testing.assert_array_equal(scores, 0)


def test_a_loss_for_every_level(model):
    batch = images(2, 37, 53)
    outputs = model(batch)
    assert set(outputs) == {"logits", "x8", "x16", "x32"}
    assert {tuple(value.shape) for value in outputs.values()} == {(2, 37, 53, 3)}
    plain = LRR(3, **SLIM)
    plain.set_weights(model.get_weights())
    np.testing.assert_allclose(plain(batch), outputs["logits"], rtol=1e-5, atol=1e-6)
    # A level depends on itself and on the coarser ones.
    silence(model, 8)
    changed = model(batch)
    np.testing.assert_array_equal(changed["x16"], outputs["x16"])
    assert np.abs(changed["x8"] - outputs["x8"]).max() > 0


def test_bases_of_a_data_set_go_into_every_level(model):
    labels = np.kron(np.random.default_rng(0).integers(0, 3, (4, 4, 4)), np.ones((16, 16), int))
    bases = segment_bases(labels, 3, patch_size=16, patches=50)
    set_bases(model, bases)
    for stride in (32, 16, 8, 4):
        np.testing.assert_array_equal(model.get_layer(f"level{stride}_reconstruction").get_weights()[0], bases)
