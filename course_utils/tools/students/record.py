"""What came of a student's checks, kept beside their notebooks between sessions."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import find_fault, read_json, write_whole

STATES = ("passed", "failed", "open", "written")


@dataclass
class State:
    """How an exercise stands.

    Attributes:
        grade_id: of the exercise.
        title: its heading.
        state: "passed" or "failed" by its visible check; "open": still to be written; "written": for a person to read.
        of: the points that it can bring.
        message: what failed and why.
        answer: a digest of the answer that was checked.
        by_hand: whether a person gives the points.
    """

    grade_id: str
    title: str
    state: str
    of: float
    message: str = ""
    answer: str = ""
    by_hand: bool = False


def digest(answer: str) -> str:
    """A digest of an answer, to see later whether it has changed."""
    return hashlib.sha256(answer.strip().encode("utf-8", "replace")).hexdigest()[:16]


def read_record(records: Path) -> dict[str, list[State]]:
    """The states by lab; of a record that cannot be used, nothing: the next check makes a new one."""
    try:
        content = read_json(records / "checks.json", "check again")
    except (FileNotFoundError, CourseError):
        return {}
    if not isinstance(content, dict) or any(find_fault(states, _STATES) for states in content.values()):
        return {}
    names = set(State.__dataclass_fields__)
    return {
        lab: [State(**{name: value for name, value in state.items() if name in names}) for state in states]
        for lab, states in content.items()
    }


def write_record(records: Path, lab: str, states: list[State]) -> None:
    """Keep the states of a lab.

    Raises:
        CourseError: the file cannot be written.
    """
    known = read_record(records) | {lab: states}
    content = {name: [asdict(state) for state in states] for name, states in known.items()}
    write_whole(records / "checks.json", json.dumps(content, indent=1) + "\n")


def _text(value) -> str | None:
    return None if isinstance(value, str) else "text"


def _number(value) -> str | None:
    return None if type(value) in (int, float) else "a number"


def _truth(value) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def _state(value) -> str | None:
    return None if value in STATES else f"one of {', '.join(STATES)}"


_STATES = [
    {
        "grade_id": _text,
        "title": _text,
        "state": _state,
        "of": _number,
        "message": _text,
        "answer": _text,
        "by_hand": _truth,
    }
]
