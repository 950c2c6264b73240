"""When submissions were handed in, where a platform says so better than the time of a file does.

`times/LAB.csv` in the folder of the class has the columns `id`, `time` and `participant`, Moodle's number of somebody
in the lab's assignment; each of the last two may be empty. A time that stands there goes before every other. The file
can be written by hand, too.
"""

import csv
import datetime
import io
import os
import re
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import write_whole
from course_utils.tools.labs.lab.dues import moment
from course_utils.tools.labs.submissions.platforms import read_origin
from course_utils.tools.labs.submissions.roster import Roster, read_table

_HEADINGS = ("time", "last modified (submission)")
_MOODLE_TIME = ("%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %I:%M:%S %p", "%A, %d %B %Y, %H:%M")


def read_times(output: Path, lab: str) -> tuple[dict[str, datetime.datetime], dict[str, str]]:
    """The times and the numbers that are known for a lab, by id.

    Raises:
        CourseError: the file is not as it should be; the message names the line.
    """
    path = output / "times" / f"{lab}.csv"
    times, participants = {}, {}
    for number, row in read_table(path) if os.path.lexists(path) else []:
        if text := row.get("time"):
            times[row.get("id", "")] = _time(text, f"{path}, line {number}")
        if participant := row.get("participant"):
            participants[row.get("id", "")] = participant
    return times, participants


def write_times(output: Path, lab: str, times: dict[str, datetime.datetime], participants: dict[str, str]) -> Path:
    """Write the times and numbers of a lab, sorted by id; the path of the file."""
    text, path = io.StringIO(newline=""), output / "times" / f"{lab}.csv"
    table = csv.writer(text)
    table.writerow(("id", "time", "participant"))
    for who in sorted({*times, *participants}):
        table.writerow((who, times[who].isoformat(" ") if who in times else "", participants.get(who, "")))
    write_whole(path, text.getvalue())
    return path


def imported_times(
    path: Path, roster: Roster, records: list[dict]
) -> tuple[dict[str, datetime.datetime], dict[str, str], list[str]]:
    """The times in a list: Moodle's grading worksheet (in English), or a table with `id` and `time`.

    Args:
        path: of the list.
        roster: of the class.
        records: of the lab, whose files have Moodle's numbers of the participants.

    Returns:
        Times by id, Moodle's numbers by id, and the lines that belong to nobody.

    Raises:
        CourseError: the list has no times, or one that cannot be read.
    """
    table = read_table(path)
    column = next((name for name in _HEADINGS if table and name in table[0][1]), None)
    if column is None:
        raise CourseError(f"{path} has no column 'time' and no 'Last modified (submission)': take Moodle's grading "
                          "worksheet with your account set to English, or a table with id and time.")  # fmt: skip
    origins = [(record, read_origin(record.get("origin", ""))) for record in records]
    owners = {origin.number: record["student"] for record, origin in origins if origin.platform == "moodle"}
    times, participants, unknown = {}, {}, []
    for line, row in table:
        number = row.get("identifier", "").removeprefix("Participant ")
        names = [row.get(name, "") for name in ("id", "username", "email address", "email", "full name")]
        person = next((person for name in names if name and (person := roster.find(name))), None)
        who = person.id if person else owners.get(number) or (row.get("id") if not roster else None)
        if not who:
            unknown.append(next(filter(None, [*names, number]), f"line {line}"))
            continue
        if row[column] not in ("", "-"):
            times[who] = _time(row[column], f"{path}, line {line}")
        if number:
            participants[who] = number
    return times, participants, unknown


def _time(text: str, place: str) -> datetime.datetime:
    text = re.sub(r"\s+", " ", text.replace("\u202f", " "))
    for form in _MOODLE_TIME:
        try:
            return datetime.datetime.strptime(text, form).astimezone()
        except ValueError:
            continue
    try:
        return moment(text)
    except CourseError as error:
        raise CourseError(f"{place}: the time {error}") from None
