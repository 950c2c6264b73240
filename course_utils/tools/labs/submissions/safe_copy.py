"""A copy of a student's notebook that is safe to show: in Formgrader, with an instructor's rights, or on a page.

The original may hold scripts, forged ids, and text, outputs or pictures of any size. The copy is a new notebook: graded
cells get the lab's own metadata and checks, text becomes HTML of a few harmless tags, outputs keep only text and PNG
pictures, and everything has a limit.
"""

import base64
import contextlib
import struct
from html import escape

import nbformat
from nbformat import NotebookNode

from course_utils.tools.labs.lab.assignment import Assignment, Exercise
from course_utils.tools.labs.lab.regions import HIDDEN, without_region
from course_utils.tools.labs.submissions.sanitize import MAX_OUTPUT, MAX_SOURCE, cut, rendered
from course_utils.tools.labs.submissions.submission import RawCell, Submission, squeezed

MAX_TEXT, MAX_PICTURES, MAX_CELLS = 10**6, 8 * 2**20, 500
"""Characters, bytes of pictures and cells of a notebook; answers are always shown."""
_MAX_PIXELS = 25 * 10**6


class SafeCopy:
    """Makes the safe copy of one submission.

    Args:
        lab: that it answers.
        submission: of that lab, as `read_submission` returns it.
    """

    def __init__(self, lab: Assignment, submission: Submission):
        self._lab, self._submission = lab, submission
        self._text, self._pictures, self._left_out = MAX_TEXT, MAX_PICTURES, 0
        self._unchanged = {squeezed(cell.source) for cell in lab.notebook.cells if cell.cell_type == "markdown"}
        self._checks = {f"{exercise.grade_id}_check": exercise for exercise in lab.marked}

    def notebook(self) -> NotebookNode:
        """The copy: the student's cells in their order, then the graded cells that they lack."""
        exercises = {index: grade_id for grade_id, index in self._submission.answers.items()}
        by_id = {exercise.grade_id: exercise for exercise in self._lab.exercises}
        cells, shown = [], set()
        if self._submission.problem:
            cells.append(nbformat.v4.new_markdown_cell(f"<div>{escape(self._submission.problem, quote=False)}</div>"))
        for index, raw in enumerate(self._submission.raw):
            if index in exercises:
                cells.append(self._answer(by_id[exercises[index]], raw))
                shown.add(exercises[index])
            elif raw.grade_id in self._checks:
                if raw.grade_id not in shown:
                    cells.append(self._check(self._checks[raw.grade_id], raw.outputs))
                    shown.add(raw.grade_id)
            elif len(cells) < MAX_CELLS and min(len(raw.source), MAX_SOURCE) <= self._text:
                cells.append(self._other(raw))
            else:
                self._left_out += 1
        for exercise in self._lab.exercises:
            if exercise.grade_id not in shown:
                cells.append(self._answer(exercise, None))
            if not exercise.written and f"{exercise.grade_id}_check" not in shown:
                cells.append(self._check(exercise, []))
        if self._left_out:
            cells.append(nbformat.v4.new_markdown_cell(f"<div>{self._left_out} more cells are not shown here.</div>"))
        for number, cell in enumerate(cells):
            cell.id = f"cell-{number}"
        return nbformat.v4.new_notebook(cells=cells, metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"}, "course": {"lab": self._lab.name},
        })  # fmt: skip

    def _answer(self, exercise: Exercise, raw: RawCell | None) -> NotebookNode:
        record = {"grade": exercise.written, "solution": True, "locked": False}
        if exercise.written:
            text = rendered(raw.source) if raw else "<div>There is no answer.</div>"
            return nbformat.v4.new_markdown_cell(text, metadata=_metadata(exercise.grade_id, exercise.points, record))
        cell = self._code(raw) if raw else nbformat.v4.new_code_cell("# There is no answer.")
        cell.metadata = _metadata(exercise.grade_id, None, record)
        return cell

    def _check(self, exercise: Exercise, outputs: list) -> NotebookNode:
        """The visible part of the lab's own check, whatever the student's copy holds."""
        cell = nbformat.v4.new_code_cell(without_region(exercise.check, HIDDEN), outputs=self._outputs(outputs))
        record = {"grade": True, "solution": False, "locked": True}
        cell.metadata = _metadata(f"{exercise.grade_id}_check", exercise.points, record)
        return cell

    def _other(self, raw: RawCell) -> NotebookNode:
        if raw.kind == "markdown" and squeezed(raw.source) in self._unchanged:
            return nbformat.v4.new_markdown_cell(raw.source)
        self._text -= min(len(raw.source), MAX_SOURCE)
        if raw.kind == "code":
            return self._code(raw)
        return nbformat.v4.new_markdown_cell(rendered(raw.source))

    def _code(self, raw: RawCell) -> NotebookNode:
        return nbformat.v4.new_code_cell(cut(raw.source, MAX_SOURCE), outputs=self._outputs(raw.outputs))

    def _outputs(self, outputs: list) -> list[NotebookNode]:
        kept = []
        for output in outputs[:20]:
            if not isinstance(output, dict):
                continue
            data = output.get("data") if isinstance(output.get("data"), dict) else {}
            text, picture = "", _png(data.get("image/png"))
            if output.get("output_type") == "stream":
                text = _joined(output.get("text"))
            elif output.get("output_type") == "error":
                text = f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}"
            elif not picture:
                text = _joined(data.get("text/plain"))
            text = cut(text, MAX_OUTPUT)
            if picture and len(picture) <= self._pictures:
                self._pictures -= len(picture)
                encoded = {"image/png": base64.b64encode(picture).decode()}
                kept.append(nbformat.v4.new_output("display_data", data=encoded))
            elif text.strip() and len(text) <= self._text:
                self._text -= len(text)
                kept.append(nbformat.v4.new_output("stream", name="stdout", text=text))
        return kept


def _metadata(grade_id: str, points: float | None, record: dict) -> NotebookNode:
    """A cell's metadata as nbgrader writes it."""
    record = {"schema_version": 3, "grade_id": grade_id, "task": False, **record}
    return nbformat.from_dict({"nbgrader": record if points is None else {**record, "points": points}})


def _png(text) -> bytes | None:
    """The bytes of a PNG file of a size that a browser can draw; None for anything else."""
    with contextlib.suppress(ValueError, TypeError, struct.error):
        data = base64.b64decode(_joined(text))
        width, height = struct.unpack(">II", data[16:24])
        if data.startswith(b"\x89PNG\r\n\x1a\n") and 0 < width * height <= _MAX_PIXELS:
            return data
    return None


def _joined(text) -> str:
    """Text, or a list of lines, as notebooks hold it; empty for anything else."""
    if isinstance(text, list):
        text = "".join(line for line in text if isinstance(line, str))
    return text if isinstance(text, str) else ""
