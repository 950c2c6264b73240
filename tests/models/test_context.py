"""PSPNet and DeepLabV3: one set of weights for every output stride, losses half-way."""

import numpy as np

from course_utils.backend import keras
from course_utils.models import DeepLabV3, PSPNet


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(size=(*shape, 3)).astype("float32")


def test_the_same_weights_serve_at_every_output_stride():
    """Train at 16, evaluate at 8: with rates that reach equally far, the scores stay close and the maps are finer."""
    coarse = DeepLabV3(4, encoder="slim", width=1 / 4, output_stride=16)
    fine = DeepLabV3(4, encoder="slim", width=1 / 4, output_stride=8)
    fine.set_weights(coarse.get_weights())
    batch = images(1, 96, 128)
    scores = [
        keras.Model(model.input, model.get_layer("logits_scores").output)(batch).numpy() for model in (coarse, fine)
    ]
    assert scores[1].shape[1:3] == (12, 16) and scores[0].shape[1:3] == (6, 8)
    # The features are the same at the shared places; only the average over the image sees the ones between.
    assert np.corrcoef(scores[0].ravel(), scores[1][:, ::2, ::2].ravel())[0, 1] > 0.99


def test_pspnets_second_loss_shares_the_network():
    model = PSPNet(3, encoder="slim", width=1 / 8, auxiliary=True)
    outputs = model(images(2, 33, 40))
    assert {name: tuple(value.shape) for name, value in outputs.items()} == {
        "logits": (2, 33, 40, 3),
        "auxiliary": (2, 33, 40, 3),
    }
    alone = keras.Model(model.input, model.output["logits"])
    np.testing.assert_allclose(alone(images(2, 33, 40)), outputs["logits"], rtol=1e-5, atol=1e-6)
