"""What makes a data set: its card, which is all that the rest of the course knows of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_utils.datasets.downloads.archive import Archive
from course_utils.datasets.frames import Frame, Problem
from course_utils.errors import CourseError
from course_utils.labels import LabelTable


@dataclass(frozen=True, eq=False)  # a card is one thing: another with the same content is another
class DatasetCard:
    """A data set: what its labels mean, which files it consists of, how it gets here, and at which size to train.

    Name, labels, splits and `scan` are enough for a data set of your own. With this in `my_module.py`,
    `datasets.open("my_module:LEAVES", "leaves/")` and `course train SegNet --dataset my_module:LEAVES` work:

        from course_utils.datasets import DatasetCard, Frame
        from course_utils.labels import VOID, Label, LabelTable

        LABELS = LabelTable("leaves", (
            Label("soil", 0, 0, "ground", False, (90, 60, 30)),      # name, label id, train id, category, ...
            Label("leaf", 1, 1, "plant", False, (40, 160, 40)),
            Label("unlabelled", 9, VOID, "void", False, (0, 0, 0)),
        ))

        def scan(root, split):
            photos = sorted((root / split).glob("*.jpg"))
            frames = [Frame(photo.stem, None, photo, photo.with_suffix(".png")) for photo in photos]
            return frames, []

        LEAVES = DatasetCard("leaves", LABELS, ("train", "val"), scan)

    Attributes:
        name: also its folder's name under `data/` and, in capitals, part of its environment variable (LEAVES_DATASET).
        labels: what the ids in its label maps mean.
        splits: what it is divided into; training needs "train" and "val".
        scan: takes the root and a split; returns the split's frames, always in the same order, and the problems that
            show from the list of files alone, such as a label that is missing. It raises `CourseError` where it cannot
            even make a list.
        find_splits: takes a folder; returns the splits that are there. Needed only where `scan` is too slow to ask.
        layout: what the root contains, for messages.
        laptop_size: (height, width) to train at without a GPU: small enough for about ten images per second on two
            processor cores.
        gpu_size: (height, width) to train at with a GPU.
        archives: takes the root, the splits wanted (None: as many as make sense) and another site to download from
            (None: the usual one); returns what has to be downloaded.
        generate: takes the root and the options of `course data`; makes the data set there, and leaves alone what is
            there and up to date. It is also called when the data set is opened at its default place and nothing is
            there.
        remark: takes the root; returns one line that whoever opens the data set should read, or None.
    """

    name: str
    labels: LabelTable
    splits: tuple[str, ...]
    scan: Callable[[Path, str], tuple[list[Frame], list[Problem]]]
    find_splits: Callable[[Path], list[str]] | None = None
    layout: str = "its files"
    laptop_size: tuple[int, int] = (160, 160)
    gpu_size: tuple[int, int] = (320, 320)
    archives: Callable[[Path, Sequence[str] | None, str | None], list[Archive]] | None = None
    generate: Callable[..., object] | None = None
    remark: Callable[[Path], str | None] | None = None

    def available(self, root: Path) -> list[str]:
        """The splits that are in a folder."""
        if self.find_splits is not None:
            return self.find_splits(root)
        return [split for split in self.splits if self._has_frames(root, split)]

    def is_root(self, folder: Path) -> bool:
        """Whether a folder holds the data set, any split of it."""
        return bool(self.available(folder))

    def _has_frames(self, root: Path, split: str) -> bool:
        try:
            return bool(self.scan(root, split)[0])
        except (CourseError, OSError):
            return False
