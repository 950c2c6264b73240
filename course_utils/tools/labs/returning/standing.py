"""Where everybody in the class stands in a lab: marks, lateness, and who handed nothing in."""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from course_utils.tools.labs.lab.dues import Rules, read_rules
from course_utils.tools.labs.lab.points import shown, total
from course_utils.tools.labs.marking.grading import load_results
from course_utils.tools.labs.returning.gradebook import student_rows
from course_utils.tools.labs.submissions.assigning import MISSING, members_of
from course_utils.tools.labs.submissions.platforms import Origin, read_origin
from course_utils.tools.labs.submissions.roster import Person, Roster, read_roster
from course_utils.tools.labs.submissions.times import read_times

UNKNOWN_DELAY = "Canvas calls it late, and nobody has said by how much"
NOT_DUE = "it is not due yet"


@dataclass
class Standing:
    """One person and one lab. Points are exact.

    Attributes:
        person: from the roster; without one, a person of the name in the gradebook.
        key: the name under which the marks are kept.
        earned: points of all exercises.
        deducted: what lateness costs, at most `earned`.
        of: the points that were possible.
        waiting: why the mark is not final: an answer has to be read, or a time is not known; empty if it is.
        missing: whether nothing was handed in.
        late: in words, how late it was; empty for what was in time.
        handed_in: when, if that is known.
        exercises, unread, comments: as `gradebook.student_rows` returns them.
        origin: of the file whose marks these are.
        own: whether this person handed it in, and not another one of the group.
        shared: whether a group has these marks.
        participant: Moodle's number of them in the lab's assignment, if it is known.
    """

    person: Person
    key: str
    earned: Decimal = Decimal(0)
    deducted: Decimal = Decimal(0)
    of: Decimal = Decimal(0)
    waiting: str = ""
    missing: bool = False
    late: str = ""
    handed_in: datetime.datetime | None = None
    exercises: dict[str, Decimal] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    comments: dict[str, str] = field(default_factory=dict)
    origin: Origin = field(default_factory=lambda: Origin(""))
    own: bool = True
    shared: bool = False
    participant: str = ""

    @property
    def student(self) -> str:
        """The person's id."""
        return self.person.id

    @property
    def points(self) -> Decimal:
        """What counts."""
        return self.earned - self.deducted


def class_standing(output: Path, url: str, lab: str, now: datetime.datetime | None = None) -> list[Standing]:
    """Everybody in the class, sorted by id.

    Args:
        output: the folder of the class.
        url: of the gradebook.
        lab: its name.
        now: the moment at which it is asked.

    Raises:
        CourseError: the gradebook does not know the lab, or roster, settings or times are not as they should be.
    """
    roster, rules = read_roster(output), read_rules(output, lab)
    times, participants = (_of_people(one, roster) for one in read_times(output, lab))
    now = now or datetime.datetime.now().astimezone()
    records = {record["student"]: record for record in load_results(output / "results" / lab)}
    claimed = {member for record in records.values() for member in record.get("members") or []}
    found, empty = [], {"exercises": {}, "of": Decimal(0), "unread": set(), "comments": {}, "waiting": False}
    for row in student_rows(url, lab):
        empty = {**empty, "exercises": dict.fromkeys(row["exercises"], Decimal(0)), "of": row["of"]}
        record = records.get(row["student"], {})
        members = members_of({"student": row["student"], **record}, roster, lab) if roster else ()
        if not record.get("members") and claimed.intersection(members):
            members = ()  # handed in under another name, too
        for member in members or [row["student"]]:
            found.append(_standing(row, record, member, roster, rules, times, now, lab))
    there = {one.student for one in found}
    nothing = {"missing": True}
    for person in roster.people.values():
        if person.id not in there:
            row = {**empty, "student": person.key}
            found.append(_standing(row, nothing, person.id, roster, rules, times, now, lab))
    for one in found:
        own = one.origin.number if one.own and one.origin.platform == "moodle" else ""
        one.participant = participants.get(one.student) or own
    return sorted(found, key=lambda one: one.student)


def _of_people(said: dict, roster: Roster) -> dict:
    """What was said by id, which somebody may have written in other letters than the class's list does."""
    return {person.id if (person := roster.find(name)) else name: value for name, value in said.items()}


def _standing(row, record, member, roster: Roster, rules: Rules, times, now, lab: str) -> Standing:
    person = roster.people.get(member) or Person(member)
    members = record.get("members") or [member]
    origin = read_origin(record.get("origin") or row["student"])
    one = Standing(
        person, row["student"], total(row["exercises"].values()), of=row["of"], missing=bool(record.get("missing")),
        exercises=row["exercises"], unread=row["unread"], comments=row["comments"], origin=origin,
    )  # fmt: skip
    author = roster.find(origin.text, lab)
    one.shared = one.key != one.student and (len(members) > 1 or bool(person.group))
    one.own = len(members) == 1 or (author is not None and author.id == member)
    if row["waiting"]:
        one.waiting = "an answer has still to be marked by a person"
    # Who works together has the time of the one who has most.
    people = [roster.people[name] for name in members if name in roster.people] or [person]
    dues = [due for each in people if (due := rules.due_with(each.extension, lab))]
    stamp = record.get("handed_in") if origin.own_time and not one.missing else None
    one.handed_in = max((times[name] for name in [*members, row["student"]] if name in times), default=None)
    if one.handed_in is None and stamp is not None:
        one.handed_in = datetime.datetime.fromtimestamp(stamp).astimezone()
    if dues:
        _judge(one, rules, max(dues), now)
    return one


def _judge(one: Standing, rules: Rules, due: datetime.datetime, now: datetime.datetime) -> None:
    """What the last moment means for a submission."""
    if one.missing:
        one.waiting = NOT_DUE if now < due else ""
    elif one.handed_in is not None:
        days = rules.lateness(one.handed_in, due)
        one.deducted = min(one.earned, rules.deduction(days, one.of))
        one.late = f"{days} day{'s' * (days != 1)} late" if days else ""
    elif one.origin.late:
        one.waiting, one.late = UNKNOWN_DELAY, "late"


def in_words(one: Standing) -> str:
    """What else there is to say about a mark: missing, late, by whom; empty if there is nothing."""
    parts = [MISSING.rstrip(".").lower() if one.missing else "", one.late]
    parts += [f"{shown(one.deducted)} point{'s' * (one.deducted != 1)} taken off"] if one.deducted else []
    parts += [f"with {one.key}"] if one.shared else []
    return ", ".join(filter(None, parts))
