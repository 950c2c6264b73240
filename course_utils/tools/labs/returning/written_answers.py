"""The written answers of a class, for the page on which a person reads them."""

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from course_utils.tools.labs.lab.assignment import Assignment
from course_utils.tools.labs.lab.points import exact
from course_utils.tools.labs.lab.regions import UNTOUCHED, model_answer
from course_utils.tools.labs.marking.grading import load_results
from course_utils.tools.labs.returning.feedback import questions_of
from course_utils.tools.labs.returning.standing import Standing
from course_utils.tools.labs.submissions.sanitize import MAX_SOURCE, cut, rendered
from course_utils.tools.reports.written import WrittenAnswer, WrittenExercise


def written_exercises(lab: Assignment, rows: Sequence[Standing], output: Path) -> list[WrittenExercise]:
    """Each written exercise of a lab with everybody's answers, those that have to be read first.

    Args:
        lab: with its model answers.
        rows: everybody's standing.
        output: the folder of the class, with `results`.
    """
    keys = {row.key: row for row in rows if not row.missing}  # a group has one answer
    records = [one for one in load_results(output / "results" / lab.name) if one["student"] in keys]
    questions, found = questions_of(lab), []
    for exercise in lab.exercises:
        if not exercise.written:
            continue
        title, question = questions.get(exercise.grade_id) or (exercise.grade_id, None)
        model, rubric = (Markup(rendered(text)) if text else None for text in model_answer(exercise.answer))
        answers = [_answer(exercise.grade_id, record, keys[record["student"]]) for record in records]
        answers.sort(key=lambda one: one.points is not None)
        of = exact(exercise.points)
        found.append(WrittenExercise(title, of, question, model or Markup(), rubric, answers))
    return found


def _answer(grade_id: str, record: dict, row: Standing) -> WrittenAnswer:
    text = next((mark.get("text") or "" for mark in record["marks"] if mark["grade_id"] == grade_id), "")
    html = None if text.strip() in ("", UNTOUCHED) else Markup(rendered(cut(text, MAX_SOURCE)))
    points = None if grade_id in row.unread else row.exercises.get(grade_id, exact(0))
    comment = row.comments.get(grade_id)
    return WrittenAnswer(record["student"], html, points, comment and Markup(rendered(comment)))
