"""Where data sets lie, and what to say when they lie elsewhere."""

import os
from collections.abc import Callable
from pathlib import Path

from course_utils.errors import CourseError


def data_root() -> Path:
    """The folder of all data sets: $COURSE_DATA, else `data/` of the checkout, else `./data`."""
    if "COURSE_DATA" in os.environ:
        return Path(os.environ["COURSE_DATA"]).expanduser()
    checkout = Path(__file__).parents[2]
    return checkout / "data" if (checkout / "pyproject.toml").is_file() else Path("data")


def variable(name: str) -> str:
    """The environment variable that points at a data set, e.g. CITYSCAPES_DATASET."""
    return f"{name.upper()}_DATASET"


def default_dir(name: str) -> Path:
    """Where a data set is looked for and put: its environment variable, else a folder of its name in the data root."""
    value = os.environ.get(variable(name))
    return Path(value).expanduser() if value else data_root() / name


def check_root(name: str, root: Path, is_root: Callable[[Path], bool], layout: str) -> None:
    """Make sure that a folder is the root of a data set.

    Args:
        name: the data set.
        root: the folder in question.
        is_root: tells the root of this data set from other folders.
        layout: what the root contains, for the message.

    Raises:
        CourseError: it is not; where the true root lies one or two levels up or down, the message says where.
    """
    if is_root(root):
        return
    if not root.is_dir():
        raise CourseError(
            f"There is no folder {root}. Get {name} with `course data {name}`, "
            f"or set {variable(name)} to the folder that contains {layout}."
        )
    absolute = root.absolute()
    below = [folder for folder in sorted(root.iterdir()) if folder.is_dir()]
    below += [folder for parent in below[:50] for folder in sorted(parent.iterdir()) if folder.is_dir()][:200]
    for candidate in (*list(absolute.parents)[:2], *below):
        if is_root(candidate):
            raise CourseError(f"{root} is not the root of {name}: give {candidate} instead, which contains {layout}.")
    raise CourseError(
        f"{root} does not contain {layout}, so it is not the root of {name}: get the missing part with "
        f"`course data {name} --dest {root}`, or give the right folder."
    )
