"""What every system of the course must do."""

import numpy as np
import pytest

from course_utils.backend import keras, tf
from course_utils.models import SYSTEMS

VARIANTS = {name: {} for name in SYSTEMS} | {
    "DeepLabV2, dense CRF": {"crf": {"iterations": 1, "method": "exact"}},
    "DeepLabV2, three scales": {"scales": (0.5, 0.75, 1.0)},
    "GSCNN": {"shape_resolution": "stem"},
    "SegNetBasic, bilinear": {"decoder": "bilinear"},
    "SegNetBasic, transposed": {"decoder": "transposed"},
    "SegNetBasic, none": {"decoder": "none"},
}
"""Every system by its name, and what is tested of it beside or in place of the defaults."""


def build(variant, num_classes=3, **options):
    """A network of an eighth of the published width."""
    keras.utils.set_random_seed(0)
    card = SYSTEMS[variant.split(",")[0]]
    return card.network(num_classes, **{**card.laptop, "width": 1 / 8, **VARIANTS[variant], **options})


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(size=(*shape, 3)).astype("float32")


@pytest.mark.parametrize("name", VARIANTS)
def test_same_weights_at_every_size(name):
    flexible = build(name)
    assert flexible.output_shape == (None, None, None, 3)
    for size in [(37, 53), (64, 32), (1, 9)]:
        fixed = build(name, image_shape=(*size, 3))
        fixed.set_weights(flexible.get_weights())
        assert fixed.output_shape == (None, *size, 3)
        batch = images(2, *size)
        logits = flexible(batch)
        assert logits.dtype == tf.float32
        np.testing.assert_allclose(logits, fixed(batch), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", VARIANTS)
def test_xla_gives_the_same(name):
    model = build(name)
    batch = images(2, 21, 34)
    compiled = tf.function(model, jit_compile=True, autograph=False)(tf.constant(batch))
    np.testing.assert_allclose(compiled, model(batch), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("policy", "least"), [("mixed_float16", 0.99), ("mixed_bfloat16", 0.9)])
@pytest.mark.parametrize("name", VARIANTS)
def test_mixed_precision_gives_nearly_the_same_in_float32(name, policy, least):
    model = build(name)
    keras.config.set_dtype_policy(policy)
    try:
        mixed = build(name)
    finally:
        keras.config.set_dtype_policy("float32")
    mixed.set_weights(model.get_weights())
    batch = images(2, 21, 34)
    logits = mixed(batch)
    assert logits.dtype == tf.float32
    # Rounding to 11 or 8 bits through 26 layers also moves some maxima: no bound holds for each pixel.
    assert np.corrcoef(np.ravel(logits), np.ravel(model(batch)))[0, 1] > least


@pytest.mark.parametrize("name", VARIANTS)
def test_gradients_reach_every_trainable_weight(name):
    model = build(name)
    batch = tf.constant(images(4, 33, 40))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(batch, training=True)[..., 0] ** 2)
    weights = model.trainable_weights
    for weight, gradient in zip(weights, tape.gradient(loss, [weight.value for weight in weights]), strict=True):
        assert gradient is not None and np.isfinite(gradient).all(), weight.path
        assert np.abs(gradient).max() > 0 or weight.path.startswith("logits"), weight.path


@pytest.mark.parametrize("name", VARIANTS)
def test_saving(name, tmp_path):
    model = build(name)
    model(images(2, 16, 16), training=True)
    model.save(tmp_path / "model.keras")
    restored = keras.models.load_model(tmp_path / "model.keras")
    assert restored.to_json() == model.to_json()
    np.testing.assert_array_equal(restored(images(1, 21, 34)), model(images(1, 21, 34)))


def score_stride(model):
    """Image pixels between two scores of a network built for a fixed size, before they are only enlarged or joined.

    It goes back from the logits to the layers with weights and takes the finest of their maps.
    """
    makers = {id(tensor): layer for layer in model.layers for tensor in keras.tree.flatten(layer.output)}
    pending, heights = [model.output], []
    while pending:
        layer = makers[id(pending.pop())]
        if layer.weights:
            heights.append(layer.output.shape[1])
        elif not isinstance(layer, keras.layers.InputLayer):
            pending += keras.tree.flatten(layer.input)
    return model.input.shape[1] // max(heights)


@pytest.mark.parametrize("name", SYSTEMS)
def test_overfits_four_images(name):
    """Coloured squares on grey, with noise; the label of a pixel is its square's colour.

    The squares stand on a grid of 8 pixels, which is as finely as features of that stride tell places apart, or on a
    grid of the system's own stride where that is coarser.
    """
    dense = {"output_stride": 8} if "output_stride" in SYSTEMS[name].options else {}
    grid = max(8, score_stride(build(name, 4, image_shape=(64, 64, 3), **dense)))
    generator = np.random.default_rng(3)
    labels = np.zeros((4, 8, 8), "int64")
    for label in labels:
        for value in (1, 2, 3):
            top, left = generator.integers(0, 6, 2)
            label[top : top + 3, left : left + 3] = value
    labels = np.kron(labels, np.ones((grid, grid), int))
    colors = np.array([[0.5, 0.5, 0.5], [0.8, 0.2, 0.2], [0.2, 0.8, 0.2], [0.2, 0.2, 0.8]])
    batch = (colors[labels] + generator.normal(0, 0.1, (*labels.shape, 3))).astype("float32")

    model = build(name, 4, **dense)
    optimizer = keras.optimizers.SGD(
        keras.optimizers.schedules.CosineDecay(0.1, 150), momentum=0.9, nesterov=True, global_clipnorm=5.0
    )
    optimizer.build(model.trainable_variables)

    # Not `fit`, which traces every network three times; half the time goes into that.
    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, model(batch, training=True))
            loss = tf.reduce_mean(losses)
        weights = [weight.value for weight in model.trainable_variables]
        optimizer.apply(tape.gradient(loss, weights), model.trainable_variables)

    for _ in range(15):
        for _ in range(10):
            step()
        predicted = np.argmax(model(batch), -1)
        iou = [np.sum((predicted == c) & (labels == c)) / np.sum((predicted == c) | (labels == c)) for c in range(4)]
        if np.mean(iou) > 0.95:
            break
    assert np.mean(iou) > 0.95
