"""The gradebook, nbgrader's database: the points and comments given by checks and by people."""

import contextlib
import hashlib
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from course_utils.errors import CourseError
from course_utils.files import check_writable, read_bytes, read_json, scratch_folder, write_whole
from course_utils.tools.extras import advice_on
from course_utils.tools.labs.lab.assignment import Assignment
from course_utils.tools.labs.lab.points import exact, total
from course_utils.tools.labs.marking.grading import load_results
from course_utils.tools.labs.submissions.sanitize import MAX_OUTPUT, cut

ADDRESS = "gradebook.url"
"""The file in the folder of a class that holds its gradebook's URL, unless that is `gradebook.db` beside it."""
_LONGEST = 100
"""Characters of a name; the database holds 128."""
_CONNECT = "15"
"""Seconds to wait for a database server's answer."""


def address(output: Path) -> str:
    """The URL of a class's gradebook: the one that `remember` has written, or else `gradebook.db` in its folder.

    Raises:
        CourseError: the file that holds it cannot be read.
    """
    known = output / ADDRESS
    if not os.path.lexists(known):
        return f"sqlite:///{output / 'gradebook.db'}"
    try:
        text = read_bytes(known).decode("utf-8-sig", "replace")  # what is no address is refused when it is opened
    except OSError as error:
        raise CourseError(
            f"{known}: cannot be read ({error.strerror}): it holds the gradebook's URL; write it again."
        ) from None
    return text.strip()


