"""A data set on this machine: its card, and the folder that holds it."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from course_utils.datasets.classes.statistics import ClassCounts, count
from course_utils.datasets.dataset_card import DatasetCard
from course_utils.datasets.frames import Frame, Problem, check, label_map
from course_utils.datasets.locations import check_root, default_dir
from course_utils.datasets.packing.pack import as_card, is_pack
from course_utils.errors import CourseError
from course_utils.labels import VOID, LabelTable


class Dataset:
    """A data set whose folder has been checked; `course_utils.datasets.open` makes one.

    Args:
        card: what the data set is.
        root: its folder, or one with a pack of it; the default place when omitted, where a data set that can be
            generated is generated if nothing is there.
        address: what commands call it: its name, or `module:NAME` for one of the user's own.
        generate: False for a command that only reads: nothing is generated.

    Raises:
        CourseError: there is no such folder, or it is not the root; the message says what is.
    """

    def __init__(self, card: DatasetCard, root=None, address: str | None = None, generate: bool = True):
        self.card = card
        self.address = address or card.name
        self.root = default_dir(card.name) if root is None else Path(root).expanduser()
        if generate and root is None and card.generate is not None and _is_nothing(self.root):
            card.generate(self.root)
        if is_pack(self.root):
            self.card = card = as_card(card, self.root.absolute(), self.address)
        check_root(card, self.root, self.address)
        if card.remark is not None and (line := card.remark(self.root)):
            print(line, file=sys.stderr)

    def __repr__(self) -> str:
        return f"Dataset({self.address!r}, {str(self.root)!r})"

    @property
    def name(self) -> str:
        """The name on its card."""
        return self.card.name

    @property
    def labels(self) -> LabelTable:
        """What the ids in its label maps mean."""
        return self.card.labels

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that the data set has."""
        return self.card.splits

    @property
    def available_splits(self) -> list[str]:
        """The splits that are on this machine."""
        return self.card.available(self.root)

    def scan(self, split: str) -> tuple[list[Frame], list[Problem]]:
        """The frames of a split, and what is wrong with the list of its files (see `frames`).

        Raises:
            CourseError: there is no such split, or it is empty.
        """
        if split not in self.splits:
            raise CourseError(f"{self.address} has no split {split!r}: choose one of {', '.join(self.splits)}.")
        return self.card.scan(self.root, split)

    def frames(self, split: str) -> list[Frame]:
        """Which files make up a split, always in the same order.

        Args:
            split: one of `splits`.

        Returns:
            Frames sorted by city and name. Only frames of a test split may lack a label.

        Raises:
            CourseError: there is no such split, it is empty, or a label or an image is missing.
        """
        found, problems = self.scan(split)
        self._raise_first(problems)
        return found

    def load(self, split: str, image_size: tuple[int, int] | None = None):
        """A split as a `tf.data.Dataset` of images and label maps, checked as far as that goes without decoding.

        Args:
            split: one of `splits`.
            image_size: (height, width) to resize to, images bilinear with antialias, labels nearest; None keeps the
                size.

        Returns:
            `tf.data.Dataset` of (image float32 [height, width, 3] in 0..1, label uint8 [height, width] train ids, 255
            where void), in the order of `frames`, decoded in parallel, with known cardinality. `.frames` are the frames
            it reads.

        Raises:
            CourseError: no such split, an empty one, missing, cut off or mixed-up files, sizes that differ, or a split
                without ground truth. What shows only while decoding (a label id outside the table, a damaged PNG) ends
                the iteration with a `tf.errors.OpError` that names the file; inside `pipeline.clear_errors()` it is a
                CourseError, too. `course data NAME --verify` finds all of it beforehand.
        """
        frames = self._checked_frames(split)
        from course_utils.datasets import pipeline

        return pipeline.from_frames(frames, self.labels, image_size)

    def pixel_counts(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """How often each class occurs in a split; counted once per process.

        Returns:
            `pixels` int64 [num_classes], the pixels of each class, and `image_pixels` int64 [num_classes], the pixels
            of all images in which the class occurs, void ones included. `pixels / image_pixels` is the frequency that
            SegNet balances by (Badrinarayanan et al., PAMI 2017, section 4.1, after Eigen and Fergus, ICCV 2015,
            section 6.3.2).

        Raises:
            CourseError: as `frames`, or a label that cannot be read.
        """
        counts = self._class_counts(split)
        return counts.pixels.copy(), counts.image_pixels.copy()

    def classes_present(self, split: str) -> np.ndarray:
        """Which classes occur in which frames of a split; counted once per process, together with the pixels.

        Returns:
            bool [frames, num_classes], the frames in the order of `frames`.

        Raises:
            CourseError: as `pixel_counts`.
        """
        return self._class_counts(split).present.copy()

    def _class_counts(self, split: str) -> ClassCounts:
        key = (self.card, self.root.absolute(), split)
        if key not in _CLASS_COUNTS:
            _CLASS_COUNTS[key] = count(self.frames(split), self.labels)
        return _CLASS_COUNTS[key]

    def label_map(self, frame: Frame) -> np.ndarray:
        """The ground truth of a frame, uint8 [height, width] train ids, 255 where void.

        Raises:
            CourseError: the frame has no ground truth, or it cannot be read.
        """
        return label_map(frame, self.labels)

    def check(self, frames: list[Frame]) -> None:
        """Make sure of everything about frames that can be seen without decoding.

        Raises:
            CourseError: a file is missing, cut off or mixed up, or sizes differ.
        """
        with ThreadPoolExecutor() as pool:
            self._raise_first([problem for found in pool.map(check, frames) for problem in found])

    def _checked_frames(self, split: str) -> list[Frame]:
        frames = self.frames(split)
        unlabelled = [frame for frame in frames if not frame.has_label]
        if unlabelled:
            raise CourseError(
                f"{len(unlabelled)} of {len(frames)} frames of {self.address}/{split} have no labels, "
                f"{unlabelled[0].image} for one: the ground truth of a test split may be withheld. Use val; "
                "`Dataset.frames` lists the images alone."
            )
        self.check(frames)
        if split == "test" and all((self.label_map(frame) == VOID).all() for frame in frames[:3]):
            raise CourseError(
                f"{frames[0].label or frames[0].image}: the labels of {self.address}/{split} are void all over, since "
                "this data set withholds the ground truth of its test split. Use val."
            )
        return frames

    def _raise_first(self, problems: list[Problem]) -> None:
        if not problems:
            return
        place = "" if self.root == default_dir(self.name) else f" --dest {self.root}"
        command = f"course data {self.address}{place} --verify"
        more = f" ({len(problems) - 1} more: `{command}` lists all)" if len(problems) > 1 else ""
        raise CourseError(f"{problems[0]}{more}")


def _is_nothing(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


_CLASS_COUNTS: dict[tuple, ClassCounts] = {}
