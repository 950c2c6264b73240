"""Weights at full width, against what references publish or what their lists of layers add up to.

The table in the docstring of `course_utils.models` says the same in words. Counts are of trained weights.
"""

import inspect
import itertools

import numpy as np
import pytest

from course_utils import models
from course_utils.backend import keras
from course_utils.models.blocks import image_input
from course_utils.models.encoders import encode


def trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def convolution(before, after, size, bias=False):
    return before * after * size**2 + after * bias


def block(before, after, size):
    """Weights of a convolution without bias and its batch normalisation."""
    return convolution(before, after, size) + 2 * after


TORCHVISION = {"resnet50": 25_557_032, "resnet101": 44_549_160, "mobilenetv2": 3_504_872, "vgg16": 138_357_544}
"""`num_params` of the ImageNet classifiers."""

CLASSIFIER = {
    "resnet50": convolution(2048, 1000, 1, bias=True),
    "resnet101": convolution(2048, 1000, 1, bias=True),
    "mobilenetv2": block(320, 1280, 1) + convolution(1280, 1000, 1, bias=True),
    "vgg16": sum(
        convolution(*shape, bias=True) for shape in ((512, 4096, 7), (4096, 4096, 1), (4096, 1000, 1))
    ),
}  # fmt: skip
"""What of these is no encoder."""

VGG16_CHANNELS = 2 * 64 + 2 * 128 + 3 * 256 + 6 * 512
"""Two numbers a channel of batch normalisation stand where VGG16 has one bias."""


@pytest.mark.parametrize("encoder", TORCHVISION)
def test_encoders_have_torchvisions_weights(encoder):
    images, x = image_input((None, None, 3))
    model = keras.Model(images, encode(x, encoder)[-1].features)
    reference = TORCHVISION[encoder] - CLASSIFIER[encoder]
    assert trainable(model) - reference == (VGG16_CHANNELS if encoder == "vgg16" else 0)
    assert f"{trainable(model):,}" in models.__doc__


def pspnet():
    """hszhao/semseg, model/pspnet.py and model/resnet.py: three 3x3 convolutions to 128 channels are its stem."""
    stem = block(3, 64, 3) + block(64, 64, 3) + block(64, 128, 3) - block(3, 64, 7)
    first_block = (128 - 64) * (64 + 256)
    return {"encoder": "resnet50", "auxiliary": True}, 19, 49_080_038, -(stem + first_block)


def deeplab_v2():
    """kazuto1011/deeplab-pytorch, libs/models/deeplabv2.py: ResNet-101 and four 3x3 convolutions."""
    resnet101 = TORCHVISION["resnet101"] - CLASSIFIER["resnet101"]
    return {}, 21, resnet101 + 4 * convolution(2048, 21, 3, bias=True), 0


def deeplab_v3():
    """torchvision's deeplabv3_resnet101, `num_params`: one 3x3 block more in its head, and a loss half-way."""
    auxiliary = block(1024, 256, 3) + convolution(256, 21, 1, bias=True)
    return {}, 21, 60_996_202, -(block(256, 256, 3) + auxiliary)


def deeplab_v3_plus():
    """jfzhang95/pytorch-deeplab-xception, modeling/aspp.py and decoder.py, with its ResNet-101."""
    pyramid = 2 * block(2048, 256, 1) + 3 * block(2048, 256, 3) + block(5 * 256, 256, 1)
    decoder = block(256, 48, 1) + block(304, 256, 3) + block(256, 256, 3) + convolution(256, 19, 1, bias=True)
    return {}, 19, TORCHVISION["resnet101"] - CLASSIFIER["resnet101"] + pyramid + decoder, 0


def segnet():
    """alexgkendall/SegNet-Tutorial, Models/segnet_train.prototxt: a bias before each batch normalisation."""
    up = [512, 512, 512, 512, 512, 256, 256, 256, 128, 128, 64, 64]
    down = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    channels = [3, *down, *up, 11]
    kernels = sum(convolution(*pair, 3, bias=True) for pair in itertools.pairwise(channels))
    return {}, 11, kernels + 2 * sum(down + up), -sum(down + up)


