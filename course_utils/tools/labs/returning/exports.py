"""Points as the tables that spreadsheets and learning platforms read.

The importers' sources say what the platforms take: Canvas's `lib/gradebook_importer.rb`, Moodle's
`grade/import/csv/classes/load_data.php` for its gradebook and `mod/assign/feedback/offline/importgradeslib.php` for the
grading worksheet of an assignment. To both gradebooks an empty cell deletes the mark that was there, and Moodle may
make it a 0. So whoever has no final mark has no line.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

_CANVAS_FILE = re.compile(r"\w*?_([0-9]+)_[0-9]+_.+")
"""How Canvas names a submission: name, "LATE", user, file, the file's own name (`get_filename`, content_zipper.rb)."""

_CANVAS_ANONYMOUS = "anon_"
"""How it begins instead, without name and user, if the assignment is marked anonymously."""

_MOODLE_FOLDER = re.compile(r".+_([1-9][0-9]*)_assignsubmission_file(_.*)?")
"""How Moodle names a submission: name, participant, plugin (`download_submissions`, mod/assign/locallib.php)."""

_PLAIN = re.compile(r"\w[\w.@+-]*")
"""A name that no spreadsheet runs as a formula, and no importer reads as anything but itself."""

_WAITING = "an answer waits for a person"
_TWICE = "several submissions are of the same person"


def write_csv(rows: list[dict], lab: str, style: str, path: Path) -> dict[str, str]:
    """Write the rows of `gradebook.table`.

    Args:
        rows: one a student.
        lab: the name of the column, or of the platform's assignment.
        style: "csv" for a spreadsheet, a column an exercise, empty where a person has yet to give points; "canvas" for
            Canvas's gradebook, students by login, or by the number in the names that Canvas gives to files; "moodle"
            for Moodle's gradebook, students by username, or, if files have the names that Moodle gives them, for the
            grading worksheet of the assignment.
        path: of the file; its folder is made.

    Returns:
        Why, by student, of those whom a platform would give no mark, or a wrong one. They are not in the file.
    """
    left = {}
    if style == "canvas":
        table = _canvas(rows, lab, left)
    elif style == "moodle":
        worksheet = any(_MOODLE_FOLDER.fullmatch(row["student"]) for row in rows)
        table = _moodle_worksheet(rows, left) if worksheet else _moodle(rows, lab, left)
    else:
        table = _spreadsheet(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    # Spreadsheets read letters beyond ASCII right if the file begins with this mark; Canvas would keep it.
    with partial.open("w", newline="", encoding="utf-8-sig" if style == "csv" else "utf-8") as file:
        csv.writer(file).writerows(table)
    partial.replace(path)
    return left


def _spreadsheet(rows: list[dict]) -> list[list[str]]:
    exercises = sorted({name for row in rows for name in row["exercises"]})
    table = [["student", "points", "of", "waiting", *map(_harmless, exercises)]]
    for row in rows:
        unread = {name for name in row["unread"] if not row["exercises"][name]}
        each = ["" if name in unread else _number(row["exercises"].get(name, 0)) for name in exercises]
        waiting = "yes" if row["waiting"] else "no"
        table.append([_harmless(row["student"]), _number(row["points"]), _number(row["of"]), waiting, *each])
    return table


def _canvas(rows: list[dict], lab: str, left: dict) -> list[list[str]]:
    table = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", lab]]
    # What a new assignment is worth; one that exists keeps its points.
    table += [["    Points Possible", "", "", "", "", _number(row["of"])] for row in rows[:1]]
    for row, (number, login) in _sure(rows, _canvas_person, "Canvas", left):
        table.append([_harmless(row["student"]), number, "", login, "", _number(row["points"])])
    return table


def _canvas_person(student: str) -> tuple[str, str] | None:
    if student.startswith(_CANVAS_ANONYMOUS):
        return None
    named = _CANVAS_FILE.fullmatch(student)
    if named:
        return named[1], ""
    # What looks like a number is made one, whatever its column: 1.2.3 becomes 12.3.
    number = re.fullmatch(r"[0-9.]+", student) and ("." in student.partition(".")[2] or student.endswith("."))
    return ("", student) if _PLAIN.fullmatch(student) and not number else None


def _moodle(rows: list[dict], lab: str, left: dict) -> list[list[str]]:
    people = _sure(rows, _moodle_login, "Moodle", left)
    return [["username", lab]] + [[login, _number(row["points"])] for row, login in people]


def _moodle_login(student: str) -> str | None:
    # PHP takes "0" for empty, and a line without a user for one more of the user before.
    return student if _PLAIN.fullmatch(student) and student != "0" else None


def _moodle_worksheet(rows: list[dict], left: dict) -> list[list[str]]:
    table = [["Identifier", "Full name", "Grade", "Last modified (grade)"]]
    for row, number in _sure(rows, _moodle_participant, "Moodle's assignment", left):
        # "-" is what Moodle itself writes for "never": marks of its own are replaced only if the instructor says so.
        table.append([f"Participant {number}", _harmless(row["student"]), _number(row["points"]), "-"])
    return table


def _moodle_participant(student: str) -> str | None:
    named = _MOODLE_FOLDER.fullmatch(student)
    return named[1] if named else None


def _sure(rows: list[dict], identify: Callable, platform: str, left: dict) -> Iterator[tuple]:
    """The rows that have a final mark and whose student the platform can know, each with what `identify` says of the
    student; the others go into `left`."""
    people = {row["student"]: identify(row["student"]) for row in rows}
    often = Counter(people.values())
    for row in rows:
        person = people[row["student"]]
        if row["waiting"]:
            left[row["student"]] = _WAITING
        elif not person:
            left[row["student"]] = f"{platform} would not know them by this name"
        elif often[person] > 1:
            left[row["student"]] = _TWICE
        else:
            yield row, person


def _number(points: float) -> str:
    """With a point and no exponent, as both platforms read it in every language; Moodle keeps five decimals."""
    return f"{points:.5f}".rstrip("0").rstrip(".")


def _harmless(text: str) -> str:
    """A spreadsheet would run a name that begins like a formula."""
    return "'" + text if text[:1] in tuple("=+-@\t\r\n") else text
