"""Rename, merge and remove students, in everything that the folder of a class knows about them.

Results, copies, feedback, times, gradebook and roster follow. What is taken away stays in `removed/`. A command that is
killed is finished by giving it again: the roster tells who somebody is from the first step on.
"""

import contextlib
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import write_whole
from course_utils.tools.labs.marking.grading import read_result
from course_utils.tools.labs.returning.gradebook import opened
from course_utils.tools.labs.submissions.assigning import MISSING, members_of
from course_utils.tools.labs.submissions.files import SubmittedFile, student_name
from course_utils.tools.labs.submissions.roster import Person, Roster, check_class, read_roster, write_roster
from course_utils.tools.labs.submissions.times import read_times, write_times


def labs_of(output: Path) -> dict[str, list[str]]:
    """By student or group, the labs in which something was handed in, from the results in the folder of a class."""
    found: dict[str, list[str]] = {}
    for lab, _, record in _records(output):
        for name in record.get("members") or [record["student"]]:
            found.setdefault(name, []).extend([] if record.get("missing") else [lab])
    return found


def rename(output: Path, url: str, old: str, new: str) -> None:
    """Give a student another id; files that were found as theirs still are.

    Args:
        output: the folder of the class.
        url: of the gradebook.
        old, new: the ids.

    Raises:
        CourseError: there is no such student, or somebody else has the new id.
    """
    roster, known = _class(output)
    if not _is_once(roster, old, new):
        _require(old, known)
        person = roster.people.pop(old, Person(old))
    if new in known and not _was_interrupted(output, roster, old, new):
        raise CourseError(f"There is a student {new!r} already: course class merge {old} {new} puts both together.")
    if student_name(new) != new:
        raise CourseError(f"{new!r} cannot be the name of a file: take {student_name(new)!r}.")
    if not _is_once(roster, old, new):
        check_class([*roster.people.values(), replace(person, id=new)])  # before anything is renamed
        _keep(output, roster, replace(person, id=new), old, *_origins(output, old))
    _hand_over(output, url, old, new)


def merge(output: Path, url: str, other: str, into: str) -> list[str]:
    """Make two students one: of two submissions of a lab the newest stays, with the points given for it by hand.

    Args:
        output: the folder of the class.
        url: of the gradebook.
        other: the id that goes.
        into: the id that stays.

    Returns:
        For each lab in which both had something, whose submission stays.

    Raises:
        CourseError: there is no such student.
    """
    roster, known = _class(output)
    going_on = _is_once(roster, other, into)
    for name in (into,) if going_on else (other, into):
        _require(name, known)
    if other == into:
        raise CourseError(f"{other!r} and {into!r} are one name: give two.")
    if not going_on:
        gone = roster.people.pop(other, Person(other))
        person = roster.people.pop(into, Person(into))
        # What only the one that goes has is kept.
        told = {name: getattr(person, name) or getattr(gone, name) for name in ("name", "email", "extension", "canvas")}
        _keep(output, roster, replace(person, **told), other, *gone.also, *_origins(output, other))
    said = []
    records = {(lab, record["student"]): record for lab, _, record in _records(output)}
    for (lab, name), record in records.items():
        ours = records.get((lab, into))
        if name == other and ours not in (None, _renamed(record, other, into)):
            keeps_other = _newness(record) > _newness(ours)
            said.append(f"{lab}: the submission of {other if keeps_other else into} stays")
            _take_away(output, url, lab, into if keeps_other else other)
    _hand_over(output, url, other, into)
    return said


def remove(output: Path, url: str, who: str) -> None:
    """Remove a student with all marks, which stay in `removed/`; a group keeps those of the others.

    Raises:
        CourseError: there is no such student.
    """
    roster, known = _class(output)
    _require(who, known)
    with opened(url) as gradebook:
        if any(one.id == who for one in gradebook.students):
            gradebook.remove_student(who)
    shutil.rmtree(output / "feedback" / who, ignore_errors=True)
    for lab, path, record in _records(output):
        others = [name for name in record.get("members", []) if name != who]
        if record["student"] == who or (record.get("members") == [who]):
            _take_away(output, url, lab, record["student"])
        elif others != record.get("members", []):
            write_whole(path, json.dumps({**record, "members": others}, indent=1))
    if roster.people.pop(who, None):
        write_roster(output, roster.people.values())


def put_away(output: Path, url: str, lab: str, submissions: Iterable[SubmittedFile]) -> list[str]:
    """Put away results of people whose submission has another name now: that of their group, or their id.

    Args:
        output: the folder of the class.
        url: of the gradebook.
        lab: its name.
        submissions: as `assigning.assign` returns them.

    Returns:
        The names of these results, which are in `removed/`.
    """
    there = [one for one in submissions if one.problem != MISSING]
    names, members = {one.student for one in there}, {member for one in there for member in one.members}
    roster, gone = read_roster(output), []
    for of, _, record in _records(output):
        theirs = members_of(record, roster, lab) if of == lab and record["student"] not in names else ()
        if theirs and members.issuperset(theirs):
            _take_away(output, url, lab, record["student"])
            gone.append(record["student"])
    return gone


