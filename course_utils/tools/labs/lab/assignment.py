"""A lab as data: its exercises with solutions, points and checks, and the cells that they build on."""

import ast
import hashlib
from dataclasses import dataclass, field
from decimal import Decimal

from nbformat import NotebookNode

from course_utils.tools.labs.lab.points import total


@dataclass
class Exercise:
    """One exercise.

    Attributes:
        grade_id: the id of the cell that holds the answer.
        points: the most it can bring.
        answer: the source of the answer cell, with its solution.
        check: the source of the check cell, visible and hidden part; None if a person marks the answer.
        names: the functions that the answer defines and the check may call.
    """

    grade_id: str
    points: float
    answer: str
    check: str | None = None
    names: tuple[str, ...] = ()

    @property
    def written(self) -> bool:
        """Whether the answer is text, which a person marks."""
        return self.check is None


@dataclass
class Assignment:
    """A lab: its notebook, and what marking needs of it.

    Attributes:
        name: such as "04_unpooling".
        notebook: the whole notebook, with solutions and hidden checks.
        setup: the sources of the parameters cell and the imports cell, in the notebook's order.
        exercises: in the notebook's order.
        lessons: the sources of all other code cells, by cell id.
    """

    name: str
    notebook: NotebookNode
    setup: list[str] = field(default_factory=list)
    exercises: list[Exercise] = field(default_factory=list)
    lessons: dict[str, str] = field(default_factory=dict)

    @property
    def points(self) -> Decimal:
        """The points of all exercises, exactly."""
        return total(exercise.points for exercise in self.exercises)

    @property
    def marked(self) -> list[Exercise]:
        """The exercises that are marked by checks."""
        return [exercise for exercise in self.exercises if not exercise.written]

    @property
    def imported(self) -> list[str]:
        """The modules that the lab's cells import: worth importing once for many submissions."""
        modules = []
        for source in [*self.setup, *self.lessons.values()]:
            try:
                body = ast.parse(source).body
            except SyntaxError:
                continue  # an IPython magic, for example
            for node in body:
                if isinstance(node, ast.Import):
                    modules += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    modules += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        return modules

    @property
    def grade_ids(self) -> set[str]:
        """The ids of all graded cells, answers and checks."""
        return {record.grade_id for cell in self.notebook.cells if (record := cell.metadata.get("nbgrader"))}

    def digest(self, exercise: Exercise) -> str:
        """A digest of everything that an exercise's mark depends on, except the submission."""
        parts = [*self.setup, exercise.grade_id, str(exercise.points), exercise.check or "", *exercise.names]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()
