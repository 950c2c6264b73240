"""Lists of a class as Canvas and Moodle export them, read as people.

Canvas: the gradebook (*Export Entire Gradebook*) and the list of a group set. Moodle: the list of participants, the
gradebook, and the grading worksheet of an assignment, in English. And `class.csv` itself, from another class.
"""

from dataclasses import replace
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.tools.labs.submissions.files import student_name
from course_utils.tools.labs.submissions.roster import Person, Roster, read_table, updated

_HEADINGS = {
    "id": ("id", "sis login id", "login_id", "username"),
    "name": ("name", "student", "full name"),
    "first": ("first name", "given name"),
    "last": ("last name", "surname", "family name"),
    "email": ("email", "email address", "e-mail"),
    "group": ("group", "group_name", "groups"),
    "extension": ("extension",),
    "canvas": ("canvas", "canvas_user_id"),
}
"""Our columns, and what they are called elsewhere."""


def read_class_list(path: Path) -> list[Person]:
    """The people of an exported list.

    Raises:
        CourseError: it is none of the lists that this module knows.
    """
    table = read_table(path)
    people = []
    for number, row in table:
        if "sis login id" in row or ("student" in row and "section" in row):  # Canvas: `ID` is its own number
            row = {**row, "id": "", "canvas": row.get("id", "")}
            if not row["canvas"] or row.get("student", "").casefold() == "student, test":
                continue  # points possible, manual posting, the test student
        values = {
            ours: next((row[name].removeprefix("'") for name in names if row.get(name)), "")
            for ours, names in _HEADINGS.items()
        }
        first, last = values.pop("first"), values.pop("last")
        values["name"] = values["name"] or f"{first} {last}".strip()
        known = values["id"] or values["email"] or values["name"]
        if not known:
            raise CourseError(f"{path}, line {number}: nobody can be recognized; export the list with login or e-mail.")
        people.append(Person(**{**values, "id": student_name(known)}))
    if not people:
        raise CourseError(f"{path} has nobody in it: export the gradebook or the list of participants as CSV.")
    return people


def merged(roster: Roster, people: list[Person]) -> tuple[list[Person], int, int]:
    """A class with the people of a newer list; whoever is not in it stays.

    Returns:
        Everybody, how many are new, and how many were known.
    """
    found, new = dict(roster.people), 0
    for person in people:
        known = _known(found, person)
        if known is None:
            found[person.id], new = person, new + 1
        else:
            # What people are called never changes by itself: results have that name.
            found[known.id] = replace(updated(known, person), also=tuple(dict.fromkeys([*known.also, *person.also])))
    return list(found.values()), new, len(people) - new


def _known(found: dict[str, Person], person: Person) -> Person | None:
    if person.id in found:
        return found[person.id]
    for name in ("canvas", "email"):
        same = [one for one in found.values() if getattr(person, name) and getattr(one, name) == getattr(person, name)]
        if len(same) == 1:
            return same[0]
    return None
