"""When a lab is due, who has more time, and what lateness costs.

`labs/settings.toml` has a table per lab, and one called `all` for what they have in common:

    [all]
    per_day = 1          # points for each day that has begun; or a share of the lab's points, "10%"
    grace = 15           # minutes that cost nothing
    cap = 5              # the most that lateness costs

    [04_unpooling]
    due = "2026-11-20 23:59"
    weight = 2           # in `course export --all --weights`

Times are those of the machine that marks.
"""

import datetime
import math
import re
import tomllib
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import read_bytes
from course_utils.tools.labs.lab.points import exact

FILE = "settings.toml"
_DAY = datetime.timedelta(days=1)
_MOST = 1_000_000
"""Of points, minutes or weights in the settings: more is a slip, and would take long to compute with."""
_DECIMALS = 6
_EXTENSION = re.compile(r"(?:(?P<lab>[\w-]+)[:=])?(?:\+(?P<days>[0-9]{1,3})|(?P<date>[0-9]{4}-\S+))")


@dataclass(frozen=True)
class Rules:
    """What holds for a lab.

    Attributes:
        due: the last moment; None if there is none.
        per_day: points for each day that has begun, or a share of the lab's points such as "10%".
        grace: minutes that cost nothing.
        cap: the most that lateness costs, like `per_day`; None for no limit.
        weight: of the lab among all labs.
    """

    due: datetime.datetime | None = None
    per_day: Decimal | str = Decimal(0)
    grace: Decimal = Decimal(0)
    cap: Decimal | str | None = None
    weight: Decimal = Decimal(1)

    def due_with(self, extension: str, lab: str) -> datetime.datetime | None:
        """The last moment for somebody with an extension."""
        if self.due is None:
            return None
        given = read_extensions(extension)
        days, moment = next((value for name, value in given.items() if _is_lab(name, lab)), given.get("", (0, None)))
        return max(self.due + days * _DAY, moment or self.due)

    def lateness(self, handed_in: datetime.datetime, due: datetime.datetime) -> int:
        """The days that have begun after the last moment; 0 within the grace."""
        late = handed_in - due
        if late <= datetime.timedelta(minutes=float(self.grace)):
            return 0
        return math.ceil(late / _DAY)

    def deduction(self, days: int, of: Decimal) -> Decimal:
        """The points that this many days cost, of a lab of so many points."""
        cost = days * _amount(self.per_day, of)
        return cost if self.cap is None else min(cost, _amount(self.cap, of))


def read_rules(output: Path, lab: str) -> Rules:
    """The rules for a lab, from the settings in the folder of the class.

    Raises:
        CourseError: the settings are not as they should be; the message says what is wrong.
    """
    path = output / FILE
    try:
        tables = tomllib.loads(read_bytes(path).decode("utf-8-sig"), parse_float=Decimal)
    except FileNotFoundError:
        return Rules()
    except OSError as error:
        raise CourseError(f"{path}: cannot be read ({error.strerror}); check the place.") from None
    except ValueError as error:
        raise CourseError(f"{path} is not TOML: {error}.") from None
    found = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise CourseError(f"{path}: {name!r} stands above all tables; put it below [all] or the name of a lab.")
        found[name] = {key: _setting(key, value, f"{path}: {key} of [{name}]") for key, value in table.items()}
    own = {}
    for name in sorted(found, key=len):  # what stands below the name goes before what stands below the number
        own |= found[name] if _is_lab(name, lab) else {}
    return Rules(**{**found.get("all", {}), **own})


def _setting(key: str, value, place: str):
    if key not in (known := [one.name for one in fields(Rules)]):
        raise CourseError(f"{place}: there is no such setting; there are {', '.join(known)}.")
    try:
        return moment(value) if key == "due" else _number(value, key in ("per_day", "cap"))
    except CourseError as error:
        raise CourseError(f"{place} {error}") from None


def _is_lab(name: str, lab: str) -> bool:
    """Whether this is the lab's name, or its number, with or without zeros before it."""
    number = re.match(r"[0-9]+(?=_)", lab)
    return name == lab or (re.fullmatch("[0-9]+", name) is not None and bool(number) and int(name) == int(number[0]))


def read_extensions(text: str) -> dict[str, tuple[int, datetime.datetime | None]]:
    """Extensions by lab, "" for all others: days, or a new last moment.

    Args:
        text: such as "+2", "2026-12-01" or "04_unpooling:+2 05_segnet:2026-12-01T12:00".

    Raises:
        CourseError: it is something else.
    """
    found = {}
    for word in text.replace(",", " ").split():
        match = _EXTENSION.fullmatch(word)
        if not match:
            raise CourseError(f"the extension {word!r} is neither days such as +2 nor a date such as 2026-12-01.")
        found[match["lab"] or ""] = (int(match["days"] or 0), moment(match["date"]) if match["date"] else None)
    return found


def moment(value) -> datetime.datetime:
    """A date or time that somebody wrote, with the time zone of this machine if it names none; a date means its end.

    Raises:
        CourseError: it is none.
    """
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value) if len(value) > 10 else datetime.date.fromisoformat(value)
        except ValueError:
            raise CourseError(f"is {value!r}; write a time such as 2026-11-20 23:59.") from None
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = datetime.datetime.combine(value, datetime.time(23, 59, 59))
    if not isinstance(value, datetime.datetime) or not 1971 <= value.year <= 9000:  # zones and extensions need room
        raise CourseError(f"is {str(value)!r}; write a time such as 2026-11-20 23:59.")
    return value.astimezone()


def _number(value, share: bool) -> Decimal | str:
    if share and isinstance(value, str) and re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?%", value):
        return value
    plain = isinstance(value, int | Decimal) and not isinstance(value, bool) and exact(value).is_finite()
    if not plain or not 0 <= value <= _MOST or exact(value).as_tuple().exponent < -_DECIMALS:
        raise CourseError(f"is {repr(value)[:50]}; write a number such as 1, at most {_MOST:,} and with at most "
                          f"{_DECIMALS} decimals{', or a share such as 10%, in quotes' * share}.")  # fmt: skip
    return exact(value)


def _amount(amount: Decimal | str, of: Decimal) -> Decimal:
    return exact(amount.removesuffix("%")) / 100 * of if isinstance(amount, str) else amount
