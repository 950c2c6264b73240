"""Verification: decode every file of a data set and list everything that is wrong."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from course_utils.datasets.dataset import Dataset
from course_utils.datasets.frames import Frame, Problem, check, label_map
from course_utils.errors import CourseError
from course_utils.images import image_size, read_ids, read_image
from course_utils.labels import LabelTable
from course_utils.progress import Progress


@dataclass(frozen=True)
class Verification:
    """What a verification found.

    Attributes:
        root: the data set's folder.
        frames: number of frames of each split that is there.
        problems: everything that is wrong, in order of split and frame.
    """

    root: Path
    frames: dict[str, int]
    problems: tuple[Problem, ...]


def verify(dataset: Dataset, splits: Sequence[str] | None = None, progress: bool = True) -> Verification:
    """Decode every image and label map of a data set.

    Args:
        dataset: from `course_utils.datasets.open`.
        splits: which ones; all that are there when omitted.
        progress: show how far it is, on standard error.
    """
    counts, problems = {}, []
    for split in splits or dataset.available_splits:
        try:
            frames, found = dataset.scan(split)
        except CourseError as error:
            counts[split] = 0
            problems.append(Problem(dataset.root / split, str(error)))
            continue
        counts[split] = len(frames)
        problems += found
        # A missing file is one problem; a file with the annotations of many frames may have many.
        reported = {problem.file for problem in found} - {frame.drawing.source for frame in frames if frame.drawing}
        with (
            Progress(f"{dataset.address}/{split}", len(frames), "frames", shown=progress) as bar,
            ThreadPoolExecutor() as pool,
        ):
            for number, wrong in enumerate(pool.map(lambda frame: problems_of(frame, dataset.labels), frames), 1):
                problems += [problem for problem in wrong if problem.file not in reported]
                bar.update(number)
    return Verification(dataset.root, counts, tuple(problems))


def problems_of(frame: Frame, table: LabelTable) -> list[Problem]:
    """What is wrong with one frame, decoded."""
    problems = check(frame)
    known = {problem.file for problem in problems}
    jobs = [(frame.image, lambda: read_image(frame.image))]
    if frame.has_label:
        jobs.append((frame.label or frame.drawing.source, lambda: label_map(frame, table)))
    if frame.instances is not None:
        jobs.append((frame.instances, lambda: _read_instances(frame)))
    for file, read in jobs:
        if file in known:
            continue
        try:
            read()
        except CourseError as error:
            faults = getattr(frame.drawing, "faults", list)() if file != frame.image else []
            problems += [Problem(file, str(fault).removeprefix(f"{file}: ")) for fault in faults or [error]]
    return problems


def _read_instances(frame: Frame) -> None:
    """Instance ids: 16-bit, of the image's size, as the evaluation of iIoU needs them."""
    if read_ids(frame.instances, sixteen_bit=True).shape != image_size(frame.image):
        raise CourseError(f"{frame.instances}: its size is not that of {frame.image}; restore the pair.")
