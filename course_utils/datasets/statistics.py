"""How often each class occurs."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np

from course_utils.datasets.frames import Frame, label_map
from course_utils.labels import LabelTable


def pixel_counts(name: str, split: str, data_dir=None) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of every class in a split; counted once per process.

    Args:
        name: one of `course_utils.datasets.DATASETS`.
        split: "train", "val" or "test".
        data_dir: the root folder; `default_dir(name)` when omitted.

    Returns:
        `pixels` int64 [num_classes], the pixels of each class, and `image_pixels` int64 [num_classes], the pixels of
        all images in which the class occurs, void ones included. `pixels / image_pixels` is the frequency that SegNet
        balances by (Badrinarayanan et al., PAMI 2017, section 4.1, after Eigen and Fergus, ICCV 2015, section 6.3.2).

    Raises:
        CourseError: as `course_utils.datasets.frames`, or a label that cannot be read.
    """
    from course_utils.datasets import root_of

    pixels, image_pixels = _counted(name, split, str(root_of(name, data_dir)))
    return pixels.copy(), image_pixels.copy()


@lru_cache(maxsize=16)
def _counted(name: str, split: str, root: str) -> tuple[np.ndarray, np.ndarray]:
    from course_utils.datasets import frames, label_table

    return count(frames(name, split, root), label_table(name))


def count(frames: Iterable[Frame], table: LabelTable) -> tuple[np.ndarray, np.ndarray]:
    """As `pixel_counts`, for any frames; labels are read one at a time by a few threads."""
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