def remember(output: Path, url: str) -> None:
    """Make this the gradebook of a class, for all commands and Formgrader; its password is not kept."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        parsed = parsed.set(database=str(Path(parsed.database).resolve()))
    write_whole(output / ADDRESS, f"{_without_password(parsed)}\n")


def _without_password(url) -> str:
    """A URL that SQLAlchemy has parsed, as text without its password."""
    return url._replace(password=None).difference_update_query(["password"]).render_as_string()


def check(url: str) -> None:
    """Make sure, before any work is done, that marks can be entered there; nothing is made.

    Raises:
        CourseError: they cannot.
    """
    file = _file(url)
    if file is None or file.exists():
        with opened(url):
            return
    check_writable(file.parent, "--gradebook")


def _make(file: Path) -> None:
    """Make an empty gradebook."""
    from nbgrader.api import Gradebook

    # nbgrader puts something into a temporary folder, which would stay for ever if this process were killed now.
    with scratch_folder() as scratch:
        before, tempfile.tempdir = tempfile.tempdir, str(scratch)
        try:
            Gradebook(f"sqlite:///{file}").close()
        finally:
            tempfile.tempdir = before


@contextlib.contextmanager
def opened(url: str, make: bool = True) -> Iterator:
    """Open nbgrader's `Gradebook` in a database; its tables are made if they are missing.

    Args:
        url: such as "sqlite:///labs/gradebook.db" or "postgresql://...".
        make: make the file of a database that does not exist, whole or not at all.

    Raises:
        CourseError: there is no such database, or it cannot be used as a gradebook.
    """
    from nbgrader.api import Gradebook

    try:
        shown = _without_password(make_url(url))
    except (SQLAlchemyError, ValueError) as error:
        raise CourseError("--gradebook needs a URL such as postgresql://user@host/database.") from error
    os.environ.setdefault("PGCONNECT_TIMEOUT", _CONNECT)
    # For a new database nbgrader calls the program `alembic`, which is beside this Python.
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([os.path.join(sys.prefix, "bin"), before])
    try:
        with warnings.catch_warnings():
            # SQLAlchemy 2.1 warns about nbgrader's use of it.
            warnings.simplefilter("ignore")
            if (file := _file(url)) and not file.exists():
                if not make:
                    raise CourseError(f"There is no gradebook {file}: mark a lab first, with course grade.")
                write_whole(file, _make)
            with Gradebook(url) as gradebook:
                yield gradebook
    except ModuleNotFoundError as error:
        advice = advice_on(error.name) or f"{error.name} is not installed"
        raise CourseError(f"The gradebook {shown} cannot be opened: {advice}") from error
    except SQLAlchemyError as error:
        first = str(error).splitlines()[0]
        raise CourseError(f"The gradebook {shown} cannot be used: {first}") from error
    finally:
        os.environ["PATH"] = before


def _file(url: str) -> Path | None:
    """The file of a database; None where it is on a server, or has another kind of address."""
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError):  # said when it is opened
        return None
    name = parsed.database if parsed.get_backend_name() == "sqlite" else None
    return Path(name) if name and name != ":memory:" and not name.startswith("file:") else None


def enter_results(url: str, lab: Assignment, results: Path, names: dict[str, str] | None = None) -> list[dict]:
    """Enter into a gradebook those results of a folder that it does not hold yet, even after an interruption.

    Args:
        url: of the gradebook.
        lab: that was marked.
        results: the folder of results.
        names: what Formgrader shows on request, by student.

    Returns:
        All results of the folder.
    """
    records = load_results(results)
    path = results.with_name(f".{results.name}.entered")
    entered = _entered(path)
    place = _without_password(make_url(url))
    now = {
        record["student"]: {
            "digest": hashlib.sha256(json.dumps(record).encode()).hexdigest(),
            "answers": {mark["grade_id"]: mark.get("answer") for mark in record["marks"]},
        }
        for record in records
    }
    # Earlier versions kept the digest alone.
    known = {student: one for student, one in entered.get(place, {}).items() if isinstance(one, dict)}
    changed = {student for student, one in now.items() if known.get(student) != one}
    enter(url, lab, records, changed, {student: one["answers"] for student, one in known.items()}, names)
    write_whole(path, json.dumps({**entered, place: now}))
    return records


def _entered(path: Path) -> dict:
    """What was entered before, by gradebook; nothing if that was lost, and then everything is entered again."""
    try:
        entered = read_json(path, "remove it")
    except (FileNotFoundError, CourseError):
        return {}
    whole = isinstance(entered, dict) and all(isinstance(one, dict) for one in entered.values())
    return entered if whole else {}


def enter(
    url: str,
    lab: Assignment,
    records: list[dict],
    changed: set[str],
    answers: dict[str, dict[str, str]] | None = None,
    names: dict[str, str] | None = None,
) -> None:
    """Enter results. Points that a person has given are kept, and are queued for review if the answer has changed.

    Exercises that the lab does not have any more are removed, with their points.

    Args:
        url: of the gradebook.
        lab: that was marked.
        records: of all students, as `load_results` returns them.
        changed: students with new marks; the others are entered only if the gradebook does not know them.
        answers: by student and grade id, the digests of the answers that were entered before, as `Mark.answer`.
        names: what Formgrader shows on request, by student.
    """
    with opened(url) as gradebook:
        _prepare(gradebook, lab)
        known = {one.student.id for one in gradebook.assignment_submissions(lab.name)}
        for record in records:
            if record["student"] in changed or record["student"] not in known:
                _enter(gradebook, lab, record, (answers or {}).get(record["student"], {}))
        for student, name in (names or {}).items():
            gradebook.update_or_create_student(student, last_name=cut(name, _LONGEST))
        gradebook.db.commit()


def lab_names(url: str) -> list[str]:
    """The labs that a gradebook knows, sorted."""
    with opened(url, make=False) as gradebook:
        return sorted(one.name for one in gradebook.assignments)


def known_lab(url: str, name: str) -> str:
    """The lab of a gradebook that has this name or number.

    Raises:
        CourseError: it knows none, or several.
    """
    names = lab_names(url)
    fitting = [one for one in names if one == name] or [one for one in names if one.startswith(f"{name}_")]
    if len(fitting) != 1:
        raise CourseError(f"The gradebook has no lab {name!r}: mark it first, with course grade.")
    return fitting[0]


def student_rows(url: str, lab: str) -> list[dict]:
    """The marks of a class, one row per student, sorted by name.

    Args:
        url: of the gradebook.
        lab: its name.

    Returns:
        Dictionaries with the keys `student`, `points`, `of` (the points that were possible), `waiting` (whether a
        person has still to mark something), `exercises` (points by exercise), `unread` (the exercises that a person has
        still to mark) and `comments` (a person's comments by exercise). Points are exact decimal numbers.

    Raises:
        CourseError: the gradebook does not know the lab.
    """
    from nbgrader.api import MissingEntry

    with opened(url, make=False) as gradebook:
        try:
            submissions = gradebook.find_assignment(lab).submissions
        except MissingEntry:
            raise CourseError(f"The gradebook has no lab {lab!r}: mark it first, with course grade.") from None
        rows = []
        for one in submissions:
            grades = sorted(one.notebooks[0].grades, key=lambda grade: grade.name)
            exercises = {grade.name.removesuffix("_check"): exact(grade.score) for grade in grades}
            unread = {grade.name.removesuffix("_check") for grade in grades if grade.needs_manual_grade}
            comments = {
                comment.name: comment.manual_comment for comment in one.notebooks[0].comments if comment.manual_comment
            }
            points, of = total(exercises.values()), total(grade.max_score for grade in grades)
            rows.append({"student": one.student.id, "points": points, "of": of, "exercises": exercises,
                         "waiting": bool(one.needs_manual_grade), "unread": unread, "comments": comments})  # fmt: skip
        return sorted(rows, key=lambda row: row["student"])


def _prepare(gradebook, lab: Assignment) -> None:
    """Enter the lab's exercises as the cells that nbgrader expects."""
    gradebook.update_or_create_assignment(lab.name)
    gradebook.update_or_create_notebook(lab.name, lab.name)
    for exercise in lab.exercises:
        kind = "markdown" if exercise.written else "code"
        gradebook.update_or_create_solution_cell(exercise.grade_id, lab.name, lab.name)
        graded = {"max_score": exercise.points, "cell_type": kind}
        gradebook.update_or_create_grade_cell(_graded(exercise), lab.name, lab.name, **graded)
    _remove_others(gradebook, lab)


def _remove_others(gradebook, lab: Assignment) -> None:
    """Remove the cells of exercises that the lab has no more, with what belongs to them: totals are the lab's."""
    notebook = gradebook.find_notebook(lab.name, lab.name)
    graded, solved = {_graded(one) for one in lab.exercises}, {one.grade_id for one in lab.exercises}
    for cells, names, rows in ((notebook.grade_cells, graded, "grades"), (notebook.solution_cells, solved, "comments")):
        for cell in cells:
            if cell.name not in names:
                for one in list(getattr(cell, rows)):
                    gradebook.db.delete(one)
                gradebook.db.delete(cell)
    gradebook.db.commit()
    gradebook.db.expire_all()


def _enter(gradebook, lab: Assignment, record: dict, before: dict[str, str]) -> None:
    student = record["student"]
    gradebook.update_or_create_student(student)
    gradebook.update_or_create_submission(lab.name, student)
    marks = {mark["grade_id"]: mark for mark in record["marks"]}
    for exercise in lab.exercises:
        mark = marks[exercise.grade_id]
        grade = gradebook.find_grade(_graded(exercise), lab.name, lab.name, student)
        comment = gradebook.find_comment(exercise.grade_id, lab.name, lab.name, student)
        if exercise.written and mark["points"] is None:
            # The digest tells whether a person has seen this version of the answer.
            seen = f"What do you say about it? (answer {mark['digest'][:12]})"
            grade.needs_manual_grade = grade.manual_score is None or comment.auto_comment != seen
            comment.auto_comment, grade.auto_score = seen, None
        else:
            overruled = grade.manual_score is not None
            changed = before.get(exercise.grade_id) not in (None, mark.get("answer"))
            grade.needs_manual_grade = overruled and (changed or bool(grade.needs_manual_grade))
            grade.auto_score = mark["points"]
            # It may quote the student, with characters that no database accepts: `cut` removes them.
            comment.auto_comment = cut(" ".join(filter(None, [*mark["notes"], mark["message"]])), MAX_OUTPUT) or None
    gradebook.db.commit()


def _graded(exercise) -> str:
    """The grade id of the cell that carries an exercise's points."""
    return exercise.grade_id if exercise.written else f"{exercise.grade_id}_check"
