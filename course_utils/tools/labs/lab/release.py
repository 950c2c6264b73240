"""From one source, the students' notebook and the instructor's; neither when the lab does not hold together."""

import copy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.errors import CourseError
from course_utils.tools.labs.lab.assignment import HIDDEN, SOLUTION, Assignment, without_region
from course_utils.tools.labs.marking.mark import Marker
from course_utils.tools.labs.marking.submission import read_submission
from course_utils.tools.labs.sandbox.bubblewrap import Sandbox
from course_utils.tools.notebooks.execute import write_notebook

POINTS = 10
"""What every lab of the course adds up to."""

_CODE = "# YOUR CODE HERE\nraise NotImplementedError"
_TEXT = "*Your answer here.*"


def student_version(lab: Assignment) -> NotebookNode:
    """The notebook that students get: no solutions, no hidden checks, no outputs of either, checks locked.

    Raises:
        CourseError: an answer cell does not mark its solution, which would be handed out.
    """
    notebook = copy.deepcopy(lab.notebook)
    notebook.metadata.course = {**notebook.metadata.get("course", {}), "lab": lab.name}
    for cell in notebook.cells:
        record = cell.metadata.get("nbgrader")
        if not record:
            continue
        # What nbgrader's Validate button asks for, and authors forget.
        cell.metadata.nbgrader = {"schema_version": 3, "task": False, "locked": not record.solution, **record}
        if record.solution:
            if f"### BEGIN {SOLUTION}" not in cell.source:
                raise CourseError(f"{lab.name}: put the solution of {record.grade_id!r} between '### BEGIN {SOLUTION}' "
                                  f"and '### END {SOLUTION}'.")  # fmt: skip
            cell.source = without_region(cell.source, SOLUTION, _CODE if cell.cell_type == "code" else _TEXT)
        else:
            cell.source = without_region(cell.source, HIDDEN)
            cell.metadata.update({"editable": False, "deletable": False})
        if record.solution:
            cell.metadata["deletable"] = False
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def problems(lab: Assignment, sandbox: Sandbox) -> list[str]:
    """Why a lab cannot be released, one line each: its points, its solution, its untouched version."""
    found = []
    if lab.points != POINTS:
        found.append(f"its exercises add up to {lab.points:g} points, not {POINTS}: change the points in the metadata")
    for mark in _marks(lab, lab.notebook, sandbox):
        if mark.points is not None and mark.points < mark.of:
            found.append(f"the solution of {mark.grade_id!r} fails its check: {mark.message}")
    for mark in _marks(lab, student_version(lab), sandbox):
        if mark.points:
            found.append(f"the untouched version gets {mark.points:g} points for {mark.grade_id!r}: sharpen its check")
    return found


def release(lab: Assignment, output: Path, sandbox: Sandbox) -> tuple[Path, Path]:
    """Write `source/LAB/LAB.ipynb` for the instructor and `release/LAB/LAB.ipynb` for the students.

    Args:
        lab: with solutions.
        output: the folder of the course.
        sandbox: in which the lab is tried.

    Returns:
        The instructor's and the students' notebook.

    Raises:
        CourseError: the lab has problems; nothing is written.
    """
    if found := problems(lab, sandbox):
        raise CourseError(f"{lab.name} is not released: " + "; ".join(found) + ".")
    instructors, students = (output / kind / lab.name / f"{lab.name}.ipynb" for kind in ("source", "release"))
    write_notebook(lab.notebook, instructors)
    write_notebook(student_version(lab), students)
    return instructors, students


def _marks(lab: Assignment, notebook: NotebookNode, sandbox: Sandbox) -> list:
    submission = read_submission(nbformat.writes(notebook).encode(), lab)
    return Marker(lab, submission, sandbox).mark(lab.exercises)