def fcn32s():
    """shelhamer/fcn.berkeleyvision.org, voc-fcn32s/train.prototxt: VGG16 with its last dense layer for 21 classes."""
    vgg16 = TORCHVISION["vgg16"] - convolution(4096, 1000, 1, bias=True)
    return {}, 21, vgg16 + convolution(4096, 21, 1, bias=True), VGG16_CHANNELS + 2 * 4096


def fcn16s():
    """shelhamer/fcn.berkeleyvision.org, voc-fcn16s/train.prototxt: with scores of pool4, and kernels that double."""
    *_, coarser, difference = fcn32s()
    return {}, 21, coarser + convolution(512, 21, 1, bias=True) + convolution(21, 21, 4), difference


def fcn8s():
    """shelhamer/fcn.berkeleyvision.org, voc-fcn8s/train.prototxt: with scores of pool3, too."""
    *_, coarser, difference = fcn16s()
    return {}, 21, coarser + convolution(256, 21, 1, bias=True) + convolution(21, 21, 4), difference


def lrr():
    """golnazghiasi/LRR, AddSubModel.m on VGG16 with fc6 and fc7, without its fixed bases and further objectives."""
    vgg16 = TORCHVISION["vgg16"] - convolution(4096, 1000, 1, bias=True)
    coefficients = sum(convolution(channels, 19 * 10, 5, bias=True) for channels in (4096, 512, 512, 256))
    return {}, 19, vgg16 + coefficients, VGG16_CHANNELS + 2 * 4096


def mit_b0():
    """keras-team/keras-hub, models/mit/mit_presets.py: "params" of mit_b0_ade20k_512, which has ten classes."""
    return 3_321_962 - convolution(256, 10, 1, bias=True)


def segformer():
    """keras-team/keras-hub, models/segformer/segformer_presets.py: "params" of segformer_b0_ade20k_512, for 19 classes.

    Xie et al. 2021, table 1, say 3.8 M with the 150 classes of ADE20K.
    """
    return {}, 19, 3_719_027, 0


def test_mit_b0_has_its_published_weights():
    images, x = image_input((None, None, 3))
    count = trainable(keras.Model(images, encode(x, "mit_b0")[-1].features))
    assert count == mit_b0() and f"{count:,}" in models.__doc__


def test_segformer_is_what_its_tables_add_up_to():
    """NVlabs/SegFormer, mix_transformer.py and segformer_head.py, layer by layer; and the paper's 3.8 M."""
    total, before = 0, 3
    for heads, reduction, size in zip((1, 2, 5, 8), (8, 4, 2, 1), (7, 3, 3, 3), strict=True):
        channels = 32 * heads
        linear, norm = convolution(channels, channels, 1, bias=True), 2 * channels
        attention = 4 * linear + (reduction > 1) * (convolution(channels, channels, reduction, bias=True) + norm)
        mixing = convolution(channels, 4 * channels, 1, bias=True) + convolution(4 * channels, channels, 1, bias=True)
        mixing += 4 * channels * (3 * 3 + 1)
        total += convolution(before, channels, size, bias=True) + norm + 2 * (attention + mixing + 2 * norm) + norm
        before = channels
    assert total == mit_b0()
    total += sum(convolution(32 * heads, 256, 1, bias=True) for heads in (1, 2, 5, 8)) + block(4 * 256, 256, 1)
    count = trainable(models.SegFormer(150))
    assert count == total + convolution(256, 150, 1, bias=True) and f"{count:,}" in models.__doc__
    assert round(count / 1e6, 1) == 3.8


REFERENCES = {
    "DeepLabV2": deeplab_v2,
    "DeepLabV3": deeplab_v3,
    "DeepLabV3Plus": deeplab_v3_plus,
    "FCN16s": fcn16s,
    "FCN32s": fcn32s,
    "FCN8s": fcn8s,
    "LRR": lrr,
    "PSPNet": pspnet,
    "SegFormer": segformer,
    "SegNet": segnet,
}


