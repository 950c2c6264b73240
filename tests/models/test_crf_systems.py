"""DeepLabV2 and Piecewise: their parts and counts, and the losses of piecewise training."""

import itertools

import numpy as np

from course_utils.backend import keras, tf
from course_utils.layers import DenseCRF, ResizeBy, ResizeLike
from course_utils.losses import SegmentationCrossEntropy
from course_utils.losses.piecewise import NodeCrossEntropy, PairCrossEntropy, node_labels
from course_utils.models import DeepLabV2, Piecewise, encoder_layers
from course_utils.models.deeplab_v2 import CRF
from course_utils.models.piecewise import ABOVE, SURROUNDING

SLIM = {"encoder": "slim", "width": 1 / 8}
SHIFTS = ((0, 1), (1, -1), (2, 0))


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def block(before, after, size):
    """Weights of a convolution without bias and its batch normalisation."""
    return before * after * size**2 + 2 * after


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def test_deeplab_v2s_scores_are_the_sum_of_its_atrous_convolutions():
    model = DeepLabV2(3, **SLIM)
    images = np.random.default_rng(0).uniform(size=(1, 64, 72, 3)).astype("float32")
    branches = [model.get_layer(f"pyramid_rate{rate}") for rate in (6, 12, 18, 24)]
    features = keras.Model(model.input, branches[0].input)(images)
    assert features.shape[1:3] == (8, 9)
    scores = sum(tf.nn.atrous_conv2d(features, b.kernel.value, b.dilation_rate[0], "SAME") + b.bias for b in branches)
    np.testing.assert_allclose(model(images), ResizeLike()([scores, images]), rtol=1e-4, atol=1e-4)


def test_a_crf_inside_is_the_crf_behind():
    plain, refined = DeepLabV2(3, **SLIM), DeepLabV2(3, **SLIM, crf={"iterations": 2})
    crf = refined.get_layer("logits")
    assert (crf.iterations, crf.method) == (2, CRF["method"])
    assert trainable(refined) == trainable(plain) + 2
    refined.set_weights([*plain.get_weights(), *crf.get_weights()])
    images = np.random.default_rng(0).uniform(size=(1, 12, 10, 3)).astype("float32")
    behind = DenseCRF(**CRF | {"iterations": 2})([plain(images), images])
    np.testing.assert_allclose(refined(images), behind, rtol=1e-4, atol=1e-4)


def test_scales_share_their_convolutions_and_the_largest_score_counts():
    one, several = DeepLabV2(3, **SLIM), DeepLabV2(3, **SLIM, scales=(1.0, 0.5))
    kernels = [sum(weight.path.endswith("kernel") for weight in model.weights) for model in (one, several)]
    assert kernels[0] == kernels[1]
    normalizations = [
        sum(isinstance(layer, keras.layers.BatchNormalization) for layer in encoder_layers(model))
        for model in (one, several)
    ]
    assert normalizations[1] == 2 * normalizations[0] > 0
    own = {weight.path: weight.numpy() for weight in one.weights}
    for weight in several.weights:
        weight.assign(own[weight.path.removeprefix("scale2_")])
    images = np.random.default_rng(0).uniform(size=(1, 40, 56, 3)).astype("float32")
    small = ResizeLike()([one(ResizeBy(0.5)(images)), np.zeros((1, 5, 7, 1), "float32")])
    assert small.shape == (1, 5, 7, 3)
    assert (several(images).numpy() >= one(images).numpy() - 1e-5).all()


