"""Exported networks compute what the Keras network does, from bytes on, and say what they cannot."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from course_utils import layers, weights
from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.models import SegFormer, SegNetBasic
from course_utils.tools.cli import main
from course_utils.tools.exporting import FORMATS, export
from course_utils.tools.exporting.formats import Format
from course_utils.tools.exporting.plain import plain_form

SUFFIX = {"savedmodel": "", "litert": ".tflite", "onnx": ".onnx"}


@pytest.fixture(params=SUFFIX)
def format_name(request):
    if request.param == "onnx":
        for package in ("onnx", "onnxruntime", "tf2onnx"):
            pytest.importorskip(package, reason="the extra export is not installed")
    return request.param


def images(*size):
    return np.random.default_rng(1).integers(0, 256, (1, *size, 3), np.uint8)


def run(path, format_name, batch):
    """The outputs of an exported network, by the means of those who have nothing but the file."""
    if format_name == "savedmodel":
        return tf.saved_model.load(path).signatures["serving_default"](image=tf.constant(batch))
    if format_name == "litert":
        return tf.lite.Interpreter(str(path)).get_signature_runner()(image=batch)
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"image": batch}), strict=True))


def test_onnx_runtime_does_not_tell_of_its_use(tmp_path):
    """It would send something, and keep the number of its session in the folder for temporary files."""
    pytest.importorskip("onnxruntime", reason="the extra export is not installed")
    said = "from course_utils.tools.exporting import formats; import onnxruntime"
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", said], env={**environment, "TMPDIR": str(tmp_path)}, check=True)
    assert not any(tmp_path.iterdir())


def test_a_run_is_exported_with_its_preprocessing_and_labels(grey_reader, tmp_path, format_name, capsys):
    """The class is read from the grey value: bytes in, no other preparation."""
    classes = np.kron([[0, 2], [13, 18]], np.ones((9, 15), int))
    path = tmp_path / f"net{SUFFIX[format_name]}"
    run_folder = str(grey_reader(image_size=[18, 30]))
    assert main(["export-model", run_folder, "--format", format_name, "--output", str(path), "--json"]) == 0
    reported = json.loads(capsys.readouterr().out)
    assert list(reported["differences"]) == (["18x30"] if format_name == "litert" else ["18x30", "9x15"])
    assert max(reported["differences"].values()) <= 1e-4 * max(reported["largest_logit"].values())
    batch = np.repeat((10 * classes).astype(np.uint8)[None, ..., None], 3, -1)
    np.testing.assert_array_equal(run(path, format_name, batch)["train_ids"], classes[None])
    about = json.loads((path / "course.json" if not path.suffix else tmp_path / f"{path.name}.json").read_text())
    assert about["classes"][13] == {"train_id": 13, "name": "car", "label_id": 26, "color": [0, 0, 142]}
    assert about["input"]["type"] == "uint8" and about["image_size"] == [18, 30]


@pytest.mark.parametrize("build", [SegNetBasic, SegFormer])
def test_pooling_indices_and_attention_are_exported(build, tmp_path, format_name):
    """LiteRT without operations of TensorFlow: a file with any would not be written."""
    if (build, format_name) == (SegFormer, "savedmodel"):
        pytest.skip("has the operations of the Keras network")
    network, path = build(3, width=1 / 8), tmp_path / f"net{SUFFIX[format_name]}"
    exported = export(network, path, format_name, {}, (32, 48))
    assert set(exported.differences) == ({"32x48"} if format_name == "litert" else {"32x48", "17x25"})
    batch = images(32, 48)
    expected = network(batch * np.float32(1 / 255)).numpy()
    np.testing.assert_allclose(run(path, format_name, batch)["logits"], expected, atol=1e-4)


def test_what_only_piecewise_and_gscnn_are_made_of_is_exported(tmp_path, format_name):
    """Pairs of places and mean field; gates, gradients and averages over the map. (The whole systems take minutes.)"""
    if format_name == "savedmodel":
        pytest.skip("has the operations of the Keras network")
    shifts = [(0, 1), (2, -1)]
    inputs = keras.Input((None, None, 3))
    features = keras.layers.Conv2D(4, 3, 2, padding="same")(inputs)
    pairs = layers.PairwisePotentials(3, shifts, hidden=4)(features)
    field = layers.PairwiseMeanField(shifts, iterations=2)([keras.layers.Conv2D(3, 1)(features), pairs])
    gated = layers.GatedConvolution2D(3)([layers.ResizeLike()([field, inputs]), layers.ImageGradient()(inputs)])
    average = layers.ResizeLike()([layers.AdaptiveAveragePooling2D(1)(gated), gated])
    network = keras.Model(inputs, keras.layers.Add()([gated, average]))
    path = tmp_path / f"net{SUFFIX[format_name]}"
    export(network, path, format_name, {}, (12, 16))
    batch = images(12, 16)
    expected = network(batch * np.float32(1 / 255)).numpy()
    np.testing.assert_allclose(run(path, format_name, batch)["logits"], expected, atol=1e-4)


@pytest.mark.parametrize("size", [(16, 24), (17, 23)])
def test_the_plain_form_is_the_same_network(size):
    network = SegNetBasic(3, width=1 / 8)
    batch = np.round(images(*size) / 64).astype("float32")  # many equal values: the first of them wins
    plain = plain_form(network)
    assert {type(layer) for layer in plain.layers} != {type(layer) for layer in network.layers}
    np.testing.assert_allclose(plain(batch), network(batch), atol=1e-6)


@pytest.mark.parametrize(
    ("with_indices", "share", "images", "accepted"),
    [
        (True, 0.0, 5, True), (True, 0.005, 5, True), (True, 0.05, 5, False), (True, 1.0, 2, True),
        (True, 1.0, 3, False), (False, 0.0, 1, True), (False, 0.001, 1, False),
    ],
)  # fmt: skip
def test_after_pooling_indices_a_few_logits_may_differ(with_indices, share, images, accepted, tmp_path, monkeypatch):
    """A share of them in all five images, or all of them in two."""
    inputs = keras.Input((None, None, 3))
    network = SegNetBasic(3, width=1 / 8) if with_indices else keras.Model(inputs, keras.layers.Conv2D(3, 1)(inputs))

    left = [images] * 2  # of two sizes

    def exported(batch):
        logits = np.array(network(batch * np.float32(1 / 255), training=False))
        size = int(batch.shape[1] != 32)
        left[size] -= 1
        if left[size] >= 0:
            logits.ravel()[: round(share * logits.size)] += 1
        return logits

    monkeypatch.setitem(FORMATS, "savedmodel", Format(lambda *_: None, lambda path: exported))
    if accepted:
        assert export(network, tmp_path / "net", "savedmodel", {}, (32, 48)).share == (0.99 if with_indices else 1.0)
    else:
        with pytest.raises(CourseError, match="would not compute what the network does"):
            export(network, tmp_path / "net", "savedmodel", {}, (32, 48))
        assert list(tmp_path.iterdir()) == []


@keras.saving.register_keras_serializable(package="test_exporting")
class Odd(keras.layers.Layer):
    """What no other format has."""

    def call(self, inputs):
        return tf.math.bessel_i0e(inputs)


@pytest.mark.parametrize("format_name", ["litert", "onnx"])
def test_layers_that_a_format_lacks_are_named_and_nothing_is_written(tmp_path, format_name):
    if format_name == "onnx":
        pytest.importorskip("tf2onnx", reason="the extra export is not installed")
        pytest.importorskip("onnxruntime")
    inputs = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(2, 1, name="fine")(inputs)
    network = keras.Model(inputs, Odd(name="strange_one")(x))
    with pytest.raises(CourseError, match=r"strange_one \(BesselI0e\)") as error:
        export(network, tmp_path / "net", format_name, {}, (16, 16))
    assert "fine" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_was_killed_before_its_last_file_is_given_again(grey_reader, tmp_path, capsys):
    path, description = tmp_path / "net.tflite", tmp_path / "net.tflite.json"
    arguments = [
        "export-model",
        str(grey_reader(2)),
        "--output",
        str(path),
        "--format",
        "litert",
        "--image-size",
        "8x8",
    ]
    assert main(arguments) == 0 and not capsys.readouterr().err
    path.unlink()  # the description comes first
    assert main(arguments) == 0 and path.exists()
    path.unlink()
    description.write_text("{}")
    assert main(arguments) == 2 and description.read_text() == "{}"


def test_what_is_there_is_not_overwritten(grey_reader, tmp_path, capsys):
    (tmp_path / "net").write_text("mine")
    arguments = ["export-model", str(grey_reader()), "--output", str(tmp_path / "net")]
    for name in ("savedmodel", "litert"):
        assert main([*arguments, "--format", name]) == 2
    assert "is there already" in capsys.readouterr().err and (tmp_path / "net").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "savedmodel"], "Say what to export"),
        (["run", "--weights", weights.shipped()[0], "--format", "savedmodel"], "Say what to export"),
        (["run", "--format", "savedmodel", "--image-size", "32x32"], "--image-size is for LiteRT"),
        (["--weights", "SegNet/nowhere", "--format", "litert"], "ships no weights"),
    ],
)
def test_wrong_use_is_one_line(arguments, words, tmp_path, capsys):
    assert main(["export-model", *arguments, "--output", str(tmp_path / "net")]) == 2
    assert words in capsys.readouterr().err.splitlines()[-1]
