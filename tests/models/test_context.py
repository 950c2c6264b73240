"""PSPNet and the DeepLabs: published counts, one set of weights for every output stride, losses half-way."""

import numpy as np

from course_utils.backend import keras
from course_utils.models import DeepLabV3, DeepLabV3Plus, PSPNet


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(size=(*shape, 3)).astype("float32")


def trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def block(before, after, size):
    """Weights of a convolution without bias and its batch normalisation."""
    return before * after * size**2 + 2 * after


RESNET50 = 25_557_032 - (2048 * 1000 + 1000)
"""Weights of torchvision's ResNet-50 (which has no biases before batch normalisation), less its classifier's."""


def test_deeplab_v3_has_torchvisions_parameters():
    """torchvision's deeplabv3_resnet50 holds 42,004,074 weights: ours, one more 3x3 block, and a loss half-way."""
    auxiliary = block(1024, 256, 3) + 256 * 21 + 21
    assert trainable(DeepLabV3(21, encoder="resnet50")) + block(256, 256, 3) + auxiliary == 42_004_074


def test_pspnet_has_the_papers_parts():
    pyramid = 4 * block(2048, 512, 1)
    head = block(4096, 512, 3) + 512 * 19 + 19
    auxiliary = block(1024, 256, 3) + 256 * 19 + 19
    assert trainable(PSPNet(19, encoder="resnet50")) == RESNET50 + pyramid + head
    assert trainable(PSPNet(19, encoder="resnet50", auxiliary=True)) == RESNET50 + pyramid + head + auxiliary


def test_deeplab_v3_plus_has_the_papers_parts():
    pyramid = 2 * block(2048, 256, 1) + 3 * block(2048, 256, 3) + block(5 * 256, 256, 1)
    decoder = block(256, 48, 1) + block(256 + 48, 256, 3) + block(256, 256, 3) + 256 * 19 + 19
    assert trainable(DeepLabV3Plus(19, encoder="resnet50")) == RESNET50 + pyramid + decoder


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
