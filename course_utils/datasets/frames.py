"""Frames: which files make up one labelled photograph, and how their labels are read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from course_utils.errors import CourseError
from course_utils.images import StoredPicture, ids_size, image_size, read_ids
from course_utils.labels import LabelTable


class Drawing(Protocol):
    """A label map that is not a file: it is drawn from annotations when asked for.

    Attributes:
        source: the annotation file, for messages.
        size: (height, width).
    """

    source: Path
    size: tuple[int, int]

    def draw(self) -> np.ndarray:
        """The label ids, uint8 [height, width]."""


@dataclass(frozen=True)
class Frame:
    """One photograph and its ground truth.

    Attributes:
        name: unique within its data set, e.g. "hamburg_000000_000042" or "0001TP_006690".
        city: where the data set says so, else None.
        image: the photograph, a file or a picture in a pack.
        label: a PNG of label ids, or a picture in a pack; None where there is neither (a test split, COCO's
            annotations).
        instances: the same with instance ids as Cityscapes writes them, or None.
        drawing: draws the label ids where no file holds them, or None.
    """

    name: str
    city: str | None
    image: Path | StoredPicture
    label: Path | StoredPicture | None
    instances: Path | StoredPicture | None = None
    drawing: Drawing | None = None

    @property
    def has_label(self) -> bool:
        return self.label is not None or self.drawing is not None


@dataclass(frozen=True)
class Problem:
    """Something wrong with a file of a data set.

    Attributes:
        file: which one, or which picture in a pack.
        message: what is wrong and what to do.
    """

    file: Path | StoredPicture
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


def read_label(path, table: LabelTable) -> np.ndarray:
    """Read a PNG of label ids.

    Args:
        path: an 8-bit PNG with one channel (grey or palette).
        table: what the ids mean.

    Returns:
        uint8 [height, width] train ids, 255 where void.

    Raises:
        CourseError: the file is missing, damaged, a colour or 16-bit picture, or has an id that is not in the table.
    """
    return _train_ids(read_ids(path), table, path)


def resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A photograph in another size, bilinear with antialias, or a map of ids, nearest.

    Args:
        image: uint8 [height, width, 3], or ids [height, width].
        size: (height, width) wanted.
    """
    if image.shape[:2] == tuple(size):
        return image
    method = Image.Resampling.BILINEAR if image.ndim == 3 else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(image).resize(size[::-1], method))


def label_map(frame: Frame, table: LabelTable) -> np.ndarray:
    """The ground truth of a frame, wherever it comes from.

    Returns:
        uint8 [height, width] train ids, 255 where void.

    Raises:
        CourseError: the frame has no ground truth, or it cannot be read.
    """
    if frame.label is not None:
        return read_label(frame.label, table)
    if frame.drawing is not None:
        return _train_ids(frame.drawing.draw(), table, frame.drawing.source)
    raise CourseError(f"{frame.image}: this frame has no ground truth.")


def check(frame: Frame) -> list[Problem]:
    """Everything that can be seen without decoding: missing, cut off and mixed-up files, sizes that differ."""
    problems = []
    sizes = {}
    for path, read_size in ((frame.image, image_size), (frame.label, ids_size)):
        if path is None:
            continue
        try:
            sizes[path] = read_size(path)
        except CourseError as error:
            problems.append(Problem(path, str(error).removeprefix(f"{path}: ")))
    image = sizes.get(frame.image)
    if frame.drawing is not None:
        truth, file = frame.drawing.size, frame.drawing.source
    else:
        truth, file = sizes.get(frame.label), frame.label
    if image and truth and image != truth:
        problems.append(
            Problem(
                file,
                f"the label is {truth[1]}x{truth[0]}, but its image {frame.image} is {image[1]}x{image[0]} "
                "(width x height): they must have the same size, so restore the original pair.",
            )
        )
    return problems


def _train_ids(ids: np.ndarray, table: LabelTable, source) -> np.ndarray:
    try:
        return table.to_train_ids(ids)
    except CourseError as error:
        raise CourseError(f"{source}: {error}") from None