def _class(output: Path) -> tuple[Roster, set[str]]:
    """The roster, and everybody who is known by it or by results."""
    roster, found = read_roster(output), labs_of(output)
    if not roster:  # the names of files are the class
        roster = Roster({name: Person(name) for name in found})
    return roster, {*roster.people, *found}


def _require(name: str, known: set[str]) -> None:
    if name not in known:
        raise CourseError(f"There is no student {name!r} in this class: course class lists them.")


def _records(output: Path) -> Iterator[tuple[str, Path, dict]]:
    for path in sorted((output / "results").glob("[!.]*/[!.]*.json")):
        yield path.parent.name, path, read_result(path)


def _origins(output: Path, who: str) -> list[str]:
    """The names of the files that this student's marks come from."""
    return [record["origin"] for _, _, record in _records(output) if record["student"] == who and record.get("origin")]


def _keep(output: Path, roster: Roster, person: Person, *names: str) -> None:
    """Write the roster with a person whose files have these names, too."""
    also = tuple(name for name in dict.fromkeys([*person.also, *names]) if name != person.id and ";" not in name)
    write_roster(output, [*roster.people.values(), replace(person, also=also)])


def _newness(record: dict) -> tuple:
    return not record.get("missing"), record.get("version") or 0, record.get("handed_in") or 0


def _is_once(roster: Roster, old: str, new: str) -> bool:
    """Whether the class knows a student under a new id already, as it does after a command that was killed."""
    return old not in roster.people and new in roster.people and old in roster.people[new].also


def _was_interrupted(output: Path, roster: Roster, old: str, new: str) -> bool:
    """Whether all that is there of a new id came from renaming the old one."""
    records = {(lab, record["student"]): record for lab, _, record in _records(output)}
    both = [
        (record, records[lab, new]) for (lab, name), record in records.items() if name == old and (lab, new) in records
    ]
    return _is_once(roster, old, new) and all(_renamed(one, old, new) == other for one, other in both)


def _renamed(record: dict, old: str, new: str) -> dict:
    """A result with another name for a student."""
    members = [new if name == old else name for name in record.get("members", [])]
    members = {"members": list(dict.fromkeys(members))} if members else {}
    return {**record, **members, "student": new if record["student"] == old else record["student"]}


def _hand_over(output: Path, url: str, old: str, new: str) -> None:
    """Make everything that is called after a student another one's, who has nothing of the same labs.

    The result of a lab comes last: as long as it is there, the command can be given again.
    """
    _move_in_gradebook(url, old, new)
    for lab, path, record in list(_records(output)):
        times, participants = read_times(output, lab)
        if old in times or old in participants:
            for known in (times, participants):
                if old in known:
                    known.setdefault(new, known.pop(old))
            write_times(output, lab, times, participants)
        changed, theirs = _renamed(record, old, new), record["student"] == old
        for kind in ("autograded", "feedback") if theirs else ():
            if (folder := output / kind / old / lab).is_dir():
                target = output / kind / new / lab
                shutil.rmtree(target, ignore_errors=True)
                target.parent.mkdir(parents=True, exist_ok=True)
                folder.rename(target)
        if changed != record:
            write_whole(path.with_name(f"{changed['student']}.json"), json.dumps(changed, indent=1))
        if theirs:
            path.unlink()


def _take_away(output: Path, url: str, lab: str, who: str) -> None:
    """Take a student's submission of a lab out of the class; it stays in `removed/`.

    The result comes last: as long as it is there, the command can be given again.
    """
    from nbgrader.api import MissingEntry

    with opened(url) as gradebook, contextlib.suppress(MissingEntry):
        gradebook.remove_submission(lab, who)
    shutil.rmtree(output / "feedback" / who / lab, ignore_errors=True)
    place = output / "removed" / lab
    place.mkdir(parents=True, exist_ok=True)
    copy = output / "autograded" / who / lab / f"{lab}.ipynb"
    for path in (copy, output / "results" / lab / f"{who}.json"):
        if path.is_file():
            path.replace(place / f"{who}{path.suffix}")


def _move_in_gradebook(url: str, old: str, new: str) -> None:
    """Give one student's submissions to another one, who has none of the same labs."""
    with opened(url) as gradebook:
        if not any(one.id == old for one in gradebook.students):
            return
        target = gradebook.update_or_create_student(new)
        for submission in list(gradebook.find_student(old).submissions):
            submission.student = target
        gradebook.db.commit()
        gradebook.db.expire_all()
        gradebook.remove_student(old)