@pytest.mark.parametrize("name", REFERENCES)
def test_systems_have_their_references_weights(name):
    options, classes, reference, difference = REFERENCES[name]()
    count = trainable(getattr(models, name)(classes, **options))
    assert count - reference == difference
    for number in (count, reference):
        assert f"{number:,}" in models.__doc__


def test_gscnn_adds_what_its_authors_add():
    """nv-tlabs/GSCNN, network/gscnn.py and my_functionals/GatedSpatialConv.py: what is not DeepLabV3+, on ResNet-50.

    The paper's table 5 says 0.43 % of the network for ResNet-50 and 0.29 % for ResNet-101.
    """
    shape = convolution(64, 1, 1, bias=True)  # a side output that is not used
    for features, before, after in ((256, 64, 32), (512, 32, 16), (2048, 16, 8)):
        joined = after + 1
        shape += convolution(features, 1, 1, bias=True) + 2 * block(before, before, 3)
        shape += convolution(before, after, 1, bias=True) + after**2
        shape += 2 * joined + convolution(joined, joined, 1, bias=True) + convolution(joined, 1, 1, bias=True) + 2
    shape += 8 + 2  # to one map, and to join it with Canny's
    reference = shape + block(1, 256, 1) + 256 * 256
    plain = trainable(models.DeepLabV3Plus(19, encoder="resnet50", output_stride=8))
    count = trainable(models.GSCNN(19, encoder="resnet50"))
    assert (round(100 * reference / plain, 2), round(100 * reference / 59_343_795, 2)) == (0.43, 0.29)
    # Our gradient enters in front of the stream, by a block of its own; the gates' first convolutions have no bias,
    # nor have their second ones, and there is neither the unused output nor a second join, but one bias at the end.
    gates = sum(channels + 1 + 1 for channels in (32, 16, 8))
    assert count - plain - reference == block(64 + 1, 64, 1) - gates - (64 + 1) - 2 + 1
    for number in (count, count - plain, reference):
        assert f"{number:,}" in models.__doc__


def test_darknet19_is_its_configuration_file():
    """pjreddie/darknet, cfg/darknet19.cfg: filters and sizes of the convolutions with batch normalisation."""
    filters = [32, 64, 128, 64, 128, 256, 128, 256, 512, 256, 512, 256, 512, 1024, 512, 1024, 512, 1024]
    sizes = [3, 3, 3, 1, 3, 3, 1, 3, 3, 1, 3, 1, 3, 3, 1, 3, 1, 3]
    images, x = image_input((None, None, 3))
    count = trainable(keras.Model(images, encode(x, "darknet19")[-1].features))
    assert count == sum(block(*shape) for shape in zip([3, *filters], filters, sizes, strict=False))
    assert f"{count:,}" in models.__doc__


def test_efficientnet_lite0_is_its_table():
    """Tan and Le 2019, table 1: output channels, layers and kernel sizes.

    timm publishes 4.65 M for the classifier, TensorFlow's models 4.7 M.
    """
    table = [(16, 1, 3), (24, 2, 3), (40, 2, 5), (80, 3, 3), (112, 3, 5), (192, 4, 5), (320, 1, 3)]
    reference, before = block(3, 32, 3), 32
    for after, layers, size in table:
        for _ in range(layers):
            expanded = before if before == 32 else 6 * before
            reference += (before != 32) * block(before, expanded, 1)
            reference += expanded * size**2 + 2 * expanded + block(expanded, after, 1)
            before = after
    images, x = image_input((None, None, 3))
    assert trainable(keras.Model(images, encode(x, "efficientnet_lite0")[-1].features)) == reference
    classifier = reference + block(320, 1280, 1) + convolution(1280, 1000, 1, bias=True)
    assert trainable(models.classifier(1000, encoder="efficientnet_lite0")) == classifier
    assert round(classifier / 1e6, 2) == 4.65
    for number in (reference, classifier):
        assert f"{number:,}" in models.__doc__


def test_every_reference_is_named():
    for reference in REFERENCES.values():
        assert inspect.getdoc(reference).split(",")[0].removesuffix("'s deeplabv3_resnet101") in models.__doc__
