"""A course of one small lab, in a folder whose name has a space, and a student's workspace in it."""

import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "labs"))

from small_lab import small_lab

from course_utils import machine
from course_utils.tools import cli
from course_utils.tools.students.workspace import Workspace

NAME = "05_small"
RIGHT = {
    "double": "def double(values):\n    return values + values",
    "count": "def count_even(numbers):\n    return sum(1 for number in numbers if number % 2 == 0)",
    "ends": "def ends(values):\n    return (sorted(values)[0], sorted(values)[-1])",
    "words": "Because two and two are four.",
}


class Student:
    """A student at their notebook, in a course without git.

    Attributes:
        folder: of the course.
        workspace: with the student's notebooks.
    """

    def __init__(self, folder: Path):
        self.folder, self.workspace = folder, Workspace(folder / "workspace")
        self.path = self.workspace.notebook(NAME)
        self.publish(small_lab().notebook)

    def publish(self, notebook) -> None:
        """Make this the course's notebook, with solutions, as a new edition would."""
        (self.folder / "notebooks").mkdir(exist_ok=True)
        nbformat.write(notebook, self.folder / "notebooks" / f"{NAME}.ipynb")

    def course(self, *arguments: str) -> int:
        """Run `course`."""
        return cli.main(list(arguments))

    def read(self):
        """The student's notebook."""
        return nbformat.read(self.path, as_version=4)

    def edit(self, change) -> None:
        """Change the notebook by a function, and save it."""
        notebook = self.read()
        change(notebook)
        nbformat.write(notebook, self.path)

    def answer(self, **answers: str) -> None:
        """Write answers into their cells, by grade id."""

        def change(notebook):
            for cell in notebook.cells:
                grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
                cell.source = answers.get(grade_id, cell.source)

        self.edit(change)


@pytest.fixture
def student(tmp_path, monkeypatch) -> Student:
    """A student in a course that is no clone, and who has opened it once."""
    folder = tmp_path / "a course"
    folder.mkdir()
    monkeypatch.setattr(machine, "checkout", lambda: None)
    monkeypatch.chdir(folder)
    student = Student(folder)
    assert student.course("lab", "--prepare") == 0
    return student


@pytest.fixture
def right() -> dict[str, str]:
    """Right answers to every exercise, other than the lab's own."""
    return dict(RIGHT)
