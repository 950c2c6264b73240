"""How often each class occurs."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from course_utils.datasets.frames import Frame, label_map
from course_utils.labels import LabelTable


def count(frames: Iterable[Frame], table: LabelTable) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of every class in labelled frames, as `Dataset.pixel_counts` returns them.

    Labels are read one at a time by a few threads.

    Raises:
        CourseError: a frame has no ground truth, or it cannot be read.
    """
    pixels = np.zeros(table.num_classes, np.int64)
    image_pixels = np.zeros(table.num_classes, np.int64)

    def of_one(frame):
        return np.bincount(label_map(frame, table).ravel(), minlength=256)

    with ThreadPoolExecutor() as pool:
        for counts in pool.map(of_one, frames):
            present = counts[: table.num_classes]
            pixels += present
            image_pixels[present > 0] += counts.sum()
    return pixels, image_pixels
