"""A trained network in a file, read without trusting the file."""

import zipfile
from pathlib import Path

import h5py

from course_utils import losses, models  # noqa: F401  (both register what a saved model may hold)
from course_utils.backend import keras
from course_utils.errors import CourseError, brief
from course_utils.files import open_file
from course_utils.training.optimization.muon import Muon  # noqa: F401  (is registered)

_WEIGHTS = "model.weights.h5"
_LARGEST_GROWTH = 100
"""Networks hardly shrink when they are packed; what grows more is no network."""


def read_network(file: Path, num_classes: int, remedy: str):
    """The network in a `.keras` file, for predicting.

    Args:
        file: which `Run.save_best` wrote.
        num_classes: that it has to tell apart.
        remedy: what to do when it cannot be read, for the message.

    Raises:
        CourseError: the file is damaged, or holds another network.
    """
    check_archive(file, remedy)
    try:
        network = keras.models.load_model(file, compile=False)
        shapes = network.input_shape, network.output_shape
    except Exception as error:  # Keras, h5py and TensorFlow raise anything
        raise unreadable(file, error, remedy) from None
    found = [shape[-1] if isinstance(shape, tuple) and len(shape) == 4 else None for shape in shapes]
    if found != [3, num_classes]:
        raise CourseError(
            f"{file}: this network is another one (from {shapes[0]} to {shapes[1]}, and not from images to "
            f"{num_classes} classes); {remedy}."
        )
    return network


def check_archive(file: Path, remedy: str) -> None:
    """Make sure, before Keras reads it, that a `.keras` file is whole and no larger than it says.

    Raises:
        CourseError: it is not.
    """
    try:
        with open_file(file) as opened, zipfile.ZipFile(opened) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > _LARGEST_GROWTH * file.stat().st_size + 1_000_000:
                raise ValueError(f"it would unpack to {size / 1e9:.1f} GB")
            if (damaged := archive.testzip()) is not None:
                raise ValueError(f"{damaged} is damaged")
            with archive.open(_WEIGHTS) as stream, h5py.File(stream) as weights:
                weights.visititems(_check_size)
    except Exception as error:  # zipfile, zlib and h5py raise anything
        raise unreadable(file, error, remedy) from None


def unreadable(file: Path, error: Exception, remedy: str) -> CourseError:
    """What to say when a file of a network cannot be read."""
    return CourseError(f"{file} cannot be loaded ({brief(error)}); {remedy}.")


def _check_size(name: str, item) -> None:
    """A file of a few bytes can promise arrays of terabytes."""
    if isinstance(item, h5py.Dataset) and item.nbytes > item.id.get_storage_size():
        raise ValueError(f"{name} is not whole")
