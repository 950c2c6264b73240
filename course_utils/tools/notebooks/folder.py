"""Where the course's notebooks are, and which of them a name means."""

from pathlib import Path

from course_utils import machine
from course_utils.errors import CourseError


def notebook_folder() -> Path:
    """The checkout's `notebooks` folder, else the one in the current directory.

    Raises:
        CourseError: there is neither.
    """
    here, checkout = Path.cwd(), machine.checkout()
    for folder in (checkout or here, here):
        if (folder / "notebooks").is_dir():
            return folder / "notebooks"
    places = f"{checkout} nor in the current directory" if checkout else "the current directory"
    raise CourseError(
        f"There is no folder 'notebooks' in {places}. Run this in a clone of the course, or give a notebook's path."
    )


def sources(folder: Path, names: list[str] | None = None) -> list[Path]:
    """The percent scripts in `folder/source`, sorted: all, or those named by number, name or path.

    Raises:
        CourseError: a name fits none.
    """
    return select(sorted((folder / "source").glob("*.py")), names or [])


def select(available: list[Path], names: list[str]) -> list[Path]:
    """The files that the names (a number such as "05", a name or a path) mean; all of them without names.

    Raises:
        CourseError: a name fits none of them; the message lists them.
    """
    if not names:
        return available
    chosen = []
    for name in names:
        fitting = [
            path
            for path in available
            if name in (path.name, path.stem)
            or path.resolve() == Path(name).resolve()
            or (name.isdigit() and path.stem.partition("_")[0] == name.zfill(2))
        ]
        if not fitting:
            known = ", ".join(path.stem for path in available) or "none"
            raise CourseError(f"There is no notebook {name!r}; there are: {known}.")
        chosen += [path for path in fitting if path not in chosen]
    return chosen
