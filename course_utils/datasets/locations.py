"""Where data sets lie, and what to say when they lie elsewhere."""

import os
from pathlib import Path

from course_utils.datasets.dataset_card import DatasetCard
from course_utils.errors import CourseError
from course_utils.machine import checkout


def data_root() -> Path:
    """The folder of all data sets: $COURSE_DATA, else `data/` of the checkout, else `./data`."""
    if "COURSE_DATA" in os.environ:
        return Path(os.environ["COURSE_DATA"]).expanduser()
    root = checkout()
    return Path("data") if root is None else root / "data"


def variable(name: str) -> str:
    """The environment variable that points at a data set, e.g. CITYSCAPES_DATASET."""
    return f"{name.upper()}_DATASET"


def default_dir(name: str) -> Path:
    """Where a data set is looked for and put: its environment variable, else a folder of its name in the data root."""
    value = os.environ.get(variable(name))
    return Path(value).expanduser() if value else data_root() / name


def check_root(card: DatasetCard, root: Path, address: str) -> None:
    """Make sure that a folder is the root of a data set.

    Args:
        card: the data set.
        root: the folder in question.
        address: what commands call the data set.

    Raises:
        CourseError: it is not; where the true root lies one or two levels up or down, the message says where.
    """
    if card.is_root(root):
        return
    if not root.is_dir():
        get = f"Get {address} with `course data {address}`, or set" if card.archives or card.generate else "Set"
        raise CourseError(
            f"There is no folder {root}. {get} {variable(card.name)} to the folder that contains {card.layout}."
        )
    absolute = root.absolute()
    below = [folder for folder in sorted(root.iterdir()) if folder.is_dir()]
    below += [folder for parent in below[:50] for folder in sorted(parent.iterdir()) if folder.is_dir()][:200]
    for candidate in (*list(absolute.parents)[:2], *below):
        if card.is_root(candidate):
            raise CourseError(
                f"{root} is not the root of {address}: give {candidate} instead, which contains {card.layout}."
            )
    get = f"get the missing part with `course data {address} --dest {root}`, or " if card.archives else ""
    raise CourseError(
        f"{root} does not contain {card.layout}, so it is not the root of {address}: {get}give the right folder."
    )
