"""The mark for one exercise, and the words for what went wrong."""

import traceback
from dataclasses import asdict, dataclass, field

from course_utils.tools.labs.lab.points import total
from course_utils.tools.labs.sandbox.replies import Reported
from course_utils.tools.labs.submissions.sanitize import cut


class AnswerFailed(Exception):
    """A student's function returned nothing that a check could examine; the text says why."""


@dataclass
class Mark:
    """The mark for one exercise.

    Attributes:
        grade_id: of the exercise.
        of: the points that it can bring.
        points: the points that it brought; None until a person has marked it.
        message: what failed and why; empty if nothing did.
        hidden: whether a hidden check failed.
        parts: of a check in parts, what each brought, as `PartMark.as_record` makes it.
        lines: of the check cell, those that failed.
        notes: remarks on missing, misplaced or repeated answer cells.
        text: the answer, if a person has to mark it.
        digest: a digest of everything that the mark depends on.
        answer: a digest of the answer alone, and of the check that it was given.
    """

    grade_id: str
    of: float
    points: float | None = None
    message: str = ""
    hidden: bool = False
    parts: list[dict] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    text: str | None = None
    digest: str = ""
    answer: str = ""

    def as_record(self) -> dict:
        """The mark as a dictionary, for JSON."""
        return asdict(self)


@dataclass
class PartMark:
    """The mark for a part of a check.

    Attributes:
        name: what it is about; empty for a check without parts.
        of: the points that it can bring.
        points: the points that it brought.
        message: what failed and why; empty if nothing did.
        hidden: whether a hidden check failed.
        line: of the check cell, the one that failed.
    """

    name: str
    of: float
    points: float = 0.0
    message: str = ""
    hidden: bool = False
    line: int | None = None

    def as_record(self) -> dict:
        """The mark as a dictionary, for JSON."""
        return asdict(self)


def settle(mark: Mark, parts: list[PartMark]) -> None:
    """Give an exercise the marks of the parts of its check.

    The message says what is right and what is not: "Correct for odd sizes, not for even ones: ...".
    """
    failed = [part for part in parts if part.message]
    mark.points = float(total(part.points for part in parts)) if failed else mark.of
    mark.hidden = any(part.hidden for part in failed)
    mark.lines = [part.line for part in failed if part.line is not None]
    if len(parts) > 1:
        mark.parts = [part.as_record() for part in parts]
    if failed:
        mark.message = failed[0].message
        passed = [part.name for part in parts if not part.message]
        if passed:
            right, wrong = _and(passed), " or ".join(part.name for part in failed)
            mark.message = f"Correct for {right}, not for {wrong}: {failed[0].message}"


def _and(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def failure_message(error: Exception, filename: str) -> tuple[str, int | None]:
    """What a failed check tells the student, and the line of the check that failed.

    Args:
        error: raised by the check.
        filename: the name under which the check was compiled.
    """
    frames = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == filename]
    line = frames[-1] if frames else None
    if isinstance(error, AnswerFailed | AssertionError) and str(error):
        return str(error), line
    if isinstance(error, AssertionError):
        return "The check failed.", line
    return f"The check cannot use what your function returned: {type(error).__name__}: {error}", line


def error_text(error: Reported) -> str:
    """An exception that the student's process reported, as text of limited length."""
    if error.kind == "NotImplementedError" and not error.text:
        return "NotImplementedError: it is still to be written"
    where = "" if error.line is None else f" (line {error.line} of the cell)"
    text = cut(error.text, 1000)
    return f"{error.kind}: {text}{where}" if text else f"{error.kind}{where}"
