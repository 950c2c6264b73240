"""What the commands for graded labs have in common: the options for a class's folder and its gradebook."""

import argparse
import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path


def add_class(parser: argparse.ArgumentParser, gradebook: bool = True, nested: bool = False) -> None:
    """Add `--output` and, if asked for, `--gradebook`; `nested` if the parser above has them, too."""
    default = Path("labs")
    parser.add_argument(
        "--output",
        type=Path,
        default=argparse.SUPPRESS if nested else default,
        metavar="DIR",
        help=f"the folder of the class ({default})",
    )
    if gradebook:
        parser.add_argument(
            "--gradebook",
            default=argparse.SUPPRESS if nested else None,
            metavar="URL",
            help="of the database, such as postgresql://user@host/name; `course grade` remembers it, without its "
            "password (default: the remembered one, or else DIR/gradebook.db)",
        )


def gradebook_url(url: str | None, output: Path) -> str:
    """The address of a class's gradebook: the given one, or else the one that its folder remembers."""
    from course_utils.tools.labs.returning.gradebook import address

    return url or address(output)


@contextlib.contextmanager
def alone_in(output: Path) -> Iterator[None]:
    """Work in a class's folder as the only command that changes marks or people.

    Raises:
        CourseError: another one does.
    """
    from course_utils.files import one_process

    output.mkdir(parents=True, exist_ok=True)
    try:
        with one_process(output, "wait until it has ended"):
            yield
    finally:
        with contextlib.suppress(OSError):
            output.rmdir()  # of wrong use, nothing stays


def waiting_message(rows: Sequence) -> str | None:
    """How many students wait for a person's marks, of their `Standing`; None if nobody does."""
    waiting = sum(bool(row.unread) for row in rows)
    return f"course: {waiting} of {len(rows)} students have an answer that nobody has marked yet" if waiting else None


def some(names: list[str]) -> str:
    """All names if there are few, the first ones of many."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more
