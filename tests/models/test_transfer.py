"""Encoder weights: found by name, copied between models, loaded from ImageNet files."""

import hashlib
import sys

import numpy as np
import pytest

from course_utils.backend import keras
from course_utils.errors import CourseError
from course_utils.models import (
    Piecewise,
    SegNet,
    SegNetBasic,
    classifier,
    copy_encoder,
    encoder_layers,
    load_imagenet_weights,
)
from course_utils.models.encoders import vgg16
from course_utils.models.encoders.imagenet.applications import application, application_source
from course_utils.models.encoders.imagenet.weights_source import WeightsSource

WIDTH = 1 / 16


def images(*shape):
    return np.random.default_rng(0).uniform(size=(*shape, 3)).astype("float32")


def encoder_weights(model):
    return {weight.path: weight.numpy() for layer in encoder_layers(model) for weight in layer.weights}


def randomized(model):
    """Random weights everywhere, so that nothing is equal by its initial value."""
    generator = np.random.default_rng(1)
    model.set_weights([generator.uniform(0.1, 1, weight.shape) for weight in model.weights])
    return model


def test_classifier_gives_logits_for_any_size():
    model = classifier(7, width=WIDTH, dropout=0.5)
    assert model(images(2, 37, 53)).shape == (2, 7)
    assert model(images(1, 16, 16)).shape == (1, 7)


def test_copied_encoder_computes_the_same_and_the_decoder_stays():
    source, target = randomized(classifier(7, width=WIDTH)), SegNet(3, width=WIDTH)
    decoder = {w.path: w.numpy() for w in target.weights if not w.path.startswith("encoder_")}
    copy_encoder(source, target)
    expected = encoder_weights(source)
    for path, value in encoder_weights(target).items():
        np.testing.assert_array_equal(value, expected.pop(path))
    assert not expected
    for weight in target.weights:
        if weight.path in decoder:
            np.testing.assert_array_equal(weight, decoder[weight.path])

    layer = "encoder_vgg16_block5_conv3_relu"
    features = [keras.Model(m.input, m.get_layer(layer).output)(images(1, 40, 40)) for m in (source, target)]
    np.testing.assert_array_equal(*features)


def test_encoder_layers_hold_the_thirteen_convolutions():
    layers = encoder_layers(SegNet(3, width=WIDTH))
    assert sum(isinstance(layer, keras.layers.Conv2D) for layer in layers) == 13
    assert all(layer.name.startswith("encoder_vgg16_") for layer in layers)
    assert sum(isinstance(layer, keras.layers.Conv2D) for layer in encoder_layers(SegNetBasic(3, width=WIDTH))) == 4


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (lambda: classifier(7, width=1 / 8), "encoder_vgg16_block1_conv1.*same encoder and width"),
        (lambda: SegNetBasic(3, width=WIDTH), "exists only in"),
        (lambda: keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]), "no encoder"),
    ],
    ids=["other width", "other encoder", "none"],
)
def test_encoders_that_differ_are_refused_before_anything_is_copied(source, message):
    target = SegNet(3, width=WIDTH)
    before = encoder_weights(target)
    with pytest.raises(CourseError, match=message):
        copy_encoder(source(), target)
    for path, value in encoder_weights(target).items():
        np.testing.assert_array_equal(value, before[path])


@pytest.fixture
def slim_vgg16(monkeypatch):
    """keras.applications.VGG16 cut down to our slim width: the full one takes a quarter of a gigabyte."""
    full = keras.applications.VGG16(weights=None, include_top=False)

    def build(weights=None, include_top=False):
        assert not include_top
        image = keras.Input((None, None, 3))
        x = image
        for layer in full.layers[1:]:
            config = layer.get_config()
            if "filters" in config:
                config["filters"] = round(config["filters"] * WIDTH)
            x = type(layer).from_config(config)(x)
        model = keras.Model(image, x)
        if weights:
            model.load_weights(weights)
        return model

    monkeypatch.setattr(keras.applications, "VGG16", build)
    return build


def test_imagenet_encoder_computes_what_vgg16_computes(slim_vgg16, tmp_path):
    reference = slim_vgg16()
    generator = np.random.default_rng(2)
    for layer in reference.layers:
        if layer.weights:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel * 1.4, generator.normal(0, 5, bias.shape)])
    reference.save_weights(tmp_path / "vgg16.weights.h5")

    model = SegNet(3, width=WIDTH)
    source = load_imagenet_weights(model, tmp_path / "vgg16.weights.h5")
    assert source.network == "VGG16" and source.source.endswith("vgg16.weights.h5")
    batch = images(2, 64, 96)
    expected = reference(keras.applications.vgg16.preprocess_input(255 * batch))
    encoder = keras.Model(model.input, model.get_layer("encoder_vgg16_block5_pool").output[0])
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(encoder(batch), expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())

    # Frozen, it stays so while the rest is trained.
    for layer in encoder_layers(model):
        layer.trainable = False
    np.testing.assert_allclose(encoder(batch, training=True), encoder(batch), rtol=1e-4, atol=1e-3)


