"""SegNet and SegNetBasic: the published counts, any size, and learning."""

import numpy as np
import pytest

from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.models import SegNet, SegNetBasic, encoder_layers
from course_utils.models.segnet_basic import DECODERS

MODELS = {
    "SegNet": lambda **options: SegNet(3, width=1 / 16, **options),
    "SegNetBasic": lambda **options: SegNetBasic(3, width=1 / 8, **options),
    "SegNetBasic, bilinear": lambda **options: SegNetBasic(3, width=1 / 8, decoder="bilinear", **options),
    "SegNetBasic, transposed": lambda **options: SegNetBasic(3, width=1 / 8, decoder="transposed", **options),
    "SegNetBasic, none": lambda **options: SegNetBasic(3, width=1 / 8, decoder="none", **options),
}


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(size=(*shape, 3)).astype("float32")


def count(weights):
    return sum(int(np.prod(weight.shape)) for weight in weights)


def vgg_mirrored(classes):
    """Weights of SegNet's convolutions, and channels that are normalised, from the figure in the paper."""
    down = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    up = [*down[-2::-1], classes]
    inputs = [3, *down, *up[:-1]]
    kernels = [9 * before * after for before, after in zip(inputs, [*down, *up], strict=True)]
    return sum(kernels[:13]), sum(kernels[13:]), sum(down), sum(up[:-1])


def test_full_segnet_has_the_published_parameters():
    encoder_kernels, decoder_kernels, encoder_channels, decoder_channels = vgg_mirrored(11)
    model = SegNet(11)

    encoder = [weight for layer in encoder_layers(model) for weight in layer.weights]
    kernels = [weight for weight in encoder if weight.name == "kernel"]
    assert len(kernels) == 13
    assert count(kernels) == encoder_kernels
    # keras.applications' VGG16 without its dense layers has the same kernels, and biases where we normalise.
    assert (
        keras.applications.VGG16(weights=None, include_top=False).count_params() == encoder_kernels + encoder_channels
    )

    # Two learnt numbers a normalised channel, and eleven biases in front of the softmax.
    trainable = encoder_kernels + decoder_kernels + 2 * (encoder_channels + decoder_channels) + 11
    assert count(model.trainable_weights) == trainable
    # What is stored: two averages a channel more.
    assert model.count_params() == trainable + 2 * (encoder_channels + decoder_channels)

    # The published rounded figures: 14.7 M in the encoder, 29.5 M in all.
    assert round(count(kernels) / 1e6, 1) == 14.7
    assert round(model.count_params() / 1e6, 1) == 29.5


def test_basic_segnet_has_the_published_parameters():
    model = SegNetBasic(11)
    kernels = 49 * 3 * 64 + 7 * 49 * 64 * 64 + 64 * 11
    assert count(weight for weight in model.weights if weight.name == "kernel") == kernels
    assert count(model.trainable_weights) == kernels + 2 * 8 * 64 + 11
    # Table 1 says 1.425 M; all its figures are multiples of 0.025 M.
    assert round(count(model.trainable_weights) / 25e3) * 25 == 1425


def test_decoders_have_the_published_parameters():
    """Table 1: as many weights in "Bilinear" as in the encoder, 0.625 M; and 0.8 M in SegNet-Basic's decoder."""
    counts = {decoder: count(SegNetBasic(11, decoder=decoder).trainable_weights) for decoder in DECODERS}
    assert round(counts["none"] / 25e3) * 25 == 625
    assert counts["bilinear"] == counts["indices"]
    assert counts["transposed"] - counts["indices"] == 4 * 4 * 4 * 64 * 64
    assert counts["indices"] - counts["none"] == 4 * (49 * 64 * 64 + 2 * 64)


