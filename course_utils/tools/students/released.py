"""The course's notebooks as students get them: without solutions, with a check that says "passed", ready to hand in."""

import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.errors import CourseError
from course_utils.tools.edition import edition
from course_utils.tools.labs.lab.release import student_version
from course_utils.tools.labs.lab.source import read_lab
from course_utils.tools.notebooks.convert import read_notebook
from course_utils.tools.notebooks.folder import notebook_folder, select
from course_utils.tools.notebooks.open_exercises import CHECK_ALL
from course_utils.tools.students.saving import as_saved

_HAND_IN = """\
## Check and hand in

Save the notebook (Ctrl+S), then run the next cell: it runs the checks of all exercises above and adds up the points. It
does what `course check {number}` does in a terminal. `course submit {number}` writes the file to hand in."""

_CHECK_ALL = """\
import sys

!"{{sys.executable}}" -m course_utils check {name}.ipynb"""


def find_notebooks(names: list[str]) -> list[Path]:
    """The course's notebooks that the names (number, name) mean; all of them without names.

    Raises:
        CourseError: there are no notebooks, or a name fits none.
    """
    folder = notebook_folder()
    notebooks = sorted(folder.glob("*.ipynb"))
    if not notebooks:
        raise CourseError(f"No notebooks in {folder}: run this in a clone or an unpacked copy of the course.")
    return select(notebooks, names)


def released(path: Path) -> NotebookNode:
    """The students' version of one of the course's notebooks.

    Args:
        path: with solutions, or already without (in a students' copy); such a one stays as it is.

    Raises:
        CourseError: it cannot be read or released.
    """
    try:
        notebook = read_notebook(path)
    except Exception as error:  # nbformat looks into whatever JSON it is given
        raise CourseError(f"{path} is not a readable notebook ({error}): get the course's file again.") from None
    return notebook if "lab" in notebook.metadata.get("course", {}) else for_students(path)


def for_students(path: Path, predicted: bool = False) -> NotebookNode:
    """Make the students' version of a notebook with solutions: what `student_version` says, and more.

    A check that passes says so, the first cell names the edition, and after the last exercise a cell checks them all.

    Args:
        path: of the notebook.
        predicted: keep the outputs of cells tagged `predict`.
    """
    notebook = as_saved(student_version(read_lab(path), predicted))
    last = 0
    for place, cell in enumerate(notebook.cells):
        record = cell.metadata.get("nbgrader", {})
        last = place if record else last
        if record.get("grade") and not record.get("solution"):
            points = f"{record.points:g} point{'s' if record.points != 1 else ''}"
            cell.source += f'\nprint("Passed: {points}, if it also holds on the inputs that you do not see.")'
    first = notebook.cells[0]
    first.source += f"\n\n*Edition {edition()} of the course.*"
    if last:
        number = re.match(r"\d*", path.stem)[0] or path.stem
        text, code = _HAND_IN.format(number=number), _CHECK_ALL.format(name=path.stem)
        cells = [nbformat.v4.new_markdown_cell(text, id="hand-in"), nbformat.v4.new_code_cell(code, id=CHECK_ALL)]
        cells[1].metadata["tags"] = [CHECK_ALL]
        notebook.cells[last + 1 : last + 1] = cells
    return notebook
