"""Where a name becomes an object: looked up once, at the door; from there on the object travels."""

import contextlib
import importlib
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path

from course_utils.errors import CourseError, brief


def look_up(name: str, known: Mapping[str, object], kind: str) -> object:
    """The object of a name: one of the course's own, or `module:NAME` for one of the user's.

    Args:
        name: a key of `known`, or a module that Python finds (the current directory included) and a name in it.
        known: the course's own.
        kind: what is named, for messages, such as "data set".

    Raises:
        CourseError: there is no such name, or the module cannot be imported; the message lists the choices.
    """
    if name in known:
        return known[name]
    module, colon, attribute = name.partition(":")
    if not colon:
        own = f", or give your own as module:{kind.title().replace(' ', '')}"
        raise CourseError(f"There is no {kind} {name!r}: choose one of {', '.join(known)}{own}.")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return getattr(importlib.import_module(module), attribute)
    except AttributeError:
        raise CourseError(f"{name}: the module {module} has no {attribute!r}.") from None
    except Exception as error:  # a module of the user's may raise anything
        raise CourseError(f"{name}: cannot import {module} ({type(error).__name__}: {error}).") from error


@contextlib.contextmanager
def in_one_line(what: str, remedy: str) -> Iterator[None]:
    """Say in one line what was raised by something that was named on the command line, such as a loss of the user's.

    Args:
        what: was asked for, for the message.
        remedy: what to do about it.

    Raises:
        CourseError: whatever it raised; the line of a user's file at which it happened is named.
    """
    try:
        yield
    except (CourseError, MemoryError):
        raise
    except Exception as error:
        if "exhausted" in str(error).lower():  # memory, of whatever library: there is advice on that
            raise
        *_, last = traceback.extract_tb(error.__traceback__)
        place = f", {last.filename}, line {last.lineno}" if str(Path.cwd()) == str(Path(last.filename).parent) else ""
        raise CourseError(
            f"{what} cannot be used ({type(error).__name__}: {brief(error)}{place}); {remedy}."
        ) from error
