"""Keras and TensorFlow, imported once and quietly.

While starting, TensorFlow writes four lines straight to file descriptor 2, whatever its log level; in a notebook they
end up in the committed output, and an autograder may take them for a failure. During the import and a first operation
the descriptor therefore points at the null device; then it is restored.

    from course_utils.backend import keras, tf

Keras computes with TensorFlow unless the environment variable KERAS_BACKEND names another backend ("jax"). Networks,
weights and losses then run on that one, and TensorFlow is imported only where something asks `tf` for a function, so
it need not be installed; where it is, it is kept off the GPUs, which are for the other one.
"""

import contextlib
import functools
import importlib
import importlib.util
import os
import sys
import types
from collections.abc import Iterator

from course_utils.errors import CourseError

TRIED_JAX = "0.7.2"
"""The version of JAX that the course was tried with; it is no requirement."""

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """What is written to standard error in here, by whatever library, is lost."""
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _tensorflow():
    """TensorFlow, started."""
    with silent_stderr():
        tensorflow = importlib.import_module("tensorflow")
        # A first operation starts threads, which would not survive a fork: the labs ask for the import alone.
        if os.environ.get("COURSE_BACKEND") != "cold":
            tensorflow.zeros(1)
    # Advice such as "retracing" is for people who tune TensorFlow; in a notebook it would clutter text and figures.
    tensorflow.get_logger().setLevel("ERROR")
    return tensorflow


class _LazyTensorFlow(types.ModuleType):
    """TensorFlow beside another backend: imported when it is first asked for something."""

    def __getattr__(self, name):
        return getattr(_beside(), name)


@functools.cache
def _beside():
    """TensorFlow for the processor alone: it would take all of a GPU's memory, which the other backend needs."""
    try:
        with silent_stderr():
            importlib.import_module("tensorflow").config.set_visible_devices([], "GPU")
    except ModuleNotFoundError as error:
        raise CourseError(f"This part of the course needs TensorFlow, which cannot be imported ({error}).") from None
    return _tensorflow()


if os.environ["KERAS_BACKEND"] == "jax" and importlib.util.find_spec("jax") is None:
    raise CourseError(
        "The backend is to be JAX, which is not installed: `python -m pip install jax` (the course was tried with "
        f"{TRIED_JAX}; for a GPU see JAX's installation page), or unset KERAS_BACKEND."
    )
with silent_stderr():
    import keras

tf = _tensorflow() if keras.backend.backend() == "tensorflow" else _LazyTensorFlow("tensorflow")


def require_tensorflow(what: str) -> None:
    """Refuses what is written for TensorFlow alone while Keras computes with another backend.

    Args:
        what: the beginning of the message, such as "DenseCRF".

    Raises:
        CourseError: Keras does not compute with TensorFlow.
    """
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise CourseError(f"{what} runs on TensorFlow only, and KERAS_BACKEND is {backend!r}: unset it.")


__all__ = ["keras", "require_tensorflow", "silent_stderr", "tf"]
