"""FCN: a classifier slid over the image, and skips that start from the coarser network's prediction."""

import numpy as np
import pytest

from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.models import LRR, FCN8s, FCN16s, FCN32s
from course_utils.models.blocks import MEAN
from course_utils.models.encoders import ENCODERS
from course_utils.models.fcn import DENSE, BilinearStart, load_classifier

WIDTH = 1 / 16
SLIM = {"encoder": "slim", "width": 1 / 8}
SYSTEMS = {FCN32s: 32, FCN16s: 16, FCN8s: 8}
"""Each with the stride at which its scores are enlarged."""


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(size=(*shape, 3)).astype("float32")


def part(model, name):
    return keras.Model(model.input, model.get_layer(name).output)


@pytest.fixture(scope="module")
def narrow_vgg16():
    """Builds `keras.applications.VGG16` with its dense layers, narrow: in full it takes half a gigabyte."""
    full = keras.applications.VGG16(weights=None, include_top=True)

    def build(weights=None, include_top=True, bias=0.0):
        assert include_top
        image = keras.Input((224, 224, 3))
        x, generator = image, np.random.default_rng(1)
        for layer in full.layers[1:]:
            config = layer.get_config()
            for count in {"filters", "units"} & config.keys() if layer.name != "predictions" else ():
                config[count] = round(config[count] * WIDTH)
            if layer.name == "predictions":
                config |= {"units": 5, "activation": "linear"}
            x = type(layer).from_config(config)(x)
        model = keras.Model(image, x, name="narrow_vgg16")
        if weights:
            model.load_weights(weights)
            return model
        for layer in (layer for layer in model.layers if layer.weights):
            kernel, zeros = layer.get_weights()
            layer.set_weights([1.4 * kernel, generator.normal(0, bias, zeros.shape)])
        return model

    return build


def scores_like(source):
    """An FCN-32s with all weights of the classifier, its class scores included; and the map of these scores."""
    model = FCN32s(5, width=WIDTH)
    load_classifier(model, source)
    kernel, bias = source.get_layer("predictions").get_weights()
    model.get_layer("score_fr").set_weights([kernel[np.newaxis, np.newaxis], bias])
    return part(model, "score_fr")


def classify(source, batch):
    return source(keras.applications.vgg16.preprocess_input(255 * batch))


def close(values, expected, tolerance=1e-4):
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(values, expected, rtol=tolerance, atol=tolerance * np.abs(expected).max())


def test_the_convolutions_are_the_dense_layers_on_every_window(narrow_vgg16):
    source = narrow_vgg16(bias=0.5)
    model = FCN32s(5, width=WIDTH)
    load_classifier(model, source)
    maps = tf.constant(np.random.default_rng(0).uniform(size=(2, 9, 11, 32)).astype("float32"))

    x = maps
    for layer in model.layers:
        if layer.name.startswith(tuple(DENSE)):
            x = layer(x)
    for top in range(3):
        for left in range(5):
            window = tf.reshape(maps[:, top : top + 7, left : left + 7], (2, -1))
            expected = source.get_layer("fc2")(source.get_layer("fc1")(window))
            close(x[:, top + 3, left + 3], expected)


def test_the_middle_score_of_an_image_of_the_classifiers_size_is_the_classifiers(narrow_vgg16):
    source = narrow_vgg16(bias=5.0)
    batch = images(2, 224, 224)
    scores = scores_like(source)(batch)
    assert scores.shape == (2, 7, 7, 5)
    close(scores[:, 3, 3], classify(source, batch), 1e-3)


def test_a_classifier_slid_over_a_larger_image_gives_the_same_scores_as_cropping(narrow_vgg16):
    """Where padding does not show: the average colour around an object, and convolutions without biases.

    Zeros of the padding and features of the average colour are then the same, and the object's influence stays within
    the crop that has it in its middle: five blocks carry it 2, 4, 12, 24 and 48 pixels.
    """
    source = narrow_vgg16()
    batch = np.tile(np.array(MEAN, "float32"), (1, 320, 384, 1))
    row, column = 2 * 32, 3 * 32
    batch[:, row + 106 : row + 118, column + 106 : column + 118] = images(1, 12, 12)
    scores = scores_like(source)(batch)[0]
    assert scores.shape == (10, 12, 5)
    crop = batch[:, row : row + 224, column : column + 224]
    close(scores[2 + 3, 3 + 3], classify(source, crop)[0], 1e-3)
    others = [scores[2 + 3 + i, 3 + 3 + j] for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]
    assert np.abs(others - scores[2 + 3, 3 + 3]).max(axis=-1).min() > 1e-2 * np.abs(scores).max()


def test_a_classifier_is_loaded_from_a_file_and_into_another_network(narrow_vgg16, tmp_path, monkeypatch):
    source = narrow_vgg16(bias=5.0)
    source.save_weights(tmp_path / "vgg16.weights.h5")
    monkeypatch.setattr(keras.applications, "VGG16", narrow_vgg16)
    batch = images(1, 224, 224)
    expected = keras.Model(source.input, source.get_layer("fc2").output)(
        keras.applications.vgg16.preprocess_input(255 * batch)
    )
    for build in (FCN32s, FCN8s, LRR):
        model = build(3, width=WIDTH)
        load_classifier(model, tmp_path / "vgg16.weights.h5")
        close(part(model, "fc7_dropout")(batch)[:, 3, 3], expected, 1e-3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (SLIM, "no layer encoder_vgg16_block1_conv1.*encoder='vgg16'"),
        ({"width": 1 / 8}, "fc1 of model 'narrow_vgg16' has a kernel of shape.*width=1"),
        ({"width": WIDTH, "classifier_channels": 64}, "fc6 of model 'FCN8s'.*own classifier"),
    ],
    ids=["other encoder", "other width", "other channels"],
)
def test_a_classifier_that_does_not_fit_is_refused_before_anything_is_copied(narrow_vgg16, options, words):
    model = FCN8s(3, **options)
    before = model.get_weights()
    with pytest.raises(CourseError, match=words):
        load_classifier(model, narrow_vgg16())
    for weight, value in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_a_model_without_dense_layers_or_a_bad_file_is_refused(narrow_vgg16, tmp_path, monkeypatch):
    model = FCN32s(3, width=WIDTH)
    source = narrow_vgg16()
    headless = keras.Model(source.input, source.get_layer("block5_pool").output)
    with pytest.raises(CourseError, match=r"no layer fc1.*include_top=True"):
        load_classifier(model, headless)
    monkeypatch.setattr(keras.applications, "VGG16", narrow_vgg16)
    with pytest.raises(CourseError, match=r"absent.weights.h5 does not hold VGG16's layers.*include_top=True"):
        load_classifier(model, tmp_path / "absent.weights.h5")