@pytest.mark.parametrize("name", MODELS)
def test_same_weights_at_every_size(name):
    flexible = MODELS[name]()
    assert flexible.output_shape == (None, None, None, 3)
    for size in [(37, 53), (64, 32), (1, 9)]:
        fixed = MODELS[name](image_shape=(*size, 3))
        fixed.set_weights(flexible.get_weights())
        assert fixed.output_shape == (None, *size, 3)
        batch = images(2, *size)
        logits = flexible(batch)
        assert logits.dtype == tf.float32
        np.testing.assert_allclose(logits, fixed(batch), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_xla_gives_the_same(name):
    model = MODELS[name]()
    batch = images(2, 21, 34)
    compiled = tf.function(model, jit_compile=True, autograph=False)(tf.constant(batch))
    np.testing.assert_allclose(compiled, model(batch), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("policy", "least"), [("mixed_float16", 0.99), ("mixed_bfloat16", 0.9)])
@pytest.mark.parametrize("name", MODELS)
def test_mixed_precision_gives_nearly_the_same_in_float32(name, policy, least):
    model = MODELS[name]()
    keras.config.set_dtype_policy(policy)
    try:
        mixed = MODELS[name]()
    finally:
        keras.config.set_dtype_policy("float32")
    mixed.set_weights(model.get_weights())
    batch = images(2, 21, 34)
    logits = mixed(batch)
    assert logits.dtype == tf.float32
    # Rounding to 11 or 8 bits through 26 layers also moves some maxima: no bound holds for each pixel.
    assert np.corrcoef(np.ravel(logits), np.ravel(model(batch)))[0, 1] > least


@pytest.mark.parametrize("name", MODELS)
def test_gradients_reach_every_trainable_weight(name):
    model = MODELS[name]()
    batch = tf.constant(images(4, 33, 40))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(model(batch, training=True)[..., 0] ** 2)
    weights = model.trainable_weights
    for weight, gradient in zip(weights, tape.gradient(loss, [weight.value for weight in weights]), strict=True):
        assert gradient is not None and np.isfinite(gradient).all(), weight.path
        assert np.abs(gradient).max() > 0 or weight.path.startswith("logits"), weight.path


@pytest.mark.parametrize("name", MODELS)
def test_saving(name, tmp_path):
    model = MODELS[name]()
    model(images(2, 16, 16), training=True)
    model.save(tmp_path / "model.keras")
    restored = keras.models.load_model(tmp_path / "model.keras")
    assert restored.to_json() == model.to_json()
    np.testing.assert_array_equal(restored(images(1, 21, 34)), model(images(1, 21, 34)))


def test_unknown_decoder_is_a_course_error():
    with pytest.raises(CourseError, match="bilinear"):
        SegNetBasic(3, decoder="nearest")


def test_dropout_is_bayesian_segnets():
    model = SegNet(3, width=1 / 16, dropout=0.5)
    found = {layer.name for layer in model.layers if isinstance(layer, keras.layers.Dropout)}
    assert found == {f"encoder_vgg16_block{i}_dropout" for i in (3, 4, 5)} | {
        f"decoder_block{i}_dropout" for i in (3, 4, 5)
    }
    assert not any(isinstance(layer, keras.layers.Dropout) for layer in SegNet(3, width=1 / 16).layers)


def test_unknown_encoder_is_a_course_error():
    with pytest.raises(CourseError, match="vgg16"):
        SegNet(3, encoder="vgg17")


def test_overfits_four_images():
    """Coloured squares on grey, with noise; the label of a pixel is its square's colour."""
    keras.utils.set_random_seed(3)
    generator = np.random.default_rng(3)
    labels = np.zeros((4, 64, 64), "int64")
    for label in labels:
        for value in (1, 2, 3):
            top, left = generator.integers(0, 40, 2)
            label[top : top + 24, left : left + 24] = value
    colors = np.array([[0.5, 0.5, 0.5], [0.8, 0.2, 0.2], [0.2, 0.8, 0.2], [0.2, 0.2, 0.8]])
    batch = (colors[labels] + generator.normal(0, 0.1, (4, 64, 64, 3))).astype("float32")

    steps = 200
    model = SegNet(4, width=1 / 8)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-2, steps))
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
    for _ in range(steps):
        model.train_on_batch(batch, labels)
    predicted = np.argmax(model.predict(batch, verbose=0), -1)
    iou = [np.sum((predicted == c) & (labels == c)) / np.sum((predicted == c) | (labels == c)) for c in range(4)]
    assert np.mean(iou) > 0.95
