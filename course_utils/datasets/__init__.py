"""Data sets of street scenes and everyday photographs, all read the same way.

    from course_utils import datasets

    streets = datasets.open("toy_streets")               # looked up and checked once; the object travels from there
    streets.labels.names                                 # what the train ids mean
    frames = streets.frames("val")                       # which files
    train = streets.load("train")                        # tf.data of (image, label)

Each data set is one file that ends in its card (see `DatasetCard`); `DATASETS` holds the cards. `load` imports
TensorFlow; everything else here does without.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from course_utils import names
from course_utils.datasets import camvid, cityscapes, coco
from course_utils.datasets.dataset import Dataset
from course_utils.datasets.dataset_card import DatasetCard
from course_utils.datasets.frames import Frame, Problem, label_map, read_label
from course_utils.datasets.locations import data_root, default_dir
from course_utils.datasets.toy_streets.card import CARD as _TOY_STREETS
from course_utils.errors import CourseError
from course_utils.images import read_image

__all__ = [
    "DATASETS",
    "Dataset",
    "DatasetCard",
    "Frame",
    "Problem",
    "card",
    "data_root",
    "default_dir",
    "label_map",
    "load",
    "open",
    "read_image",
    "read_label",
]

DATASETS: Mapping[str, DatasetCard] = MappingProxyType(
    {card.name: card for card in (cityscapes.CARD, camvid.CARD, coco.CARD, _TOY_STREETS)}
)
"""Name to card, of every data set that the course brings."""


def card(name: str) -> DatasetCard:
    """The card of a data set, whether or not the data set itself is on this machine.

    Args:
        name: a key of `DATASETS`, or `module:NAME` for a card of your own.

    Raises:
        CourseError: there is no such data set.
    """
    found = names.look_up(name, DATASETS, "data set")
    if not isinstance(found, DatasetCard):
        raise CourseError(f"{name}: this is a {type(found).__name__}, not a course_utils.datasets.DatasetCard.")
    return found


def open(name: str | DatasetCard, data_dir: str | Path | None = None, *, generate: bool = True) -> Dataset:
    """A data set on this machine.

    Args:
        name: a key of `DATASETS`, `module:NAME` for a card of your own, or a card.
        data_dir: the root folder; `default_dir(name)` when omitted, where Toy Streets are generated on first use.
        generate: False for a command that only reads: nothing is generated.

    Raises:
        CourseError: there is no such data set, no such folder, or it is not the root; the message says what is.
    """
    if isinstance(name, DatasetCard):
        return Dataset(name, data_dir, generate=generate)
    return Dataset(card(name), data_dir, name, generate)


def load(name: str, split: str, data_dir: str | Path | None = None, image_size: tuple[int, int] | None = None):
    """A split as a `tf.data.Dataset` of images and label maps: `open(name, data_dir).load(split, image_size)`."""
    return open(name, data_dir).load(split, image_size)
