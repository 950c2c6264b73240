"""What an exercise brought, and the words for what went wrong."""

import traceback
from dataclasses import asdict, dataclass, field


class AnswerFailed(Exception):
    """A student's function did not give the check anything to look at; the text says why."""


@dataclass
class Mark:
    """What one exercise brought.

    Attributes:
        points, of: got and possible; `points` is None while a person has to mark it.
        message: what failed and why; empty when all is well.
        hidden: whether it failed where the student does not see the check.
        notes: what was odd about the cells.
        digest: of all that the mark depends on.
    """

    grade_id: str
    of: float
    points: float | None = None
    message: str = ""
    hidden: bool = False
    notes: list[str] = field(default_factory=list)
    text: str | None = None
    digest: str = ""

    def as_record(self) -> dict:
        """For JSON."""
        return asdict(self)


def explained(error: Exception, filename: str) -> tuple[str, int | None]:
    """What a failed check says to the student, and the line of the check."""
    frames = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == filename]
    line = frames[-1] if frames else None
    if isinstance(error, AnswerFailed | AssertionError) and str(error):
        return str(error), line
    if isinstance(error, AssertionError):
        return "The check is not satisfied.", line
    return f"The check cannot use what your function returned: {type(error).__name__}: {error}", line


def said(error) -> str:
    """An exception as the student's process tells it: text only, and not too much."""
    if not isinstance(error, list) or len(error) != 3:
        return "an exception"
    kind, text, line = error
    if kind == "NotImplementedError" and not text:
        return "NotImplementedError: it is still to be written"
    where = f" (line {line} of the cell)" if type(line) is int else ""
    return f"{str(kind)[:100]}: {str(text)[:1000]}{where}" if text else f"{str(kind)[:100]}{where}"
