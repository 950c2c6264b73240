"""Points as the tables that spreadsheets and learning platforms read.

The importers' sources say what the platforms take: Canvas's `lib/gradebook_importer.rb`, Moodle's
`grade/import/csv/classes/load_data.php` for its gradebook and `mod/assign/feedback/offline/importgradeslib.php` for the
grading worksheet of an assignment. In both gradebooks an empty cell deletes the existing mark, and Moodle may make it a
0. So students without a final mark have no line.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from course_utils.files import write_whole

_CANVAS_FILE = re.compile(r"\w*?_([0-9]+)_[0-9]+_.+")
"""How Canvas names a submission: name, "LATE", user, file, the file's own name (`get_filename`, content_zipper.rb)."""

_CANVAS_ANONYMOUS = "anon_"
"""How the name begins, without name and user, if the assignment is marked anonymously."""

_MOODLE_FOLDER = re.compile(r".+_([1-9][0-9]*)_assignsubmission_file(_.*)?")
"""How Moodle names a submission: name, participant, plugin (`download_submissions`, mod/assign/locallib.php)."""

_PLAIN = re.compile(r"\w[\w.@+-]*")
"""A name that no spreadsheet takes for a formula, and that no importer changes."""

_WAITING = "an answer has still to be marked by a person"
_TWICE = "several submissions belong to the same person"


def write_csv(rows: list[dict], lab: str, style: str, path: Path) -> dict[str, str]:
    """Write a class's points as a CSV file.

    Args:
        rows: one per student, as `gradebook.student_rows` returns them.
        lab: the name of the column, or of the platform's assignment.
        style: "csv" for a spreadsheet, with a column per exercise, empty where a person has still to give points;
            "canvas" for Canvas's gradebook, with students by login, or by the number in the file names that Canvas
            gives; "moodle" for Moodle's gradebook, with students by username, or, if the files have names that Moodle
            has given, for the assignment's grading worksheet.
        path: of the file; its folder is made if it is missing.

    Returns:
        The students who are not in the file, because the platform would give them no mark or a wrong one, each with
        the reason.
    """
    left_out = {}
    if style == "canvas":
        table = _canvas(rows, lab, left_out)
    elif style == "moodle":
        worksheet = any(_MOODLE_FOLDER.fullmatch(row["student"]) for row in rows)
        table = _moodle_worksheet(rows, left_out) if worksheet else _moodle(rows, lab, left_out)
    else:
        table = _spreadsheet(rows)
    text = io.StringIO(newline="")
    csv.writer(text).writerows(table)
    # Spreadsheets need the byte order mark to read letters beyond ASCII; Canvas would take it for part of the header.
    write_whole(path, text.getvalue().encode("utf-8-sig" if style == "csv" else "utf-8"))
    return left_out


def _spreadsheet(rows: list[dict]) -> list[list[str]]:
    exercises = sorted({name for row in rows for name in row["exercises"]})
    table = [["student", "points", "of", "waiting", *map(_harmless, exercises)]]
    for row in rows:
        unread = {name for name in row["unread"] if not row["exercises"][name]}
        each = ["" if name in unread else _number(row["exercises"].get(name, 0)) for name in exercises]
        waiting = "yes" if row["waiting"] else "no"
        table.append([_harmless(row["student"]), _number(row["points"]), _number(row["of"]), waiting, *each])
    return table


def _canvas(rows: list[dict], lab: str, left_out: dict) -> list[list[str]]:
    table = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", lab]]
    # Used for a new assignment only; an existing one keeps its points.
    table += [["    Points Possible", "", "", "", "", _number(row["of"])] for row in rows[:1]]
    for row, (number, login) in _identified(rows, _canvas_person, "Canvas", left_out):
        table.append([_harmless(row["student"]), number, "", login, "", _number(row["points"])])
    return table


def _canvas_person(student: str) -> tuple[str, str] | None:
    if student.startswith(_CANVAS_ANONYMOUS):
        return None
    named = _CANVAS_FILE.fullmatch(student)
    if named:
        return named[1], ""
    # Canvas reads whatever looks like a number as one, in any column: 1.2.3 becomes 12.3.
    number = re.fullmatch(r"[0-9.]+", student) and ("." in student.partition(".")[2] or student.endswith("."))
    return ("", student) if _PLAIN.fullmatch(student) and not number else None


def _moodle(rows: list[dict], lab: str, left_out: dict) -> list[list[str]]:
    people = _identified(rows, _moodle_login, "Moodle", left_out)
    return [["username", lab]] + [[login, _number(row["points"])] for row, login in people]


def _moodle_login(student: str) -> str | None:
    # PHP takes "0" for empty, and Moodle a line without a user for another one of the previous user.
    return student if _PLAIN.fullmatch(student) and student != "0" else None


def _moodle_worksheet(rows: list[dict], left_out: dict) -> list[list[str]]:
    table = [["Identifier", "Full name", "Grade", "Last modified (grade)"]]
    for row, number in _identified(rows, _moodle_participant, "Moodle's assignment", left_out):
        # "-" is what Moodle writes for "never": so it replaces marks of its own only if the instructor asks for it.
        table.append([f"Participant {number}", _harmless(row["student"]), _number(row["points"]), "-"])
    return table


def _moodle_participant(student: str) -> str | None:
    named = _MOODLE_FOLDER.fullmatch(student)
    return named[1] if named else None


def _identified(rows: list[dict], identify: Callable, platform: str, left_out: dict) -> Iterator[tuple]:
    """The rows with a final mark and a student whom the platform recognizes, each with the identity that `identify`
    returns; the other students go into `left_out`, with the reason."""
    people = {row["student"]: identify(row["student"]) for row in rows}
    times = Counter(people.values())
    for row in rows:
        person = people[row["student"]]
        if row["waiting"]:
            left_out[row["student"]] = _WAITING
        elif not person:
            left_out[row["student"]] = f"{platform} would not recognize them by this name"
        elif times[person] > 1:
            left_out[row["student"]] = _TWICE
        else:
            yield row, person


def _number(points: float) -> str:
    """A number without an exponent, which both platforms read in any language; Moodle keeps five decimals."""
    return f"{points:.5f}".rstrip("0").rstrip(".")


def _harmless(text: str) -> str:
    """Text that no spreadsheet runs as a formula."""
    return "'" + text if text[:1] in tuple("=+-@\t\r\n") else text