def test_the_feature_map_sees_the_image_at_three_scales():
    """Convolutions of the encoder run at each; last blocks and pooled maps are a scale's own, on the finest's grid."""
    model = Piecewise(3, **SLIM)
    images = np.random.default_rng(0).uniform(size=(1, 80, 160, 3)).astype("float32")
    get = {name: model.get_layer(name).output for name in ("scale1", "scale2", "scale3", "feature_map", "unary_scores")}
    get |= {f"map{number}": model.get_layer(f"scale{number}_pyramid").output for number in (1, 2, 3)}
    sizes = {name: tuple(value.shape[1:]) for name, value in keras.Model(model.input, get)(images).items()}
    assert [sizes[f"scale{n}"] for n in (1, 2, 3)] == [(96, 192, 3), (64, 128, 3), (32, 64, 3)]
    channels = model.get_layer("scale1_conv1").filters
    assert [sizes[f"map{n}"] for n in (1, 2, 3)] == [(6, 12, 3 * channels), (4, 8, 3 * channels), (2, 4, 3 * channels)]
    assert sizes["feature_map"] == (6, 12, 9 * channels) and sizes["unary_scores"] == (6, 12, 3)
    blocks = [model.get_layer(f"scale{number}_conv1") for number in (1, 2, 3)]
    assert len({id(layer.kernel) for layer in blocks}) == 3
    shared = next(layer for layer in encoder_layers(model) if isinstance(layer, keras.layers.Conv2D))
    assert len(shared._inbound_nodes) >= 3


def test_piecewise_has_its_parts():
    """Counted at a 16th of VGG16's width; the encoder and every other convolution once, the last blocks three times."""
    parts, width = 0, 1 / 16
    channels = [3, 4, 4, 8, 8, 16, 16, 16, 32, 32, 32, 32, 32, 32]
    parts += sum(block(before, after, 3) for before, after in itertools.pairwise(channels))
    # Two further sets of scales and offsets: one normalisation for each scale.
    parts += 2 * 2 * sum(channels[1:])
    parts += 3 * (block(32, 256, 7) + block(256, 32, 3) + block(32, 32, 3))
    features = 3 * 3 * 32
    parts += block(features, 32, 1) + 32 * 5 + 5
    parts += 2 * (2 * block(features, 32, 1) + 32 * 25 + 25)
    assert trainable(Piecewise(5, width=width)) == parts


def test_piecewise_losses_are_softmax_cross_entropies():
    labels = np.random.default_rng(0).integers(0, 3, (2, 8, 10))
    labels[0, :3, :5] = 255
    unary, pairwise = normal(2, 4, 5, 3), normal(2, 4, 5, 3, 3, 3)
    nodes = node_labels(labels, unary).numpy()
    np.testing.assert_array_equal(nodes, labels[:, 1::2, 1::2])
    np.testing.assert_allclose(NodeCrossEntropy()(labels, unary), SegmentationCrossEntropy()(nodes, unary), rtol=1e-6)
    losses = []
    for image, row, column, (number, (down, right)) in itertools.product(
        range(2), range(4), range(5), enumerate(SHIFTS)
    ):
        if row + down < 4 and 0 <= column + right < 5:
            first, second = nodes[image, row, column], nodes[image, row + down, column + right]
            if 255 not in (first, second):
                probabilities = softmax(pairwise[image, row, column, number].ravel()).reshape(3, 3)
                losses.append(-np.log(probabilities[first, second]))
    loss = PairCrossEntropy(SHIFTS)
    np.testing.assert_allclose(loss(labels, pairwise), np.mean(losses), rtol=1e-5)
    assert loss(np.full_like(labels, 255), pairwise) == 0
    assert PairCrossEntropy.from_config(loss.get_config()).get_config() == loss.get_config()


def test_piecewise_training_reaches_every_weight_without_inference():
    model = Piecewise(3, **SLIM, auxiliary=True)
    images = np.random.default_rng(0).uniform(size=(2, 96, 96, 3)).astype("float32")
    labels = np.random.default_rng(1).integers(0, 3, (2, 96, 96))
    losses = {
        "unary": NodeCrossEntropy(),
        "surrounding": PairCrossEntropy(SURROUNDING),
        "above": PairCrossEntropy(ABOVE),
    }
    with tf.GradientTape() as tape:
        outputs = model(images, training=True)
        total = sum(loss(labels, outputs[name]) for name, loss in losses.items())
    gradients = tape.gradient(total, [weight.value for weight in model.trainable_weights])
    for weight, gradient in zip(model.trainable_weights, gradients, strict=True):
        assert gradient is not None and np.abs(gradient).max() > 0, weight.path
    assert outputs["logits"].shape == (2, 96, 96, 3)
