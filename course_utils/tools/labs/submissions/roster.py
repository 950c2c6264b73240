"""The class: who is in it, what their files are called, and who works together.

`class.csv` in the folder of the class has a line per person, and the columns of `COLUMNS`; only `id` is needed. A
spreadsheet may have saved it.
"""

import csv
import io
import os
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import read_bytes, write_whole
from course_utils.tools.labs.lab.dues import read_extensions
from course_utils.tools.labs.submissions.files import student_name
from course_utils.tools.labs.submissions.platforms import read_origin

FILE = "class.csv"
COLUMNS = ("id", "name", "email", "group", "extension", "canvas", "also")
"""The columns: `also` has other names of this person's files, with semicolons between them, `canvas` their number."""

_KNOWN = (*COLUMNS, "time", "participant")
"""Columns that no table may have twice."""
_FORMULA = tuple("=+-@\t\r\n")


@dataclass(frozen=True)
class Person:
    """Somebody in the class.

    Attributes:
        id: what commands and marks call them: the login on the learning platform, usually.
        name: such as "Ada Lovelace" or "Lovelace, Ada".
        email: their address.
        group: whoever has the same one hands in together, and gets one mark.
        extension: more time, as `lab.dues.read_extensions` reads it.
        canvas: the number of the user on Canvas.
        also: what their files are called otherwise.
    """

    id: str
    name: str = ""
    email: str = ""
    group: str = ""
    extension: str = ""
    canvas: str = ""
    also: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name under which their marks are kept: the group's, or their own."""
        return student_name(f"group {self.group}") if self.group else self.id


@dataclass
class Roster:
    """Everybody in the class, by id; empty if there is no `class.csv`."""

    people: dict[str, Person] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.people)

    def find(self, text: str, lab: str = "") -> Person | None:
        """Whose file this is; None if it is nobody's, or could be of several.

        Args:
            text: the name of a file or folder, as its author or a learning platform gave it.
            lab: the name of the lab, which may be a part of it.
        """
        origin = read_origin(text)
        if origin.platform == "canvas" and (known := self._only(lambda one: one.canvas == origin.number)):
            return known
        same = {_plain(text), _plain(origin.key), _plain(student_name(origin.key))}
        if known := self._only(lambda one: same & {_plain(name) for name in (one.id, one.email, *one.also) if name}):
            return known
        if origin.platform == "canvas":
            return self._only(lambda one: not one.canvas and "".join(_words(one.name)) == origin.name.casefold())
        words = _words(origin.name)
        if not origin.platform:
            words = _without(words, _words(lab))
        if known := self._only(lambda one: _words(one.name) and sorted(_words(one.name)) == sorted(words)):
            return known
        if origin.platform:
            return None
        # A renamed file: the id or the whole name among other words.
        return self._only(
            lambda one: _within(_words(one.id), words) or _within(_words(one.email), words)
        ) or self._only(lambda one: len(_words(one.name)) > 1 and set(_words(one.name)) <= set(words))

    def group(self, key: str) -> tuple[str, ...]:
        """The ids of everybody whose marks are kept under this name."""
        return tuple(one.id for one in self.people.values() if one.key == key)

    def _only(self, fits) -> Person | None:
        found = [one for one in self.people.values() if fits(one)]
        return found[0] if len(found) == 1 else None


def read_roster(output: Path) -> Roster:
    """The class in a folder.

    Raises:
        CourseError: `class.csv` is not as it should be; the message names the line.
    """
    path = output / FILE
    if not os.path.lexists(path):  # a link to nowhere or a folder is no class without people
        return Roster()
    people: dict[str, Person] = {}
    for number, row in read_table(path):
        values = {name: row.get(name, "").removeprefix("'") for name in COLUMNS}
        also = tuple(filter(None, (part.strip() for part in values.pop("also").split(";"))))
        person = Person(**values, also=also)
        _add(people, person, f"{path}, line {number}")
    return Roster(people)


def write_roster(output: Path, people: Iterable[Person]) -> None:
    """Write `class.csv`, sorted by id.

    Raises:
        CourseError: these people do not make a class, two of them with the same id, for example.
    """
    known = check_class(people)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for person in sorted(known.values(), key=lambda one: one.id):
        values = [*(getattr(person, name) for name in COLUMNS[:-1]), "; ".join(person.also)]
        writer.writerow([f"'{value}" if value.startswith(_FORMULA) else value for value in values])
    write_whole(output / FILE, text.getvalue().encode("utf-8-sig"))