def test_every_scale_of_an_encoder_is_copied_loaded_and_frozen(slim_vgg16, tmp_path):
    """A network that sees the image at three scales has three batch normalisations for each convolution."""
    model, source = Piecewise(3, width=WIDTH), randomized(classifier(7, width=WIDTH))
    scales = [
        [model.get_layer(f"{scale}encoder_vgg16_block{block}_conv1_bn") for scale in ("", "scale2_", "scale3_")]
        for block in (1, 5)
    ]
    copy_encoder(source, model)
    for layers in scales:
        for layer in layers:
            for ours, theirs in zip(layer.get_weights(), source.get_layer(layers[0].name).get_weights(), strict=True):
                np.testing.assert_array_equal(ours, theirs)

    reference = slim_vgg16()
    for layer in reference.layers:
        if layer.weights:
            layer.set_weights([layer.get_weights()[0], np.arange(layer.filters, dtype="float32")])
    reference.save_weights(tmp_path / "vgg16.weights.h5")
    load_imagenet_weights(model, tmp_path / "vgg16.weights.h5")
    for layers in scales:
        for layer in layers:
            np.testing.assert_array_equal(layer.moving_mean, -np.arange(layer.gamma.shape[0]))

    for layer in encoder_layers(model):
        layer.trainable = False
    assert not any("encoder_" in weight.path for weight in model.trainable_weights)
    model(images(1, 64, 64), training=True)
    for layer in (layer for layers in scales for layer in layers):
        np.testing.assert_array_equal(layer.moving_mean, -np.arange(layer.gamma.shape[0]))


def test_imagenet_weights_that_do_not_fit_are_refused(slim_vgg16, tmp_path):
    slim_vgg16().save_weights(tmp_path / "vgg16.weights.h5")
    with pytest.raises(CourseError, match="width=1"):
        load_imagenet_weights(SegNet(3, width=1 / 8), tmp_path / "vgg16.weights.h5")
    with pytest.raises(CourseError, match=r"no ImageNet weights|There are no"):
        load_imagenet_weights(SegNetBasic(3, width=WIDTH), tmp_path / "vgg16.weights.h5")
    (tmp_path / "broken.weights.h5").write_bytes(b"not weights")
    for path in (tmp_path / "broken.weights.h5", tmp_path / "absent.weights.h5"):
        with pytest.raises(CourseError, match=f"{path.name}.*include_top=False"):
            load_imagenet_weights(SegNet(3, width=WIDTH), path)


@pytest.mark.parametrize(
    ("name", "licence"),
    [("VGG16", "CC BY 4.0"), ("ResNet50", "MIT"), ("ResNet101", "MIT"), ("MobileNetV2", "Apache License 2.0")],
)
def test_downloaded_weights_name_source_licence_and_hash(name, licence, tmp_path, monkeypatch):
    """The file that Keras would download lies where Keras keeps it."""
    found = []

    def get_file(file, *_, **__):
        found.append(tmp_path / "models" / file)
        found[0].parent.mkdir(exist_ok=True)
        found[0].write_bytes(b"weights")
        raise ConnectionError("stop here")

    module = sys.modules[getattr(keras.applications, name).__module__]
    monkeypatch.setattr(module.file_utils, "get_file", get_file)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert application_source(name, "imagenet").sha256 == "unknown"
    with pytest.raises(CourseError, match="could not be downloaded"):
        application(name, "imagenet")
    digest = hashlib.sha256(b"weights").hexdigest()
    assert application_source(name, "imagenet") == WeightsSource(name, f"keras.applications.{name}", licence, digest)
    assert application_source(name, found[0]) == WeightsSource(name, str(found[0]), "that of the file", digest)


def test_missing_network_is_a_course_error_with_a_remedy(monkeypatch):
    def unreachable(weights, include_top):
        raise Exception(f"URL fetch failure on https://example.org/{weights}")

    monkeypatch.setattr(vgg16.keras.applications, "VGG16", unreachable)
    with pytest.raises(CourseError, match=r"could not be downloaded.*copy_encoder"):
        load_imagenet_weights(SegNet(3, width=WIDTH))
