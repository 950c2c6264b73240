"""A student's notebook, read with distrust: which of its cells are answers, which are the student's own."""

import ast
import json
from dataclasses import dataclass, field

from course_utils.tools.labs.lab.assignment import Assignment, Exercise

MAX_SIZE = 50 * 2**20
"""Bytes of a notebook; outputs may hold pictures."""


@dataclass
class Cell:
    """A cell that the marking runs or reads.

    Attributes:
        source: its text.
        role: "answer", "own" or "lesson".
        place: among the raw cells.
        exercise: whose answer it is.
    """

    source: str
    role: str
    place: int
    exercise: Exercise | None = None


@dataclass
class RawCell:
    """A cell as it was handed in; whatever is not of the expected type is None or empty.

    Attributes:
        kind: "code", "markdown", "raw" or any other text.
        source: its text.
        grade_id, cell_id: what it says about itself.
        outputs: of anything.
    """

    kind: str | None
    source: str
    grade_id: str | None
    cell_id: str | None
    outputs: list


@dataclass
class Submission:
    """What the marking needs of a student's notebook.

    Attributes:
        raw: every cell as it was handed in.
        answers: by grade id, the place in `raw` of the cell that counts.
        cells: code cells to run, in the order of the student's notebook.
        written: what was written for a person to mark, by grade id.
        notes: by grade id, what was odd about the cells of an exercise.
        problem: why nothing could be read at all.
    """

    raw: list[RawCell] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    problem: str | None = None


def read_submission(data: bytes, lab: Assignment) -> Submission:
    """Sort the cells of a submitted notebook.

    An answer is found by its grade id, wherever it stands; of several the last counts. Where no cell has the id, the
    last cell of the student's own that defines the exercise's function counts. Check cells, the imports cell and the
    parameters cell are the lab's, never the student's. Of a lesson's cells only definitions are used.
    """
    submission = Submission()
    try:
        submission.raw = _cells(data)
    except (ValueError, RecursionError) as error:
        submission.problem = f"The file is not a notebook that can be read: {error}"
        return submission
    lessons = set(map(squeezed, lab.lessons.values()))
    by_id = {exercise.grade_id: exercise for exercise in lab.exercises}
    setup = set(map(squeezed, lab.setup))
    for place, raw in enumerate(submission.raw):
        exercise, source = by_id.get(raw.grade_id), raw.source
        if exercise and exercise.written:
            submission.written[raw.grade_id], submission.answers[raw.grade_id] = source, place
        elif raw.kind != "code":
            if exercise:
                _note(submission, exercise, "The answer is in a cell that is not a code cell: make it one.")
        elif exercise:
            submission.cells.append(Cell(source, "answer", place, exercise))
        elif raw.grade_id in lab.grade_ids or squeezed(source) in setup:
            continue
        elif squeezed(source) in lessons or raw.cell_id in lab.lessons:
            submission.cells.append(Cell(source, "lesson", place))
        else:
            submission.cells.append(Cell(source, "own", place))
    for exercise in lab.marked:
        _settle(submission, exercise)
    return submission


def _settle(submission: Submission, exercise: Exercise) -> None:
    """Leave exactly one answer, or none, to an exercise."""
    answers = [cell for cell in submission.cells if cell.exercise is exercise]
    if len(answers) > 1:
        _note(submission, exercise, f"{len(answers)} cells are answers to this exercise; the last one counts.")
        submission.cells = [cell for cell in submission.cells if cell.exercise is not exercise or cell is answers[-1]]
    if not answers:
        own = [cell for cell in submission.cells if cell.role == "own" and _defines(cell.source, exercise.names)]
        if own:
            own[-1].role, own[-1].exercise = "answer", exercise
            answers = own
            _note(submission, exercise, "The answer cell is missing; a cell of yours that defines the function counts.")
        else:
            _note(submission, exercise, "The answer cell is missing: answer in the cell that the notebook came with.")
    if answers:
        submission.answers[exercise.grade_id] = answers[-1].place


def _note(submission: Submission, exercise: Exercise, text: str) -> None:
    submission.notes.setdefault(exercise.grade_id, []).append(text)


def _cells(data: bytes) -> list[RawCell]:
    if len(data) > MAX_SIZE:
        raise ValueError(f"it is larger than {MAX_SIZE // 2**20} MB; clear the outputs")
    # A notebook is JSON, and each part of it may be anything.
    notebook = json.loads(data)
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("it has no cells (notebook format 4 is needed)")
    found = []
    for cell in cells:
        if not isinstance(cell, dict):
            continue
        source, metadata = cell.get("source", ""), cell.get("metadata")
        if isinstance(source, list):
            source = "".join(line for line in source if isinstance(line, str))
        record = metadata.get("nbgrader") if isinstance(metadata, dict) else None
        grade_id = record.get("grade_id") if isinstance(record, dict) else None
        texts = [
            value if isinstance(value, str) else None for value in (cell.get("cell_type"), grade_id, cell.get("id"))
        ]
        outputs = cell.get("outputs")
        source = source if isinstance(source, str) else ""
        found.append(RawCell(texts[0], source, *texts[1:], outputs if isinstance(outputs, list) else []))
    return found


def squeezed(source: str) -> str:
    """A cell's source without what editors change."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def _defines(source: str, names: tuple[str, ...]) -> bool:
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return set(names) <= {node.name for node in body if isinstance(node, ast.FunctionDef)}
