"""From one source two notebooks, the students' and the instructor's; neither if the lab has problems."""

import copy
from pathlib import Path

from nbformat import NotebookNode

from course_utils.errors import CourseError
from course_utils.tools.labs.lab.assignment import Assignment
from course_utils.tools.labs.lab.regions import HIDDEN, SOLUTION, UNTOUCHED, without_region
from course_utils.tools.notebooks.convert import write_notebook

_CODE = "# YOUR CODE HERE\nraise NotImplementedError"


PREDICT = "predict"
"""The tag of cells whose result students should guess before they run them."""


def student_version(lab: Assignment, predicted: bool = False) -> NotebookNode:
    """The notebook for students: no solutions, no hidden checks, checks locked, and nothing that spoils a guess.

    Graded cells have no outputs, nor have those tagged `predict`.

    Args:
        lab: with solutions; is not changed.
        predicted: keep the outputs of the cells tagged `predict`, for where they are shown folded.

    Raises:
        CourseError: an answer cell does not mark its solution, which would be handed out.
    """
    notebook = copy.deepcopy(lab.notebook)
    notebook.metadata.course = {**notebook.metadata.get("course", {}), "lab": lab.name}
    for cell in notebook.cells:
        if PREDICT in cell.metadata.get("tags", []) and not predicted:
            cell.outputs, cell.execution_count = [], None
        record = cell.metadata.get("nbgrader")
        if not record:
            continue
        # nbgrader's Validate button needs these keys, and authors forget them.
        cell.metadata.nbgrader = {"schema_version": 3, "task": False, "locked": not record.solution, **record}
        if record.solution:
            if f"### BEGIN {SOLUTION}" not in cell.source:
                raise CourseError(f"{lab.name}: put the solution of {record.grade_id!r} between '### BEGIN {SOLUTION}' "
                                  f"and '### END {SOLUTION}'.")  # fmt: skip
            cell.source = without_region(cell.source, SOLUTION, _CODE if cell.cell_type == "code" else UNTOUCHED)
        else:
            cell.source = without_region(cell.source, HIDDEN)
            cell.metadata.update({"editable": False, "deletable": False})
        if record.solution:
            cell.metadata["deletable"] = False
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def release(lab: Assignment, output: Path, problems: list[str]) -> tuple[Path, Path]:
    """Write `source/LAB/LAB.ipynb` for the instructor and `release/LAB/LAB.ipynb` for the students.

    Args:
        lab: with solutions.
        output: the folder of the class.
        problems: why the lab must not be released, as `marking.trial.problems` says.

    Returns:
        The paths of the instructor's and the students' notebook.

    Raises:
        CourseError: there are problems; nothing is written.
    """
    if problems:
        raise CourseError(f"{lab.name} is not released: " + "; ".join(problems) + ".")
    instructors, students = (output / kind / lab.name / f"{lab.name}.ipynb" for kind in ("source", "release"))
    write_notebook(lab.notebook, instructors)
    write_notebook(student_version(lab), students)
    return instructors, students
