"""Frames: which files make up one labelled photograph, and how they are read.

This module needs NumPy and Pillow only, so that evaluation and generators start without TensorFlow.
"""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image, UnidentifiedImageError

from course_utils.errors import CourseError
from course_utils.labels import LabelTable

_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)
_REMEDY = "the file is damaged or incomplete: copy or download it again"


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
        image: the photograph.
        label: a PNG of label ids, or None where there is no such file (a test split, COCO's annotations).
        instances: a PNG of instance ids in the manner of Cityscapes, or None.
        drawing: draws the label ids where no file holds them, or None.
    """

    name: str
    city: str | None
    image: Path
    label: Path | None
    instances: Path | None = None
    drawing: Drawing | None = None

    @property
    def has_label(self) -> bool:
        return self.label is not None or self.drawing is not None


@dataclass(frozen=True)
class Problem:
    """Something wrong with a file of a data set.

    Attributes:
        file: which one.
        message: what is wrong and what to do.
    """

    file: Path
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


def read_image(path) -> np.ndarray:
    """Read a photograph.

    Args:
        path: any file that Pillow reads.

    Returns:
        uint8 [height, width, 3], red, green, blue.

    Raises:
        CourseError: the file is missing or damaged; the message names it.
    """
    return np.asarray(_decode(Path(path), "RGB"))


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
    path = Path(path)
    ids = np.asarray(_decode(path, None))
    return _train_ids(ids, table, path)


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


def image_size(path) -> tuple[int, int]:
    """(height, width) from the header alone.

    Raises:
        CourseError: the file is missing or damaged.
    """
    return _header(Path(path))[0]


def check(frame: Frame) -> list[Problem]:
    """Everything that can be seen without decoding: missing, cut off and mixed-up files, sizes that differ."""
    problems = []
    sizes = {}
    for path, is_label in ((frame.image, False), (frame.label, True)):
        if path is None:
            continue
        try:
            sizes[path], mode = _header(path)
            if is_label:
                _check_mode(path, mode)
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
                "(width x height): they must be of one size, so restore the original pair.",
            )
        )
    return problems


def _header(path: Path) -> tuple[tuple[int, int], str]:
    """((height, width), mode), with a look at the file's end: a PNG that was cut off lacks its last chunk."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            if image.format == "PNG":
                with open(path, "rb") as file:
                    file.seek(-12, 2)
                    if file.read(12)[4:8] != b"IEND":
                        raise CourseError(f"{path}: this PNG was cut off; {_REMEDY}.")
            return (height, width), image.mode
    except FileNotFoundError:
        raise CourseError(f"{path}: there is no such file; download or generate the data set again.") from None
    except UnidentifiedImageError:
        raise CourseError(f"{path}: this is not a picture; {_REMEDY}.") from None
    except _DAMAGED as error:
        raise CourseError(f"{path}: cannot be read ({error}); {_REMEDY}.") from None


def _decode(path: Path, mode: str | None) -> Image.Image:
    """The decoded picture, converted to `mode`; without a mode it must be a label map."""
    try:
        with Image.open(path) as image:
            if mode is None:
                _check_mode(path, image.mode)
                image.load()
                return image
            image.load()
            return image if image.mode == mode else image.convert(mode)
    except FileNotFoundError:
        raise CourseError(f"{path}: there is no such file; download or generate the data set again.") from None
    except _DAMAGED as error:
        raise CourseError(f"{path}: cannot be decoded ({error}); {_REMEDY}.") from None


def _check_mode(path: Path, mode: str) -> None:
    if mode in ("L", "P"):
        return
    if mode.startswith(("RGB", "LA", "PA", "CMYK")):
        raise CourseError(
            f"{path}: this is a colour picture ({mode}), not a map of label ids; use the data set's id maps "
            "(Cityscapes: *_gtFine_labelIds.png, CamVid: the SegNet authors' *annot folders)."
        )
    if mode.startswith(("I", "F")):
        raise CourseError(
            f"{path}: this PNG has 16 or more bits per pixel ({mode}), label ids have 8; "
            "instance ids are no labels: use the label id map, or save it with 8 bits."
        )
    raise CourseError(
        f"{path}: a label map has one 8-bit channel, this picture is of mode {mode}; save it as 8-bit grey."
    )


def _train_ids(ids: np.ndarray, table: LabelTable, source: Path) -> np.ndarray:
    try:
        return table.to_train_ids(ids)
    except CourseError as error:
        raise CourseError(f"{source}: {error}") from None
