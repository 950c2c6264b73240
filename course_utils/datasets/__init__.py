"""Data sets of street scenes and everyday photographs, all read the same way.

    from course_utils import datasets

    train = datasets.load("toy_streets", "train")        # tf.data of (image, label)
    frames = datasets.frames("camvid", "val")            # which files

`load` and what it needs import TensorFlow; everything else here does without.
"""

import json
from pathlib import Path

from course_utils.datasets import camvid, cityscapes, coco
from course_utils.datasets.frames import Frame, Problem, label_map, read_image, read_label
from course_utils.datasets.locations import check_root, data_root, default_dir
from course_utils.errors import CourseError
from course_utils.labels import CAMVID, CITYSCAPES, COCO_STUFF, LabelTable

__all__ = [
    "DATASETS",
    "Frame",
    "Problem",
    "available_splits",
    "data_root",
    "default_dir",
    "frames",
    "label_map",
    "label_table",
    "load",
    "pixel_counts",
    "read_image",
    "read_label",
    "root_of",
    "scan",
    "splits",
]

# name: (its reader, its labels)
_KNOWN = {
    "cityscapes": (cityscapes, CITYSCAPES),
    "camvid": (camvid, CAMVID),
    "coco": (coco, COCO_STUFF),
    "toy_streets": (cityscapes, CITYSCAPES),
}
DATASETS = tuple(_KNOWN)


def label_table(name: str) -> LabelTable:
    """The label table of a data set.

    Raises:
        CourseError: there is no data set of this name.
    """
    return _known(name)[1]


def splits(name: str) -> tuple[str, ...]:
    """The splits that a data set has."""
    return _known(name)[0].SPLITS


def available_splits(name: str, data_dir=None) -> list[str]:
    """The splits of a data set that are on this machine."""
    return _known(name)[0].available(root_of(name, data_dir))


def root_of(name: str, data_dir=None) -> Path:
    """The checked root folder of a data set.

    Args:
        name: one of `DATASETS`.
        data_dir: the folder; `default_dir(name)` when omitted, where Toy Streets is generated on first use.

    Raises:
        CourseError: unknown name, no such folder, or a folder that is not the root; the message says what is.
    """
    reader = _known(name)[0]
    root = Path(data_dir).expanduser() if data_dir is not None else default_dir(name)
    if name == "toy_streets" and data_dir is None:
        _ensure_toy_streets(root)
    check_root(name, root, reader.is_root, reader.LAYOUT)
    return root


def scan(name: str, split: str, data_dir=None) -> tuple[list[Frame], list[Problem]]:
    """The frames of a split and what is wrong with the set of its files (see `frames`).

    Raises:
        CourseError: unknown name or split, wrong root, or an empty split.
    """
    reader = _known(name)[0]
    if split not in reader.SPLITS:
        raise CourseError(f"{name} has no split {split!r}: choose one of {', '.join(reader.SPLITS)}.")
    return reader.scan(root_of(name, data_dir), split)


def frames(name: str, split: str, data_dir=None) -> list[Frame]:
    """Which files make up a split, always in the same order.

    Args:
        name: one of `DATASETS`.
        split: "train", "val" or "test" (coco has no test labels and no such split).
        data_dir: the root folder; `default_dir(name)` when omitted.

    Returns:
        Frames sorted by city and name. Only frames of a test split may lack a label.

    Raises:
        CourseError: unknown name or split, wrong root, empty split, missing label or image.
    """
    found, problems = scan(name, split, data_dir)
    report(name, problems, data_dir)
    return found


def report(name: str, problems: list[Problem], data_dir=None) -> None:
    """Raise the first of several problems.

    Raises:
        CourseError: there is one.
    """
    if not problems:
        return
    place = "" if data_dir is None else f" --dest {data_dir}"
    more = f" ({len(problems) - 1} more: `course data {name}{place} --verify` lists all)" if len(problems) > 1 else ""
    raise CourseError(f"{problems[0]}{more}")


def load(name: str, split: str, data_dir=None, image_size: tuple[int, int] | None = None):
    """A split as a data set of images and label maps (see `course_utils.datasets.pipeline.load`).

    Args:
        name: one of `DATASETS`.
        split: "train", "val" or "test".
        data_dir: the root folder; `default_dir(name)` when omitted.
        image_size: (height, width) to resize to, images bilinear with antialias, labels nearest; None keeps the size.

    Returns:
        `tf.data.Dataset` of (image float32 [height, width, 3] in 0..1, label uint8 [height, width] train ids, 255
        where void), in the order of `frames`, with known cardinality.

    Raises:
        CourseError: anything that is wrong with the files and can be seen without decoding them.
    """
    from course_utils.datasets import pipeline

    return pipeline.load(name, split, data_dir, image_size)


def pixel_counts(name: str, split: str, data_dir=None):
    """Pixels of every class (see `course_utils.datasets.statistics.pixel_counts`).

    Returns:
        (int64 [num_classes] pixels of the class, int64 [num_classes] all pixels of the images it occurs in).
    """
    from course_utils.datasets import statistics

    return statistics.pixel_counts(name, split, data_dir)


def _ensure_toy_streets(root: Path) -> None:
    """Generate Toy Streets where it is missing, and again where an older version of the course drew it."""
    from course_utils.datasets import toy_streets

    if not root.exists():
        toy_streets.generate(root)
        return
    manifest = root / toy_streets.MANIFEST
    made = json.loads(manifest.read_text("utf-8")) if manifest.is_file() else None
    if made and made["version"] != toy_streets.VERSION:
        toy_streets.generate(root, made["size"], made["counts"], made["seed"])


def _known(name: str):
    try:
        return _KNOWN[name]
    except KeyError:
        raise CourseError(f"There is no data set {name!r}: choose one of {', '.join(DATASETS)}.") from None
