"""The one exception that the course raises for what a user can put right."""

import errno
from pathlib import Path

_LONGEST = 160
"""Characters of another library's message that ours repeats."""


class CourseError(Exception):
    """What is wrong, where, and what to do about it, in one line that `course` prints as it is."""

    status = 2
    """What `course` exits with: 2 for what was wrong from the beginning, 1 for work that began and came to no end."""


class CannotGoOn(CourseError):
    """Work that was well asked for and began, and that the machine cannot finish."""

    status = 1


def one_line(text: str) -> str:
    """A message that quotes what may hold line ends, such as the name of a file, as one line."""
    return "".join(letter if letter.isprintable() or letter == " " else ascii(letter)[1:-1] for letter in text)


def brief(error: BaseException) -> str:
    """What an exception of another library says, for a message of ours: part of a line, even where it quotes a file."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def cannot_write(path: Path, error: OSError) -> CourseError:
    """What to say when a file or folder cannot be written."""
    reason = error.strerror or str(error) or type(error).__name__
    remedy = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "check the place"
    return CourseError(
        f"{path}: cannot be written ({reason}); {remedy}, or name another one. What was there is as it was."
    )
