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
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from course_utils.files import write_whole
from course_utils.tools.labs.lab.points import shown
from course_utils.tools.labs.returning.standing import Standing, in_words

_PLAIN = re.compile(r"\w[\w.@+-]*")
"""A name that no spreadsheet takes for a formula, and that no importer changes."""

_TWICE = "several submissions belong to the same person"


def write_csv(rows: Sequence[Standing], lab: str, style: str, path: Path) -> dict[str, str]:
    """Write a class's points as a CSV file.

    Args:
        rows: one per student, as `class_standing` returns them.
        lab: the name of the column, or of the platform's assignment.
        style: "csv" for a spreadsheet, with a column per exercise, empty where a person has still to give points;
            "canvas" for Canvas's gradebook, with students by Canvas's number, which the roster or the names of its
            files say, or by login; "moodle" for Moodle's gradebook, with students by username, or, if Moodle's numbers
            of an assignment's participants are known, for its grading worksheet.
        path: of the file; its folder is made if it is missing.

    Returns:
        The students who are not in the file, because the platform would give them no mark or a wrong one, each with
        the reason.
    """
    left_out = {}
    if style == "canvas":
        table = _canvas(rows, lab, left_out)
    elif style == "moodle":
        worksheet = any(row.participant for row in rows)
        table = _moodle_worksheet(rows, left_out) if worksheet else _moodle(rows, lab, left_out)
    else:
        table = _spreadsheet(rows)
    _write(table, path, marked=style == "csv")
    return left_out


def write_all(labs: dict[str, Sequence[Standing]], weights: dict[str, Decimal] | None, path: Path) -> int:
    """Write the points of all labs as one CSV file for a spreadsheet, a line per student.

    Args:
        labs: everybody's standing by lab. A lab that does not know somebody has an empty cell for them.
        weights: by lab, for a column of percent: each lab's share of its points times its weight, over the sum of the
            weights; a lab that does not know somebody counts as 0. None for no such column.
        path: of the file.

    Returns:
        The number of students.
    """
    people = {one.student: one.person for rows in labs.values() for one in rows}
    by_lab = {lab: {one.student: one for one in rows} for lab, rows in labs.items()}
    table = [["student", "name", "email", "group", *labs, "total", "waiting", *(["percent"] if weights else [])]]
    for student in sorted(people):
        person, known = people[student], {lab: rows.get(student) for lab, rows in by_lab.items()}
        there = [one for one in known.values() if one]
        line = [_harmless(text) for text in (student, person.name, person.email, person.group)]
        line += [shown(one.points) if one else "" for one in known.values()]
        line += [
            shown(sum((one.points for one in there), Decimal(0))),
            "yes" if any(o.waiting for o in there) else "no",
        ]
        if weights:
            line.append(_percent(known, weights))
        table.append(line)
    _write(table, path, marked=True)
    return len(people)


def _percent(known: dict[str, Standing | None], weights: dict[str, Decimal]) -> str:
    """The weighted mean, rounded once, half up, to two decimals."""
    shares = [
        Fraction(weights[lab]) * Fraction(one.points) / Fraction(one.of) for lab, one in known.items() if one and one.of
    ]
    whole = sum(map(Fraction, weights.values()), Fraction(0))
    hundredths = int(sum(shares, Fraction(0)) / whole * 10_000 + Fraction(1, 2)) if whole else 0
    return shown(Decimal(hundredths) / 100)


def _write(table: list[list[str]], path: Path, marked: bool) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(table)
    # Spreadsheets need the byte order mark to read letters beyond ASCII; Canvas would take it for part of the header.
    write_whole(path, text.getvalue().encode("utf-8-sig" if marked else "utf-8"))


def _spreadsheet(rows: Sequence[Standing]) -> list[list[str]]:
    exercises = sorted({name for row in rows for name in row.exercises})
    about = ["taken off", "note", "name", "email", "group"]
    table = [["student", "points", "of", "waiting", *map(_harmless, exercises), *about]]
    for row in rows:
        unread = {name for name in row.unread if not row.exercises[name]}
        each = ["" if name in unread else shown(row.exercises.get(name, Decimal(0))) for name in exercises]
        person, waiting = row.person, "yes" if row.waiting else "no"
        about = [shown(row.deducted), in_words(row), *map(_harmless, (person.name, person.email, person.group))]
        table.append([_harmless(row.student), shown(row.points), shown(row.of), waiting, *each, *about])
    return table


def _canvas(rows: Sequence[Standing], lab: str, left_out: dict) -> list[list[str]]:
    table = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", lab]]
    # Used for a new assignment only; an existing one keeps its points.
    table += [["    Points Possible", "", "", "", "", shown(row.of)] for row in rows[:1]]
    for row, (number, login) in _identified(rows, _canvas_person, "Canvas", left_out):
        table.append([_harmless(row.person.name or row.student), number, "", login, "", shown(row.points)])
    return table


def _canvas_person(row: Standing) -> tuple[str, str] | None:
    if number := row.person.canvas or (row.origin.number if row.own and row.origin.platform == "canvas" else ""):
        return number, ""
    login = row.student
    if login.startswith("anon_"):
        return None
    # Canvas reads whatever looks like a number as one, in any column: 1.2.3 becomes 12.3.
    number = re.fullmatch(r"[0-9.]+", login) and ("." in login.partition(".")[2] or login.endswith("."))
    return ("", login) if _PLAIN.fullmatch(login) and not number else None


def _moodle(rows: Sequence[Standing], lab: str, left_out: dict) -> list[list[str]]:
    people = _identified(rows, _moodle_login, "Moodle", left_out)
    return [["username", lab]] + [[login, shown(row.points)] for row, login in people]


def _moodle_login(row: Standing) -> str | None:
    # PHP takes "0" for empty, and Moodle a line without a user for another one of the previous user.
    return row.student if _PLAIN.fullmatch(row.student) and row.student != "0" else None


def _moodle_worksheet(rows: Sequence[Standing], left_out: dict) -> list[list[str]]:
    table = [["Identifier", "Full name", "Grade", "Last modified (grade)"]]
    for row, number in _identified(rows, lambda row: row.participant, "Moodle's assignment", left_out):
        # "-" is what Moodle writes for "never": so it replaces marks of its own only if the instructor asks for it.
        table.append([f"Participant {number}", _harmless(row.person.name or row.student), shown(row.points), "-"])
    return table


def _identified(rows: Sequence[Standing], identify: Callable, platform: str, left_out: dict) -> Iterator[tuple]:
    """The rows with a final mark and a student whom the platform recognizes, each with the identity that `identify`
    returns; the other students go into `left_out`, with the reason."""
    people = {row.student: identify(row) for row in rows}
    times = Counter(people.values())
    for row in rows:
        person = people[row.student]
        if row.waiting:
            left_out[row.student] = row.waiting
        elif not person:
            left_out[row.student] = f"{platform} would not recognize them by this name"
        elif times[person] > 1:
            left_out[row.student] = _TWICE
        else:
            yield row, person


def _harmless(text: str) -> str:
    """Text that no spreadsheet runs as a formula."""
    return "'" + text if text[:1] in tuple("=+-@\t\r\n") else text