def check_class(people: Iterable[Person]) -> dict[str, Person]:
    """These people by id.

    Raises:
        CourseError: they do not make a class, two of them have the same id, for example.
    """
    known: dict[str, Person] = {}
    for person in people:
        _add(known, person, person.id or "a person")
    return known


def updated(known: Person, new: Person) -> Person:
    """A person with what a newer list says about them; what it does not say stays."""
    said = {name: value for name in COLUMNS[1:-1] if (value := getattr(new, name))}
    return replace(known, **said)


def read_table(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The lines of a CSV file with a header, whatever separator the spreadsheet that saved it uses, with their numbers.

    Raises:
        CourseError: it cannot be read as such.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
        text = unicodedata.normalize("NFC", text.replace("\ufeff", "").replace("\0", ""))
    except OSError as error:
        raise CourseError(f"{path}: cannot be read ({error.strerror}); check the path.") from None
    except UnicodeDecodeError:
        raise CourseError(f"{path} is not encoded as UTF-8: save it as CSV UTF-8.") from None
    text = re.sub(r"\A(\s*[\r\n])?(sep=.[\r\n]+)?", "", text)  # what Excel writes for itself
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    separator = max(",;\t", key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise CourseError(f"{path} is no CSV file ({error}): export it again.") from None
    if not lines:
        raise CourseError(f"{path} is empty: it needs a line with the names of its columns.")
    header = [name.strip().casefold() for name in lines[0]]
    for name in _KNOWN:
        if header.count(name) > 1:
            raise CourseError(f"{path} has {header.count(name)} columns {name!r}: remove all but one.")
    for number, line in enumerate(lines[1:], 2):
        if any(value.strip() for value in line[len(header) :]):
            raise CourseError(
                f"{path}, line {number} has more columns than the first one: put quotes around a name with a comma."
            )
    return [
        (number, {name: value.strip() for name, value in zip(header, line, strict=False)})
        for number, line in enumerate(lines[1:], 2)
        if any(value.strip() for value in line)
    ]


def _add(known: dict[str, Person], person: Person, place: str) -> None:
    if fault := _fault(person, known):
        raise CourseError(f"{place}: {fault}.")
    known[person.id] = person


def _fault(person: Person, known: dict[str, Person]) -> str | None:
    if not person.id:
        return "there is no id"
    if student_name(person.id) != person.id:
        return f"the id {person.id!r} is no name of a file; take {student_name(person.id)!r}"
    if any(_plain(person.id) == _plain(other) for other in known):
        return f"the id {person.id!r} occurs twice"
    keys = {one.key for one in known.values()}
    if (person.group and person.key in known) or (person.id in keys):
        return f"{person.key if person.group else person.id!r} is a person and a group; rename one"
    for one in known.values():
        if person.group and one.key == person.key and one.group != person.group:
            return f"the groups {one.group!r} and {person.group!r} have the same name for files; rename one"
        if person.group and one.group != person.group and _plain(one.group) == _plain(person.group):
            return f"the groups {one.group!r} and {person.group!r} differ in capital letters only; write them alike"
        names = {_plain(name) for name in (one.id, one.email, *one.also) if name}
        if shared := names & {_plain(name) for name in (person.id, person.email, *person.also) if name}:
            return f"{min(shared)!r} is a name of {one.id!r}, too, so that files of that name are nobody's"
    if person.canvas and not re.fullmatch("[0-9]+", person.canvas):
        return f"canvas is {person.canvas!r}, which is no number"
    try:
        read_extensions(person.extension)
    except CourseError as error:
        return str(error).rstrip(".")
    return None


def _plain(text: str) -> str:
    """Text in which only what distinguishes people is left."""
    return unicodedata.normalize("NFC", text).casefold().strip()


def _words(text: str) -> list[str]:
    """The words of a name, without accents' encodings, case, commas and underscores."""
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).casefold())


def _within(words: list[str], among: list[str]) -> bool:
    """Whether the words stand in this order, beside each other, among others, and are long enough to mean something."""
    count = len(words)
    return sum(map(len, words)) > 2 and any(
        among[start : start + count] == words for start in range(len(among) - count + 1)
    )


def _without(words: list[str], others: list[str]) -> list[str]:
    """The words without a run of others, such as the name of the lab."""
    count = len(others)
    for start in range(len(words) - count + 1):
        if count and words[start : start + count] == others:
            return words[:start] + words[start + count :]
    return words
