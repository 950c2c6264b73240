"""Cityscapes, and every data set in its layout (Toy Streets).

    leftImg8bit/SPLIT/CITY/CITY_SEQUENCE_FRAME_leftImg8bit.png
    gtFine/SPLIT/CITY/CITY_SEQUENCE_FRAME_gtFine_{labelIds,instanceIds}.png

Labels are read from the labelIds maps as they come; no conversion to trainIds on disk is needed.
"""

from collections.abc import Sequence
from pathlib import Path

from course_utils.datasets.dataset_card import DatasetCard
from course_utils.datasets.downloads.archive import Archive
from course_utils.datasets.frames import Frame, Problem
from course_utils.errors import CourseError
from course_utils.files import is_litter
from course_utils.labels import CITYSCAPES

SPLITS = ("train", "val", "test")
_IMAGE = "_leftImg8bit.png"
_LABEL = "_gtFine_labelIds.png"
_INSTANCES = "_gtFine_instanceIds.png"


def available(root: Path) -> list[str]:
    """The splits that are there; none where the images or the fine annotations are missing as a whole."""
    splits = SPLITS if (root / "gtFine").is_dir() else ()
    return [split for split in splits if (root / "leftImg8bit" / split).is_dir()]


def scan(root: Path, split: str) -> tuple[list[Frame], list[Problem]]:
    """All frames of a split in order of city and name, and what is wrong with the list of files.

    A test frame may lack its label (the benchmark withholds the truth); any other frame must have one.
    """
    images = root / "leftImg8bit" / split
    labels = root / "gtFine" / split
    if not images.is_dir():
        raise CourseError(f"There is no folder {images}: the split {split} is missing; extract the whole archive.")
    frames, problems = [], []
    for path in sorted(_files(images, _IMAGE), key=lambda path: (path.parent.name, path.name)):
        city, name = path.parent.name, path.name.removesuffix(_IMAGE)
        label = labels / city / f"{name}{_LABEL}"
        instances = labels / city / f"{name}{_INSTANCES}"
        if not label.is_file():
            if split != "test":
                problems.append(Problem(label, f"the label of {path} is missing; extract gtFine again."))
            label = None
        frames.append(Frame(name, city, path, label, instances if instances.is_file() else None))
    known = {frame.name for frame in frames}
    for path in sorted(_files(labels, _LABEL)):
        name = path.name.removesuffix(_LABEL)
        if name not in known:
            image = images / path.parent.name / f"{name}{_IMAGE}"
            problems.append(Problem(image, f"the image of {path} is missing; extract leftImg8bit again."))
    if not frames and not problems:
        raise CourseError(f"{images} holds no CITY/*{_IMAGE}: the split {split} is empty; extract the archive again.")
    return frames, problems


def _files(folder: Path, ending: str) -> list[Path]:
    return [path for path in folder.glob(f"*/*{ending}") if not is_litter(path, folder)]


def archives(root: Path, splits: Sequence[str] | None = None, site: str | None = None) -> list[Archive]:
    """Images and fine annotations from the authors' site, which asks for the user's own account."""
    from course_utils.datasets.downloads import cityscapes_site

    return cityscapes_site.archives(root, splits, site)


CARD = DatasetCard(
    "cityscapes",
    CITYSCAPES,
    SPLITS,
    scan,
    available,
    layout="leftImg8bit/ and gtFine/",
    laptop_size=(128, 256),
    gpu_size=(512, 1024),
    archives=archives,
)
