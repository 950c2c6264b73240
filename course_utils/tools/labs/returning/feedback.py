"""What a feedback page holds: a student's answers, points, messages and comments, collected from results and copies."""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from markupsafe import Markup

import course_utils
from course_utils.tools.labs.lab.assignment import Assignment, Exercise
from course_utils.tools.labs.lab.points import exact, shown
from course_utils.tools.labs.lab.regions import HIDDEN, without_region
from course_utils.tools.labs.returning.standing import UNKNOWN_DELAY, Standing
from course_utils.tools.labs.submissions.assigning import MISSING
from course_utils.tools.labs.submissions.sanitize import MAX_OUTPUT, MAX_SOURCE, cut, rendered
from course_utils.tools.notebooks import headings
from course_utils.tools.notebooks.convert import read_notebook
from course_utils.tools.reports.feedback import Feedback, Output, ShownCell, ShownExercise

_HIDDEN_CHECK = "A hidden check failed. Hidden checks try other inputs than the ones in your notebook."


def feedback_pages(lab: Assignment, rows: Sequence[Standing], output: Path) -> Iterator[tuple[Path, Feedback]]:
    """The path and the contents of each student's page: `feedback/STUDENT/LAB/LAB.html`.

    Args:
        lab: with its questions.
        rows: one per student, as `class_standing` returns them.
        output: the folder of the class, with `results` and `autograded`.
    """
    title = headings.title(lab.notebook) or lab.name
    questions = questions_of(lab)
    for row in rows:
        record = {} if row.missing else _read(output / "results" / lab.name / f"{row.key}.json")
        cells, answers = shown_cells(output / "autograded" / row.key / lab.name / f"{lab.name}.ipynb")
        marks = {mark["grade_id"]: mark for mark in record.get("marks", [])}
        exercises = [
            _exercise(exercise, row, marks.get(exercise.grade_id, {}), questions.get(exercise.grade_id), answers)
            for exercise in lab.exercises
        ]
        unreadable = "" if cells else "Your notebook cannot be shown here."
        if row.missing:
            cells, unreadable = [], MISSING
        name = row.person.name or row.student
        page = Feedback(title, name, row.points, row.of, exercises, cells, unreadable, _remark(row))
        yield output / "feedback" / row.student / lab.name / f"{lab.name}.html", page


def _remark(row: Standing) -> str:
    """What lateness means for the total, and whose work this is."""
    parts = []
    if row.late and not row.missing:
        parts.append(f"Handed in {row.late}.")
    if row.deducted:
        parts.append(f"{shown(row.deducted)} of {shown(row.earned)} points are taken off for that.")
    if row.waiting == UNKNOWN_DELAY:
        parts.append("How late it was is still to be settled.")
    if row.key != row.student and not row.missing:
        parts.append(f"Handed in together, as {row.key}.")
    return " ".join(parts)


def _exercise(
    exercise: Exercise, row: Standing, mark: dict, asked: tuple[str, Markup] | None, answers: dict[str, ShownCell]
) -> ShownExercise:
    """One exercise of one student."""
    name = exercise.grade_id
    points = None if name in row.unread else row.exercises.get(name, exact(0))
    of = exact(exercise.points)
    title, question = asked or (name, None)
    lines = list(mark.get("notes", []))
    if not exercise.written and points is not None and points < of:
        lines += _parts(mark) or [mark.get("message", "")]
        lines.append(_HIDDEN_CHECK if mark.get("hidden") else "")
    if not exercise.written and mark.get("points") is not None and points not in (None, exact(mark["points"])):
        lines.append("These points were given by hand.")
    if exercise.written and not points:
        lines.append(mark.get("message", ""))
    comment = row.comments.get(name)
    check = None
    if not exercise.written:
        outputs = answers.get(f"{name}_check", ShownCell()).outputs
        check = ShownCell(without_region(exercise.check, HIDDEN), outputs=outputs)
    return ShownExercise(
        title=title,
        points=points,
        of=of,
        answer=answers.get(name, ShownCell("# There is no answer.")),
        check=check,
        question=question,
        said=[without_paths(_sentence(line, exercise.names)) for line in lines if line],
        comment=comment and Markup(rendered(comment)),
    )


def _parts(mark: dict) -> list[str]:
    """What each part of a check brought, a line each; nothing for a check without parts."""
    return [
        f"{'✗' if part['message'] else '✓'} {part['name']}: {shown(part['points'])} of {shown(part['of'])}"
        + (f". {part['message']}" if part["message"] else "")
        for part in mark.get("parts", [])
    ]


def shown_cells(path: Path) -> tuple[list[ShownCell], dict[str, ShownCell]]:
    """The cells of a safe copy, and the graded ones among them by grade id.

    They are made safe once more, as another file may have been put in the place of the copy.
    """
    try:
        notebook = read_notebook(path)
    except Exception:
        return [], {}
    cells, graded = [], {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            shown = ShownCell(cut(cell.source, MAX_SOURCE), outputs=[_output(output) for output in cell.outputs])
        else:
            shown = ShownCell(html=Markup(rendered(cell.source)))
        cells.append(shown)
        if record := cell.metadata.get("nbgrader"):
            graded[record.get("grade_id")] = shown
    return cells, graded


def _output(output) -> Output:
    picture = output.get("data", {}).get("image/png", "")
    if re.fullmatch(r"[A-Za-z0-9+/=\n]+", picture):
        return Output(picture=picture.replace("\n", ""))
    return Output(cut(output.get("text", ""), MAX_OUTPUT))


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def questions_of(lab: Assignment) -> dict[str, tuple[str, Markup]]:
    """By grade id, an exercise's heading and text: the end of the text cell before its answer, from its heading."""
    questions, before = {}, ""
    for cell in lab.notebook.cells:
        record = cell.metadata.get("nbgrader")
        if record and record.solution:
            heading = list(re.finditer(r"^#{2,6} +(.+)$", before, re.M))
            if heading:
                title = re.sub(r"\s*\(\d+ points?\)\s*$", "", heading[-1][1])
                questions[record.grade_id] = (title.strip(), Markup(rendered(before[heading[-1].end() :])))
        before = cell.source if cell.cell_type == "markdown" and not record else ""
    return questions


def _sentence(line: str, names: tuple[str, ...]) -> str:
    """The line with a capital first letter, unless it begins with the name of a function."""
    return line if line.split(" ")[0] in names else line[:1].upper() + line[1:]


def without_paths(text: str) -> str:
    """The text without the folders of the marking machine, which messages may name."""
    folders = {sys.prefix, sys.base_prefix, str(Path.home()), str(Path.cwd())}
    folders.add(str(Path(course_utils.__file__).parents[1]))
    for folder in sorted(folders, key=len, reverse=True):
        if len(Path(folder).parts) > 1 and folder != "/usr":
            text = text.replace(folder, "...")
    return text
