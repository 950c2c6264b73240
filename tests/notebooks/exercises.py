"""The graded cells of a notebook's source, run on answers of the test's own."""

import re

from course_utils.machine import checkout
from course_utils.tools.labs.lab.parts import split
from course_utils.tools.labs.lab.points import total
from course_utils.tools.labs.lab.regions import model_answer
from course_utils.tools.notebooks.convert import read_source


class Exercises:
    """The exercises of one notebook.

    Attributes:
        points: of the whole notebook, written answers included.
        grade_ids: of the answers that checks mark, in order.
        written: by grade id, the model answer and the rubric of those that a person marks.
    """

    def __init__(self, notebook: str):
        self._notebook = read_source(checkout() / "notebooks" / "source" / f"{notebook}.py")
        graded = [cell for cell in self._notebook.cells if "nbgrader" in cell.metadata]
        self._sources = {cell.metadata.nbgrader.grade_id: cell.source for cell in graded}
        self._points = {cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.get("points", 0) for cell in graded}
        assert len(self._sources) == len(graded), "two cells have the same grade_id"
        records = [cell.metadata.nbgrader for cell in graded]
        self.points = sum(record.get("points", 0) for record in records)
        self.grade_ids = [record.grade_id for record in records if record.solution and not record.grade]
        self.written = {
            record.grade_id: model_answer(self._sources[record.grade_id])
            for record in records
            if record.solution and record.grade
        }

    def check(self, grade_id: str, answer=None) -> None:
        """Run the visible and hidden checks of an exercise; raises what they raise.

        Args:
            grade_id: of the cell with the solution; its check is `<grade_id>_check`.
            answer: takes the place of the function (the last one that the cell defines); None for the solution itself.
        """
        exec(self._sources[f"{grade_id}_check"], self._namespace(grade_id, answer))

    def brought(self, grade_id: str, answer) -> float:
        """The points that an answer brings: those of the parts of the check that it passes.

        Args:
            grade_id: of the cell with the solution.
            answer: takes the place of the function.
        """
        before, parts = split(self._sources[f"{grade_id}_check"], self._points[f"{grade_id}_check"])
        lesson, passed = self._namespace(grade_id, answer), []
        for part in parts:
            namespace = dict(lesson)
            try:
                exec(before, namespace)
                exec(part.source, namespace)
            except (AssertionError, TypeError, ValueError, IndexError, MemoryError):
                continue
            passed.append(part.points)
        return float(total(passed))

    def _namespace(self, grade_id: str, answer) -> dict:
        """What the lesson defines before the check of an answer."""
        namespace = {}
        for cell in self._notebook.cells:
            if "parameters" in cell.metadata.get("tags", []) or re.search(
                r"^from course_utils.checks import", cell.source, re.M
            ):
                exec(cell.source, namespace)
        source = self._sources[grade_id]
        exec(source, namespace)
        if answer is not None:
            definitions = [line for line in source.splitlines() if line.startswith("def ")]
            namespace[definitions[-1].split("(")[0].removeprefix("def ")] = answer
        return namespace
