"""A lab as its author wrote it: exercises with solution, points and checks, and the cells that everything stands on."""

import ast
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.errors import CourseError
from course_utils.tools.notebooks import ROOT
from course_utils.tools.notebooks.build import select
from course_utils.tools.notebooks.convert import differences, read_source

SOLUTION = "SOLUTION"
HIDDEN = "HIDDEN TESTS"


@dataclass
class Exercise:
    """One exercise.

    Attributes:
        grade_id: of the cell that holds the answer.
        points: the most it can bring.
        answer: the answer cell with its solution.
        check: the check cell, visible and hidden part; None for what a person marks.
        names: the functions that the answer defines and the check may call.
    """

    grade_id: str
    points: float
    answer: str
    check: str | None = None
    names: tuple[str, ...] = ()

    @property
    def written(self) -> bool:
        """Whether a person marks it."""
        return self.check is None


@dataclass
class Assignment:
    """A lab: its notebook and what the marking needs of it.

    Attributes:
        name: such as "04_unpooling".
        notebook: the whole notebook, with solutions and hidden checks.
        setup: the sources of the parameters cell and the imports cell, in their order.
        exercises: in the order of the notebook.
        lessons: sources of the other code cells, by cell id.
    """

    name: str
    notebook: NotebookNode
    setup: list[str] = field(default_factory=list)
    exercises: list[Exercise] = field(default_factory=list)
    lessons: dict[str, str] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """The points of all exercises."""
        return sum(exercise.points for exercise in self.exercises)

    @property
    def marked(self) -> list[Exercise]:
        """The exercises that checks mark."""
        return [exercise for exercise in self.exercises if not exercise.written]

    @property
    def imported(self) -> list[str]:
        """The modules that the lab's cells name: worth importing once for many submissions."""
        modules = []
        for source in [*self.setup, *self.lessons.values()]:
            try:
                body = ast.parse(source).body
            except SyntaxError:
                continue  # a magic, say
            for node in body:
                if isinstance(node, ast.Import):
                    modules += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    modules += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        return modules

    @property
    def grade_ids(self) -> set[str]:
        """The ids of every graded cell, answers and checks."""
        return {record.grade_id for cell in self.notebook.cells if (record := cell.metadata.get("nbgrader"))}

    def digest(self, exercise: Exercise) -> str:
        """A digest of all that marking this exercise depends on, except the submission."""
        parts = [*self.setup, exercise.grade_id, str(exercise.points), exercise.check or "", *exercise.names]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def find(name: str) -> Path:
    """The source of a lab: a path to a percent script or a notebook, or the number or name of one of the course's.

    Raises:
        CourseError: there is none.
    """
    path = Path(name)
    if path.suffix in (".py", ".ipynb") and path.is_file():
        return path
    if path.suffix in (".py", ".ipynb") and len(path.parts) > 1:
        raise CourseError(f"There is no lab {name}.")
    return select(sorted((ROOT / "notebooks" / "source").glob("*.py")), [name])[0]


def read(path: Path) -> Assignment:
    """Read a lab from a percent script or from a notebook with solutions.

    The executed notebook next to a script's folder lends its outputs when it belongs to this very script.

    Raises:
        CourseError: the file cannot be read, or its exercises cannot be marked; the message names the cell.
    """
    if path.suffix == ".py":
        notebook = read_source(path)
        executed = path.parent.parent / f"{path.stem}.ipynb"
        if executed.is_file() and not differences(known := nbformat.read(executed, as_version=4), path):
            notebook = known
    else:
        try:
            notebook = nbformat.read(path, as_version=4)
        except Exception as error:
            raise CourseError(f"{path} is not a notebook that can be read: {error}") from error
    return parse(path.stem, notebook)


def parse(name: str, notebook: NotebookNode) -> Assignment:
    """Find the exercises of a notebook with solutions; raises `CourseError` like `read`."""
    lab = Assignment(name, notebook)
    graded: dict[str, NotebookNode] = {}
    for cell in notebook.cells:
        record = cell.metadata.get("nbgrader")
        if record:
            if record.grade_id in graded:
                raise CourseError(f"{name}: two cells have the grade_id {record.grade_id!r}; give each its own.")
            graded[record.grade_id] = cell
        elif cell.cell_type == "code":
            if "parameters" in cell.metadata.get("tags", []) or _is_first_import(lab, cell):
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
                    f"{name}: exercise {grade_id!r} has no check cell; its grade_id must be {check_id!r}."
                )
            checks.remove(check_id)
            check = graded[check_id]
            names = _functions(name, grade_id, cell.source)
            points = check.metadata.nbgrader.get("points", 0)
            lab.exercises.append(Exercise(grade_id, points, cell.source, check.source, names))
    if checks:
        raise CourseError(f"{name}: no answer cell belongs to the check {min(checks)!r}.")
    return lab


def without_region(source: str, region: str, replacement: str | None = None) -> str:
    """The source without the lines between `### BEGIN region` and `### END region`, the markers included.

    Args:
        source: of a cell.
        region: `SOLUTION` or `HIDDEN`.
        replacement: lines that take the place of each region, indented like its marker.

    Raises:
        CourseError: a region does not end, or ends without a beginning.
    """
    kept, inside = [], False
    for line in source.splitlines():
        if line.strip() == f"### BEGIN {region}":
            if inside:
                raise CourseError(f"'### BEGIN {region}' stands inside such a region.")
            inside = True
            if replacement:
                indent = line[: len(line) - len(line.lstrip())]
                kept += [indent + new for new in replacement.splitlines()]
        elif line.strip() == f"### END {region}":
            if not inside:
                raise CourseError(f"'### END {region}' has no beginning.")
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise CourseError(f"'### BEGIN {region}' has no end.")
    return "\n".join(kept).strip("\n")


def hidden_lines(source: str) -> set[int]:
    """The numbers of the lines of a check cell that students do not see, counting from 1."""
    found, inside = set(), False
    for number, line in enumerate(source.splitlines(), 1):
        inside = inside or line.strip() == f"### BEGIN {HIDDEN}"
        if inside:
            found.add(number)
        inside = inside and line.strip() != f"### END {HIDDEN}"
    return found


def _is_first_import(lab: Assignment, cell: NotebookNode) -> bool:
    """Whether this is the imports cell: the first cell with an import at its beginning of a line."""
    importing = re.compile(r"^(import|from) ", re.M)
    seen = any(importing.search(source) for source in [*lab.setup, *lab.lessons.values()])
    return not seen and bool(importing.search(cell.source))


def _functions(name: str, grade_id: str, source: str) -> tuple[str, ...]:
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        raise CourseError(f"{name}: the solution of {grade_id!r} is not Python: {error}") from error
    names = tuple(node.name for node in body if isinstance(node, ast.FunctionDef))
    if not names:
        raise CourseError(f"{name}: the answer cell {grade_id!r} defines no function; checks can only call functions.")
    return names
