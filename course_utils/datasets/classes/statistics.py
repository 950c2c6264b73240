"""How often each class occurs, and in which frames."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from course_utils.datasets.frames import Frame, label_map
from course_utils.labels import LabelTable


class ClassCounts(NamedTuple):
    """What labelled frames hold.

    Attributes:
        pixels: int64 [num_classes], the pixels of each class.
        image_pixels: int64 [num_classes], the pixels of all frames in which the class occurs, void ones included.
        present: bool [frames, num_classes], whether the class occurs in the frame.
    """

    pixels: np.ndarray
    image_pixels: np.ndarray
    present: np.ndarray


def count(frames: Sequence[Frame], table: LabelTable) -> ClassCounts:
    """Count the classes in labelled frames.

    Labels are read one at a time by a few threads.

    Raises:
        CourseError: a frame has no ground truth, or it cannot be read.
    """
    pixels = np.zeros(table.num_classes, np.int64)
    image_pixels = np.zeros(table.num_classes, np.int64)
    present = np.zeros((len(frames), table.num_classes), bool)

    def of_one(frame):
        return np.bincount(label_map(frame, table).ravel(), minlength=256)

    with ThreadPoolExecutor() as pool:
        for number, counts in enumerate(pool.map(of_one, frames)):
            of_classes = counts[: table.num_classes]
            present[number] = of_classes > 0
            pixels += of_classes
            image_pixels[present[number]] += counts.sum()
    return ClassCounts(pixels, image_pixels, present)
