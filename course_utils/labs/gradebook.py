"""The gradebook: nbgrader's database, by URL, which holds what checks and people have given."""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator

from course_utils.errors import CourseError
from course_utils.labs.assignment import Assignment


@contextlib.contextmanager
def opened(url: str) -> Iterator:
    """nbgrader's `Gradebook` of a database, made when it is missing.

    Args:
        url: such as "sqlite:///labs/gradebook.db" or "postgresql://...".

    Raises:
        CourseError: there is no such database, or it is no gradebook.
    """
    from nbgrader.api import Gradebook
    from sqlalchemy.exc import SQLAlchemyError

    # nbgrader calls the program `alembic` for a new database, wherever that may be.
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([os.path.join(sys.prefix, "bin"), before])
    try:
        with warnings.catch_warnings():
            # SQLAlchemy 2.1 tells nbgrader how it might have been written.
            warnings.simplefilter("ignore")
            with Gradebook(url) as gradebook:
                yield gradebook
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        first = str(error).splitlines()[0]
        raise CourseError(f"The gradebook {url.split('@')[-1]} cannot be used: {first}") from error
    finally:
        os.environ["PATH"] = before


def enter(url: str, lab: Assignment, records: list[dict], changed: set[str]) -> None:
    """Enter results; what a person has given stays, and is queued for review when the answer has changed.

    Args:
        url: of the gradebook.
        lab: that was marked.
        records: of all students, as `grading.load` gives them.
        changed: students marked anew; of the others only those are entered whom the gradebook does not know.
    """
    with opened(url) as gradebook:
        _prepare(gradebook, lab)
        known = {one.student.id for one in gradebook.assignment_submissions(lab.name)}
        for record in records:
            if record["student"] in changed or record["student"] not in known:
                _enter(gradebook, lab, record)
        gradebook.db.commit()


def table(url: str, lab: str) -> list[dict]:
    """Per student, sorted: `student`, `points`, `of`, `waiting` (for a person) and, by exercise, `exercises` (points),
    `unread` (those that a person has to look at) and `comments` (what a person said).

    Raises:
        CourseError: the gradebook does not know the lab.
    """
    from nbgrader.api import MissingEntry

    with opened(url) as gradebook:
        try:
            submissions = gradebook.find_assignment(lab).submissions
        except MissingEntry:
            raise CourseError(f"The gradebook knows no lab {lab!r}: mark it first, with course grade.") from None
        rows = []
        for one in submissions:
            grades = sorted(one.notebooks[0].grades, key=lambda grade: grade.name)
            exercises = {grade.name.removesuffix("_check"): grade.score for grade in grades}
            unread = {grade.name.removesuffix("_check") for grade in grades if grade.needs_manual_grade}
            comments = {said.name: said.manual_comment for said in one.notebooks[0].comments if said.manual_comment}
            rows.append({"student": one.student.id, "points": one.score, "of": one.max_score,
                         "waiting": bool(one.needs_manual_grade), "exercises": exercises,
                         "unread": unread, "comments": comments})  # fmt: skip
        return sorted(rows, key=lambda row: row["student"])


def _prepare(gradebook, lab: Assignment) -> None:
    """The lab's exercises, as nbgrader knows cells."""
    gradebook.update_or_create_assignment(lab.name)
    gradebook.update_or_create_notebook(lab.name, lab.name)
    for exercise in lab.exercises:
        kind = "markdown" if exercise.written else "code"
        gradebook.update_or_create_solution_cell(exercise.grade_id, lab.name, lab.name)
        graded = {"max_score": exercise.points, "cell_type": kind}
        gradebook.update_or_create_grade_cell(_graded(exercise), lab.name, lab.name, **graded)


def _enter(gradebook, lab: Assignment, record: dict) -> None:
    student = record["student"]
    gradebook.update_or_create_student(student)
    gradebook.update_or_create_submission(lab.name, student)
    marks = {mark["grade_id"]: mark for mark in record["marks"]}
    for exercise in lab.exercises:
        mark = marks[exercise.grade_id]
        grade = gradebook.find_grade(_graded(exercise), lab.name, lab.name, student)
        comment = gradebook.find_comment(exercise.grade_id, lab.name, lab.name, student)
        if exercise.written:
            # The digest tells whether a person has seen this very answer.
            seen = f"What do you say about it? (answer {mark['digest'][:12]})"
            grade.needs_manual_grade = grade.manual_score is None or comment.auto_comment != seen
            comment.auto_comment = seen
        else:
            grade.auto_score, grade.needs_manual_grade = mark["points"], False
            comment.auto_comment = " ".join(filter(None, [*mark["notes"], mark["message"]])) or None
    gradebook.db.commit()


def _graded(exercise) -> str:
    """The cell that carries an exercise's points."""
    return exercise.grade_id if exercise.written else f"{exercise.grade_id}_check"