@pytest.mark.parametrize("factor", [2, 8])
def test_transposed_convolutions_start_as_bilinear_interpolation(factor):
    maps = images(2, 6, 7)
    enlarge = keras.layers.Conv2DTranspose(
        3, 2 * factor, factor, padding="same", use_bias=False, kernel_initializer=BilinearStart()
    )
    expected = tf.image.resize(maps, (6 * factor, 7 * factor), "bilinear")
    inner = slice(factor // 2, -(factor // 2))
    np.testing.assert_allclose(enlarge(maps)[:, inner, inner], expected[:, inner, inner], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("build", [FCN16s, FCN8s])
def test_a_network_with_skips_starts_from_the_coarser_prediction(build):
    """Doubling twice and enlarging by the rest is one interpolation between the centres of the coarse places.

    Near a centre, within half the finest stride, an interpolation in two steps cuts the corner; away from the border
    and from there the two predictions are equal.
    """
    keras.utils.set_random_seed(0)
    coarse = FCN32s(3, **SLIM)
    model = build(3, **SLIM)
    for layer in coarse.layers:
        model.get_layer(layer.name if layer.name != "upscore32" else "logits").set_weights(layer.get_weights())
    batch = images(2, 192, 224)
    expected, start = coarse(batch).numpy(), model(batch).numpy()

    doubled = part(coarse, "score_fr")(batch)
    for factor in {FCN16s: (2, 16), FCN8s: (2, 2, 8)}[build]:
        doubled = tf.image.resize(doubled, [factor * length for length in doubled.shape[1:3]], "bilinear")
    close(start[:, 32:-32, 32:-32], doubled[:, 32:-32, 32:-32], 1e-5)

    reach = SYSTEMS[build] // 2
    between = [np.flatnonzero((np.arange(32, length - 32) + reach) % 32 < 2 * reach) + 32 for length in (192, 224)]
    where = np.ix_(range(2), *between)
    close(start[where], expected[where], 1e-5)
    same = np.argmax(start, -1) == np.argmax(expected, -1)
    assert same[:, 32:-32, 32:-32].mean() > 0.97


@pytest.mark.parametrize("build", SYSTEMS)
def test_a_skip_adds_detail_at_its_own_stride(build):
    """A score that only one place of the finest skip has reaches the pixels of that place and its neighbours."""
    keras.utils.set_random_seed(0)
    model, stride = build(3, **SLIM), SYSTEMS[build]
    skip = {32: ["score_fr"], 16: ["score_pool4", "upscore_pool4_crop"], 8: ["score_pool3", "upscore_pool3_crop"]}[
        stride
    ]
    tail = keras.Model([model.input, *[model.get_layer(name).output for name in skip]], model.output)
    size = 128 // stride
    spot = np.zeros((1, size, size, 3), "float32")
    spot[0, 1, 2] = 1
    inputs = [images(1, 128, 128), spot, *[np.zeros_like(spot)] * (len(tail.inputs) - 2)]
    reached = np.argwhere(tail(inputs)[0, ..., 0].numpy() > 0)
    np.testing.assert_array_equal(reached.min(axis=0) // stride, [0, 1])
    np.testing.assert_array_equal(reached.max(axis=0) // stride, [2, 3])


@pytest.mark.parametrize("encoder", [name for name in ENCODERS if name != "resnet101"])
def test_every_encoder_will_do(encoder):
    model = FCN8s(3, encoder=encoder, width=1 / 16)
    for skip, stride in {"score_fr": 32, "score_pool4": 16, "score_pool3": 8}.items():
        assert part(model, skip)(images(1, 45, 71)).shape == (1, -(-45 // stride), -(-71 // stride), 3)
    assert model.output_shape == (None, None, None, 3)


def test_the_published_layers_on_vgg16_and_chosen_channels_elsewhere():
    model = FCN8s(21, width=1 / 16)
    kernels = {
        "fc6": (7, 7, 32, 256),
        "fc7": (1, 1, 256, 256),
        "score_fr": (1, 1, 256, 21),
        "score_pool4": (1, 1, 32, 21),
        "score_pool3": (1, 1, 16, 21),
        "upscore_pool4": (4, 4, 21, 21),
        "upscore_pool3": (4, 4, 21, 21),
    }
    assert {name: tuple(model.get_layer(name).kernel.shape) for name in kernels} == kernels
    narrow = FCN8s(21, width=1 / 16, classifier_channels=1024)
    assert narrow.get_layer("fc6").kernel.shape == (7, 7, 32, 64)
    slim = FCN8s(21, encoder="slim", width=1 / 8, classifier_channels=80)
    assert slim.get_layer("fc6").kernel.shape == (7, 7, 32, 10)
    assert "fc6" not in {layer.name for layer in FCN8s(21, **SLIM).layers}
