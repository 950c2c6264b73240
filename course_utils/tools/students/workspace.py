"""The folder of a student's notebooks: made without answers, and kept up to date without losing any work."""

import copy
import time
from itertools import chain, count
from pathlib import Path

from nbformat import NotebookNode

from course_utils.files import write_whole
from course_utils.tools.notebooks.convert import read_notebook, write_notebook
from course_utils.tools.notebooks.folder import notebook_folder
from course_utils.tools.students.merging import merge, same_text

RECORDS = ".course"


def find_workspace(folder: Path | None = None) -> "Workspace":
    """The workspace to work in.

    Args:
        folder: as the user gave it; None for the current folder if it is a workspace, else for `workspace` beside the
            course's notebooks.
    """
    if folder is not None:
        return Workspace(folder.expanduser())
    here = Path.cwd()
    return Workspace(here if (here / RECORDS).is_dir() else notebook_folder().parent / "workspace")


class Workspace:
    """A folder of a student's notebooks, with the course's records in `.course`.

    Args:
        folder: need not exist.

    Attributes:
        folder: of the notebooks.
        records: of what the course has to remember about them.
    """

    def __init__(self, folder: Path):
        self.folder, self.records = folder, folder / RECORDS

    def notebook(self, name: str) -> Path:
        """Where the student's notebook of a lab is."""
        return self.folder / f"{name}.ipynb"

    def begun_with(self, name: str) -> NotebookNode | None:
        """The course's version that the student's notebook was last made of, without outputs; None if unknown."""
        return _read(self.records / "begun" / f"{name}.ipynb")

    def update(self, name: str, new: NotebookNode) -> list[str]:
        """Make a lab's notebook, or bring a new version of the lesson into the student's.

        Before a student's file is changed, a copy of it goes to `.course/before`.

        Args:
            name: of the lab.
            new: the course's version of today, for students.

        Returns:
            What happened, one line each; empty if there was nothing to do.

        Raises:
            CourseError: a file cannot be written.
        """
        path = self.notebook(name)
        if not path.exists():
            write_notebook(new, path)
            self._remember(name, new)
            return [f"{name}: new"]
        base = self.begun_with(name)
        if base is not None and same_text(base, new):
            return []
        mine = _read(path)
        if mine is None:
            return [f"{name}: your notebook cannot be read, so it stays as it is; rename it, and you get a new one"]
        if base is None:
            if mine.metadata.get("course", {}).get("source_sha256") != new.metadata.get("course", {}).get(
                "source_sha256"
            ):
                return [self._beside(name, new)]
            base = new
        merged = merge(base, new, mine)
        if not same_text(merged.notebook, mine) or merged.notebook.metadata != mine.metadata:
            self._put_aside(path)
            write_notebook(merged.notebook, path)
        self._remember(name, new)
        return [f"{name}: updated, your work is kept", *(f"{name}, {line}" for line in merged.conflicts)]

    def _remember(self, name: str, new: NotebookNode) -> None:
        plain = copy.deepcopy(new)
        for cell in plain.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        write_notebook(plain, self.records / "begun" / f"{name}.ipynb")

    def _beside(self, name: str, new: NotebookNode) -> str:
        other = self.folder / f"{name}.new.ipynb"
        write_notebook(new, other)
        return f"{name}: it is not known which version yours began with, so it stays; the course's is {other.name}"

    def _put_aside(self, path: Path) -> None:
        """Keep a copy of a student's file as it was, called by the time at which it was saved."""
        content, saved = path.read_bytes(), time.localtime(path.stat().st_mtime)
        name = f"{path.stem}-{time.strftime('%Y%m%d-%H%M%S', saved)}"
        names = (f"{name}{number}.ipynb" for number in chain([""], (f"-{number}" for number in count(2))))
        for kept in (self.records / "before" / name for name in names):
            if not kept.exists():
                write_whole(kept, content)
            if kept.read_bytes() == content:  # or an update that was killed has kept it already
                return


def _read(path: Path) -> NotebookNode | None:
    try:
        notebook = read_notebook(path)
        [(cell.cell_type, cell.source, cell.metadata) for cell in notebook.cells]
    except Exception:  # a file of the student's may hold anything, and nbformat looks into whatever JSON it is given
        return None
    return notebook


def _source(notebook: NotebookNode) -> str | None:
    """The digest of the source that a notebook was made from."""
    course = notebook.metadata.get("course", {})
    return course.get("source_sha256") if isinstance(course, dict) else None
