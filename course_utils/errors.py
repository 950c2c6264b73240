"""The one exception that the course raises for what a user can put right."""

_LONGEST = 160
"""Characters of another library's message that ours repeats."""


class CourseError(Exception):
    """What is wrong, where, and what to do about it, in one line that `course` prints as it is."""

    status = 2
    """What `course` exits with: 2 for what was wrong from the beginning, 1 for work that began and came to no end."""


class CannotGoOn(CourseError):
    """Work that was well asked for and began, and that the machine cannot finish."""

    status = 1


def brief(error: BaseException) -> str:
    """What an exception of another library says, for a message of ours: part of a line, even where it quotes a file."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
