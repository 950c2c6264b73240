"""Encoders: strides, published counts, and dense features that contain the strided ones."""

import numpy as np
import pytest

from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.models import SegNet, classifier, load_imagenet_weights
from course_utils.models.blocks import image_input
from course_utils.models.encoders import ENCODERS, deepest, encode, features_at

WIDTH = {
    "vgg16": 1 / 32,
    "darknet19": 1 / 32,
    "resnet50": 1 / 32,
    "resnet101": 1 / 32,
    "mobilenetv2": 1 / 4,
    "efficientnet_lite0": 1 / 4,
    "mit_b0": 1 / 8,
    "slim": 1 / 8,
}


DENSE = [name for name, card in ENCODERS.items() if name != "resnet101" and 8 in card.output_strides]
"""Those with atrous forms, without ResNet-101, which is ResNet-50 with more blocks."""


def images(*shape):
    return np.random.default_rng(0).uniform(size=(*shape, 3)).astype("float32")


def build(encoder, output_stride=32, width=None):
    """A model that gives the features of every stage, and the deepest last."""
    inputs, x = image_input((None, None, 3))
    stages = encode(x, encoder, width or WIDTH[encoder], output_stride=output_stride)
    return keras.Model(inputs, [*[stage.features for stage in stages], deepest(stages)]), stages


def randomized(model):
    generator = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([generator.uniform(0.5, 1.5, weight.shape) for weight in layer.weights])
    return model


def kernels(model):
    return sum(int(np.prod(weight.shape)) for weight in model.weights if weight.name == "kernel")


@pytest.mark.parametrize("encoder", DENSE)
def test_dense_features_contain_the_strided_ones(encoder):
    """Atrous consistency, borders and odd sizes included; and maps are as large as the strides say."""
    strided = randomized(build(encoder)[0])
    for output_stride in (8, 16):
        dense, stages = build(encoder, output_stride)
        dense.set_weights(strided.get_weights())
        for size in [(64, 96), (45, 71)]:
            expected = strided(images(1, *size))[-1]
            assert np.abs(expected).max() > 1e-3
            assert tuple(expected.shape[1:3]) == tuple(-(-length // 32) for length in size)
            *features, last = dense(images(1, *size))
            step = 32 // output_stride
            np.testing.assert_allclose(last[:, ::step, ::step], expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
            for feature, stage in zip(features, stages, strict=True):
                assert tuple(feature.shape[1:3]) == tuple(-(-length // stage.stride) for length in size)
                assert feature.shape[-1] == stage.channels[-1]
    for stride in (2, 4, 8):
        assert features_at(stages, stride).shape[-1] > 0


def test_an_encoder_without_atrous_forms_says_so():
    model, stages = build("mit_b0")
    assert [stage.stride for stage in stages] == [4, 8, 16, 32]
    for size in [(64, 96), (45, 71)]:
        for feature, stage in zip(model(images(1, *size)), stages, strict=False):
            assert tuple(feature.shape[1:]) == (*(-(-length // stage.stride) for length in size), stage.channels[-1])
    with pytest.raises(CourseError, match="output_stride is 16: encoder mit_b0 can have 32"):
        build("mit_b0", 16)


def test_published_parameters():
    """Kernels at full width, against keras.applications less what we leave out, and DarkNet-19's table."""
    reference = keras.applications.ResNet50(weights=None, include_top=False)
    assert kernels(build("resnet50", width=1.0)[0]) == kernels(reference)
    mobile = keras.applications.MobileNetV2(weights=None, include_top=False)
    assert kernels(build("mobilenetv2", width=1.0)[0]) == kernels(mobile) - 320 * 1280
    # Table 6 of YOLO9000: filters and sizes of its eighteen convolutions before the one that classifies.
    filters = [32, 64, 128, 64, 128, 256, 128, 256, 512, 256, 512, 256, 512, 1024, 512, 1024, 512, 1024]
    sizes = [3, 3, 3, 1, 3, 3, 1, 3, 3, 1, 3, 1, 3, 3, 1, 3, 1, 3]
    table = sum(a * b * k * k for a, b, k in zip([3, *filters], filters, sizes, strict=False))
    assert kernels(build("darknet19", width=1.0)[0]) == table


def test_resnet101_has_its_twenty_three_blocks():
    counts = [len(stage.channels) for stage in build("resnet101")[1]]
    assert counts == [1, 3, 4, 23, 3]


@pytest.mark.parametrize("encoder", ["resnet50", "mobilenetv2"])
def test_imagenet_encoder_computes_what_the_classifier_computes(encoder, tmp_path):
    name = {"resnet50": "ResNet50", "mobilenetv2": "MobileNetV2"}[encoder]
    # Where every map has an odd size, Keras's MobileNetV2 pads as we do.
    source = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(97, 129, 3))
    generator = np.random.default_rng(2)
    for layer in source.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([generator.uniform(0.5, 1.5, weight.shape) for weight in layer.weights])
        elif layer.weights and layer.use_bias:
            layer.set_weights([layer.get_weights()[0], generator.normal(0, 0.3, layer.bias.shape)])
    first = next(layer for layer in source.layers if layer.weights)
    if encoder == "mobilenetv2":
        # Only its middle taps, for the zeros of the padding mean another colour there.
        kernel, *rest = first.get_weights()
        kernel[[0, 2]] = kernel[:, [0, 2]] = 0
        first.set_weights([kernel, *rest])
    source.save_weights(tmp_path / "source.weights.h5")

    model = classifier(3, encoder=encoder)
    load_imagenet_weights(model, tmp_path / "source.weights.h5")
    batch = images(1, 97, 129)
    preprocess = {
        "resnet50": keras.applications.resnet.preprocess_input,
        "mobilenetv2": keras.applications.mobilenet_v2.preprocess_input,
    }[encoder]
    output = source.output if encoder == "resnet50" else source.get_layer("block_16_project_BN").output
    expected = keras.Model(source.input, output)(preprocess(255 * batch))
    features = keras.Model(model.input, model.get_layer("average").input)
    np.testing.assert_allclose(features(batch), expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_wrong_requests_are_course_errors():
    with pytest.raises(CourseError, match="output_stride is 4"):
        build("slim", 4)
    with pytest.raises(CourseError, match="none at 32"):
        features_at(build("slim", 8)[1], 32)
    with pytest.raises(CourseError, match="vgg16 or darknet19"):
        SegNet(3, encoder="slim")


def test_segnet_unpools_what_darknet_pooled():
    model = SegNet(3, encoder="darknet19", width=1 / 32)
    assert sum("unpool" in layer.name for layer in model.layers) == 5
    assert model(tf.zeros([1, 45, 71, 3])).shape == (1, 45, 71, 3)
