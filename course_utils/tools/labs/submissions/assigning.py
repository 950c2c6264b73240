"""From files to the people of the class: whose they are, which one counts, and who handed nothing in."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from course_utils.tools.labs.submissions.files import SubmittedFile
from course_utils.tools.labs.submissions.roster import Roster

MISSING = "Nothing was handed in."
"""The problem of a submission that is not there."""


@dataclass
class Assigned:
    """Submissions, each with the name under which its marks are kept.

    Attributes:
        submissions: one per person or group, sorted; those who have handed in nothing so far are among them.
        strangers: files of nobody in the class, marked under their own names.
        replaced: files that do not count, each with the one that does.
    """

    submissions: list[SubmittedFile] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    replaced: list[tuple[str, str]] = field(default_factory=list)


def assign(submissions: Iterable[SubmittedFile], roster: Roster, lab: str, records: Iterable[dict]) -> Assigned:
    """Find the people of the class in submissions.

    Of several files of one person or group the newest counts, among those with a notebook of the lab.

    Args:
        submissions: as `find_submissions` returns them.
        roster: of the class; empty for names of files as they are.
        lab: its name.
        records: earlier results of this lab. Who once handed in together stays together for it; who was alone joins
            the group that they have now.
    """
    if not roster:
        return Assigned(list(submissions))
    known, before = {}, set()
    for record in records:
        if record.get("missing"):
            continue
        members = members_of(record, roster, lab)
        before |= {*members}
        if len(members) > 1 or not any(roster.people[one].group for one in members if one in roster.people):
            known |= {member: (record["student"], members) for member in members}
    assigned, found = Assigned(), {}
    for submitted in submissions:
        person = roster.find(submitted.origin, lab)
        if person is None:
            assigned.strangers.append(submitted.origin)
            found.setdefault(submitted.student, []).append(submitted)
        else:
            key, members = known.get(person.id) or (person.key, roster.group(person.key))
            found.setdefault(key, []).append(replace(submitted, student=key, members=members))
    for several in found.values():
        *others, newest = sorted(several, key=_newness)
        assigned.submissions.append(newest)
        assigned.replaced += [(one.origin, newest.origin) for one in others]
    there = {*before, *(member for one in assigned.submissions for member in one.members)}
    for person in roster.people.values():
        if person.id not in there:
            members = tuple(one for one in roster.group(person.key) if one not in there)
            there |= {*members}
            assigned.submissions.append(SubmittedFile(person.key, problem=MISSING, members=members))
    assigned.submissions.sort(key=lambda one: one.student)
    return assigned


def members_of(record: dict, roster: Roster, lab: str) -> tuple[str, ...]:
    """The people whose marks a result holds, as the roster calls them; nobody if it is nobody's in the class."""
    if record.get("members"):
        return tuple(record["members"])
    person = roster.find(record.get("origin") or record["student"], lab)  # marked when there was no roster
    return (person.id,) if person else ()


def _newness(submitted: SubmittedFile) -> tuple:
    return submitted.problem is None, submitted.version or 0, submitted.time or 0, submitted.origin
