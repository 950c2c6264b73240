"""A student's notebook, read with distrust: which cells are answers, and which are the student's own."""

import json
import re
from dataclasses import dataclass, field

from course_utils.tools.labs.lab.assignment import Assignment, Exercise
from course_utils.tools.labs.lab.regions import HIDDEN, without_region

MAX_SIZE = 50 * 2**20
"""Bytes of a notebook, including the pictures in its outputs."""
MAX_PARTS = 500_000
"""Texts, lists, objects and their members in a notebook: each may take many times the memory of its characters."""
MAX_CELLS = 5000
"""Cells of a notebook."""
MAX_CODE = 2**20
"""Characters of all code cells together."""

_PART = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{,]', re.DOTALL)
"""A text, whether or not it ends, or what begins or continues a list or object."""


@dataclass
class Cell:
    """A code cell that marking runs.

    Attributes:
        source: its text.
        role: "answer", "own" (the student's) or "lesson" (the lab's).
        index: its index in `Submission.raw`.
        exercise: the exercise that it answers.
    """

    source: str
    role: str
    index: int
    exercise: Exercise | None = None


@dataclass
class RawCell:
    """A cell as it was handed in; whatever is not of the expected type is None or empty.

    Attributes:
        kind: "code", "markdown", "raw" or any other text.
        source: its text.
        grade_id, cell_id: its ids, which may be forged.
        outputs: a list whose items may be anything.
    """

    kind: str | None
    source: str
    grade_id: str | None
    cell_id: str | None
    outputs: list


@dataclass
class Submission:
    """What marking needs of a student's notebook.

    Attributes:
        raw: every cell as it was handed in.
        answers: by grade id, the index in `raw` of the cell that counts.
        cells: code cells to run, in the order of the student's notebook.
        written: by grade id, the text for a person to mark.
        notes: by grade id, remarks on missing, misplaced or repeated answer cells.
        problem: why the notebook cannot be read; None if it can.
    """

    raw: list[RawCell] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    problem: str | None = None


def read_submission(data: bytes, lab: Assignment) -> Submission:
    """Sort the cells of a submitted notebook.

    An answer is recognized by its grade id, wherever it stands; if several cells have the id, as the halves of a split
    cell do, all of them are run in their order, and the last definition of a function counts. If no cell has the id,
    the last of the student's own cells that defines the exercise's functions counts. The lab's own check, imports and
    parameters are run in any case. Of the lesson's cells, and of check cells that the student has changed, imports and
    definitions are run, and the computations of those variables that the student's cells use.

    Args:
        data: the notebook, which may be anything.
        lab: that it answers.
    """
    submission = Submission()
    try:
        submission.raw = _cells(data)
    except (ValueError, RecursionError, MemoryError) as error:
        submission.problem = f"The file is not a readable notebook: {error}"
        return submission
    lessons = set(map(squeezed, lab.lessons.values()))
    checks = {f"{one.grade_id}_check": squeezed(without_region(one.check, HIDDEN)) for one in lab.marked}
    by_id = {exercise.grade_id: exercise for exercise in lab.exercises}
    setup = set(map(squeezed, lab.setup))
    for index, raw in enumerate(submission.raw):
        exercise, source = by_id.get(raw.grade_id), raw.source
        if exercise and exercise.written:
            submission.written[raw.grade_id], submission.answers[raw.grade_id] = source, index
        elif raw.kind != "code":
            if exercise:
                _note(submission, exercise, "The answer is not in a code cell: change the cell's type to code.")
        elif exercise:
            submission.cells.append(Cell(source, "answer", index, exercise))
        elif squeezed(source) in setup or checks.get(raw.grade_id) == squeezed(source):
            continue
        elif raw.grade_id in lab.grade_ids or squeezed(source) in lessons or raw.cell_id in lab.lessons:
            submission.cells.append(Cell(source, "lesson", index))
        else:
            submission.cells.append(Cell(source, "own", index))
    for exercise in lab.marked:
        _settle(submission, exercise)
    if sum(len(cell.source) for cell in submission.cells) > MAX_CODE:
        submission.problem = f"The code cells hold more than {MAX_CODE:,} characters; hand in your own code only."
    return submission


def _settle(submission: Submission, exercise: Exercise) -> None:
    """Leave an exercise with one answer or none."""
    answers = [cell for cell in submission.cells if cell.exercise is exercise]
    if len(answers) > 1:
        text = f"{len(answers)} cells answer this exercise: all of them were run, and the last definition counts."
        _note(submission, exercise, text)
    if not answers:
        own = [cell for cell in submission.cells if cell.role == "own" and _defines(cell.source, exercise.names)]
        if own:
            own[-1].role, own[-1].exercise = "answer", exercise
            answers = own
            _note(submission, exercise, "The answer cell is missing; a cell of yours that defines the function counts.")
        else:
            _note(submission, exercise, "The answer cell is missing: write your answer in the cell provided for it.")
    if answers:
        submission.answers[exercise.grade_id] = answers[-1].index


def _note(submission: Submission, exercise: Exercise, text: str) -> None:
    submission.notes.setdefault(exercise.grade_id, []).append(text)


def read_json(data: bytes):
    """What a student's file holds, if it has the size of a notebook; any part of it may be of any type.

    Raises:
        ValueError: it is too large, or no JSON.
    """
    if len(data) > MAX_SIZE:
        raise ValueError(f"it is larger than {MAX_SIZE // 2**20} MB; clear the outputs")
    if any(number > MAX_PARTS for number, _ in enumerate(_PART.finditer(data))):  # before memory is used for them
        raise ValueError("it consists of too many parts; clear the outputs")
    return json.loads(data)


def _cells(data: bytes) -> list[RawCell]:
    notebook = read_json(data)
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("it has no cells (notebook format 4 is needed)")
    if len(cells) > MAX_CELLS:
        raise ValueError(f"it has more than {MAX_CELLS} cells")
    raw = []
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
        raw.append(RawCell(texts[0], source, *texts[1:], outputs if isinstance(outputs, list) else []))
    return raw


def squeezed(source: str) -> str:
    """A cell's source without the white space that editors change."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def _defines(source: str, names: tuple[str, ...]) -> bool:
    """Whether a cell defines these functions, as far as its lines tell: nothing that a student wrote is parsed here."""
    return set(names) <= set(re.findall(r"^(?:async )?def (\w+)", source, re.M))
