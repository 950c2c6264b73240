"""Where a lab is kept, and how it is read: from a percent script, or from a notebook with solutions.

What a source must look like. Graded cells carry nbgrader's metadata:

- An *answer cell* has `"solution": true`, a `grade_id`, and its solution between `### BEGIN SOLUTION` and
  `### END SOLUTION`. If checks mark it, it has `"grade": false` and defines at least one function with `def`. If a
  person marks it, it is a text cell with `"grade": true` and its `points`.
- A *check cell* has `"solution": false`, `"grade": true`, `points`, and the `grade_id` of its answer followed by
  `_check`. It calls the answer's functions and raises `AssertionError`. Its hidden part stands between
  `### BEGIN HIDDEN TESTS` and `### END HIDDEN TESTS`.
  Its points may be shared among parts, as `parts` describes them; they must add up.
- The *parameters cell* has the tag `parameters`; the *imports cell* is the first one with an import. Both run before
  every check.
"""

import ast
import re
import reprlib
from pathlib import Path

from nbformat import NotebookNode

from course_utils.errors import CourseError
from course_utils.machine import checkout
from course_utils.tools.labs.lab import parts
from course_utils.tools.labs.lab.assignment import Assignment, Exercise
from course_utils.tools.notebooks.convert import differences, read_notebook, read_source
from course_utils.tools.notebooks.folder import select


def find_lab(name: str) -> Path:
    """The source of a lab.

    Args:
        name: the path of a percent script or notebook, or the number or name of one of the course's labs.

    Raises:
        CourseError: there is none, or none of the course's labs is here.
    """
    path = Path(name)
    if path.suffix in (".py", ".ipynb") and path.is_file():
        return path
    if path.suffix in (".py", ".ipynb") and len(path.parts) > 1:
        raise CourseError(f"There is no lab {name}; give the path of a .py or .ipynb file.")
    root = checkout()
    labs = sorted((root / "notebooks" / "source").glob("*.py")) if root else []
    if not labs:
        raise CourseError(
            f"Lab {name!r} cannot be looked up: a students' copy and an installed package have no labs with solutions. "
            "Run this in the course's own folder, or give the path of a lab (.py or .ipynb)."
        )
    return select(labs, [name])[0]


def find_released_lab(name: str, output: Path) -> Path:
    """The source to mark with: the instructor's notebook that was released to `output`, or else the course's.

    Args:
        name: like `find_lab`.
        output: the folder of the class.

    Raises:
        CourseError: there is neither.
    """
    if Path(name).name != name or Path(name).suffix:
        return find_lab(name)
    kept = output / "source" / name / f"{name}.ipynb"
    if kept.is_file():
        return kept
    original = find_lab(name)  # a number, perhaps
    kept = output / "source" / original.stem / f"{original.stem}.ipynb"
    return kept if kept.is_file() else original


def read_lab(path: Path) -> Assignment:
    """Read a lab from a percent script or from a notebook with solutions.

    A script's executed notebook, one folder up, provides the outputs if it was made from this very script.

    Raises:
        CourseError: the file cannot be read, or its exercises cannot be marked; the message names the cell.
    """
    if path.suffix == ".py":
        notebook = read_source(path)
        executed = path.parent.parent / f"{path.stem}.ipynb"
        if executed.is_file() and not differences(known := read_notebook(executed), path):
            notebook = known
    else:
        try:
            notebook = read_notebook(path)
        except Exception as error:
            said = getattr(error, "strerror", None) or error
            raise CourseError(f"{path} is not a readable notebook: {said}") from error
    lab = parse_lab(path.stem, notebook)
    for exercise in lab.marked:
        if wrong := parts.fault(exercise.check, exercise.points):
            raise CourseError(f"{lab.name}: the check of {exercise.grade_id!r}: {wrong}.")
    return lab


def parse_lab(name: str, notebook: NotebookNode) -> Assignment:
    """The lab in a notebook with solutions.

    Args:
        name: of the lab.
        notebook: as the head of this module describes it.

    Raises:
        CourseError: its exercises cannot be marked; the message names the cell.
    """
    lab = Assignment(name, notebook)
    graded: dict[str, NotebookNode] = {}
    for cell in notebook.cells:
        record = cell.metadata.get("nbgrader")
        if record:
            if wrong := _fault(record):
                raise CourseError(f"{name}: the nbgrader metadata of a cell cannot be used: {wrong}.")
            if record.grade_id in graded:
                raise CourseError(f"{name}: two cells have the grade_id {record.grade_id!r}; give each its own.")
            graded[record.grade_id] = cell
        elif cell.cell_type == "code":
            if "parameters" in cell.metadata.get("tags", []) or _is_imports_cell(lab, cell):
                lab.setup.append(cell.source)
            else:
                lab.lessons[cell.id] = cell.source
    checks = {
        key for key, cell in graded.items() if cell.metadata.nbgrader.grade and not cell.metadata.nbgrader.solution
    }
    for grade_id, cell in graded.items():
        record = cell.metadata.nbgrader
        if record.solution and record.grade:
            lab.exercises.append(Exercise(grade_id, record.get("points", 0), cell.source))
        elif record.solution:
            check_id = f"{grade_id}_check"
            if check_id not in checks:
                raise CourseError(
                    f"{name}: exercise {grade_id!r} has no check cell; add one with the grade_id {check_id!r}."
                )
            checks.remove(check_id)
            check = graded[check_id]
            names = _functions(name, grade_id, cell.source)
            points = check.metadata.nbgrader.get("points", 0)
            lab.exercises.append(Exercise(grade_id, points, cell.source, check.source, names))
    if checks:
        raise CourseError(
            f"{name}: no answer cell belongs to the check {min(checks)!r}; its grade_id must be that of an answer cell "
            "followed by '_check'."
        )
    return lab


def _fault(record) -> str | None:
    """Why marking cannot use the metadata of a cell; None if it can."""
    if not isinstance(record, dict) or not isinstance(grade_id := record.get("grade_id"), str):
        return f"it has no grade_id that is a text ({reprlib.repr(record)})"
    if not re.fullmatch(r"[\w-]{1,80}", grade_id):
        return f"the grade_id {grade_id!r} should consist of letters, digits, - and _"
    for key in ("grade", "solution"):
        if not isinstance(record.get(key), bool):
            return f"{key!r} of {grade_id!r} is {record.get(key)!r}, neither true nor false"
    points = record.get("points", 0)
    if type(points) not in (int, float) or not 0 <= points <= 1000:
        return f"the points of {grade_id!r} are {points!r}, no number from 0 to 1000"
    return None


def _is_imports_cell(lab: Assignment, cell: NotebookNode) -> bool:
    """Whether this is the first cell with an import at the beginning of a line."""
    importing = re.compile(r"^(import|from) ", re.M)
    seen = any(importing.search(source) for source in [*lab.setup, *lab.lessons.values()])
    return not seen and bool(importing.search(cell.source))


def _functions(name: str, grade_id: str, source: str) -> tuple[str, ...]:
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise CourseError(f"{name}: the solution of {grade_id!r} is not valid Python: {error}.") from error
    names = tuple(node.name for node in body if isinstance(node, ast.FunctionDef))
    if not names:
        raise CourseError(
            f"{name}: the answer cell {grade_id!r} defines no function; checks can only call functions, so define one "
            "with def."
        )
    return names
