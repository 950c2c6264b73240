"""What the commands for students have in common: which of their notebooks a name means."""

import argparse
from pathlib import Path

from course_utils.errors import CourseError


def add_labs(parser: argparse.ArgumentParser, number: str) -> None:
    """Add the labs and `--workspace`.

    Args:
        parser: of a command.
        number: of labs, as `nargs`.
    """
    parser.add_argument("labs", nargs=number, metavar="LAB", help='number ("04"), name, or path of your notebook')
    add_workspace(parser)


def add_workspace(parser: argparse.ArgumentParser) -> None:
    """Add `--workspace`."""
    text = "the folder of your notebooks (by default `workspace`, beside the course's)"
    parser.add_argument("--workspace", type=Path, metavar="DIR", help=text)


def chosen(names: list[str], folder: Path | None) -> list[Path]:
    """The student's notebooks that the names mean; all of the workspace without names.

    Args:
        names: numbers, names or paths.
        folder: of the workspace, as the user gave it.

    Raises:
        CourseError: there is none for a name; the message says how to get it.
    """
    from course_utils.tools.notebooks.folder import select
    from course_utils.tools.students.workspace import find_workspace

    paths = [Path(name) for name in names if name.endswith(".ipynb") and Path(name).is_file()]
    others = [name for name in names if Path(name) not in paths]
    if others or not names:
        workspace = find_workspace(folder)
        known = sorted(path for path in workspace.folder.glob("*.ipynb") if not path.stem.endswith(".new"))
        if not known:
            raise CourseError(f"There are no notebooks in {workspace.folder}: make them with `course lab`.")
        paths += select(known, others)
    return paths
