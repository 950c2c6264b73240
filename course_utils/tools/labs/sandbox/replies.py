"""What a student's process may answer, checked before anything else looks at it."""

from dataclasses import dataclass

from course_utils.tools.labs.sandbox.values import NotPlain


@dataclass(frozen=True)
class Reported:
    """An exception in the student's process.

    Attributes:
        kind: the name of its type.
        text: what it says.
        line: of the student's cell; None if it did not happen in one.
    """

    kind: str
    text: str
    line: int | None


@dataclass(frozen=True)
class Reply:
    """A reply to a request.

    Attributes:
        value: what the called function returned.
        arguments: the call's arguments afterwards.
        defined: the names of the exercise's functions that are defined.
        error: the exception that ended the cell or the call.
        refused: why the value could not be sent; completes "it returned".
    """

    value: object = None
    arguments: tuple | None = None
    defined: tuple[str, ...] = ()
    error: Reported | None = None
    refused: str | None = None


def checked(raw, kind: str) -> Reply:
    """The reply, if it has the form of one.

    Args:
        raw: plain data of any form.
        kind: of the request, "prepare", "run", "define" or "call".

    Raises:
        NotPlain: it has not.
    """
    if type(raw) is not dict:
        raise NotPlain("something that is not a reply")
    error, refused, defined = raw.get("error"), raw.get("refused"), raw.get("defined", [])
    if error is not None:
        error = _reported(error)
    if refused is not None and type(refused) is not str:
        raise NotPlain("something that is not a reason")
    if type(defined) is not list or len(defined) > 1000 or any(type(name) is not str for name in defined):
        raise NotPlain("something that is not a list of names")
    if kind == "call" and error is None and refused is None:
        if set(raw) != {"value", "arguments"} or type(raw["arguments"]) is not tuple:
            raise NotPlain("something that is not the result of a call")
        return Reply(raw["value"], raw["arguments"])
    return Reply(defined=tuple(defined), error=error, refused=refused)


def _reported(raw) -> Reported:
    if type(raw) is not list or [type(part) for part in raw[:2]] != [str, str] or len(raw) != 3:
        raise NotPlain("something that is not an exception")
    kind, text, line = raw
    if line is not None and (type(line) is not int or not 0 <= line < 10**9):
        raise NotPlain("something that is not the line of an exception")
    return Reported(kind[:100], text[:2000], line)
