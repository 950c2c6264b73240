"""How each format is written, and run again to see whether it computes the same."""

import importlib
import logging
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from course_utils.backend import silent_stderr, tf
from course_utils.errors import CourseError
from course_utils.files import scratch_folder
from course_utils.tools.exporting.unsupported import layers_of, unsupported

# ONNX Runtime (1.32) tells its makers of its use, and leaves a file for that, unless this is set before its import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


@dataclass(frozen=True)
class Format:
    """A format to export to.

    Attributes:
        write: `write(network, path, size)` writes a serving network; `size` is (height, width) where the format has one
            size for each file, else None. It raises `CourseError` where the format cannot express a layer.
        load: `load(path)` gives a function from images, uint8 `[batch, height, width, 3]`, to logits.
        suffix: of its files; empty for a folder.
        packages: modules that have to be there.
        free_size: whether one file takes images of any size.
    """

    write: Callable
    load: Callable
    suffix: str = ""
    packages: tuple[str, ...] = ()
    free_size: bool = True

    def check_installed(self) -> None:
        """Look for its packages before any work is done.

        Raises:
            ModuleNotFoundError: one is not installed.
        """
        for package in self.packages:
            importlib.import_module(package)


def _write_saved_model(network, path: Path, size=None) -> None:
    network.export(path, format="tf_saved_model", verbose=False)


def _load_saved_model(path: Path):
    loaded = tf.saved_model.load(path)
    # The function of a loaded model goes with it.
    return lambda images: loaded.signatures["serving_default"](image=tf.constant(images))["logits"].numpy()


def _write_litert(network, path: Path, size: tuple[int, int]) -> None:
    signature = [tf.TensorSpec((1, *size, 3), tf.uint8, name="image")]
    with scratch_folder() as scratch:
        folder = str(scratch)  # the converter takes no other path
        network.export(folder, format="tf_saved_model", verbose=False, input_signature=signature)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        try:
            content = converter.convert()
        except Exception as error:  # the converter's own type, which has no public name
            raise unsupported("LiteRT", layers_of(network, str(error), signature), error) from None
    path.write_bytes(content)


def _load_litert(path: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it will move to a package of its own
        run = tf.lite.Interpreter(model_path=str(path)).get_signature_runner()

    def logits(images):
        with silent_stderr():  # at first it says whose routines it takes
            return run(image=images)["logits"]

    return logits


def _write_onnx(network, path: Path, size=None) -> None:
    import onnx

    logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # what it complains about is said below
    signature = [tf.TensorSpec((None, *network.input_shape[1:]), tf.uint8, name="image")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the converter's use of NumPy
        try:
            network.export(path, format="onnx", verbose=False, input_signature=signature, opset_version=OPSET)
        except Exception as error:  # the converter raises what it likes
            raise unsupported("ONNX", layers_of(network, str(error), signature), error) from None
    # The converter writes what it cannot express as it is.
    unknown = {node.op_type for node in onnx.load(path).graph.node if not onnx.defs.has(node.op_type, node.domain)}
    if unknown:
        words = " ".join(sorted(unknown))
        raise unsupported("ONNX", layers_of(network, words, signature), CourseError(words))


def _load_onnx(path: Path):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda images: session.run(["logits"], {"image": images})[0]


OPSET = 18
"""Version of ONNX's operations, that of ONNX Runtime 1.14 (2023) and later."""

FORMATS = {
    "savedmodel": Format(_write_saved_model, _load_saved_model),
    "litert": Format(_write_litert, _load_litert, ".tflite", free_size=False),
    "onnx": Format(_write_onnx, _load_onnx, ".onnx", ("onnx", "onnxruntime", "tf2onnx")),
}
"""By the name that `course export-model --format` takes."""
