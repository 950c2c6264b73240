"""Where a name becomes an object: looked up once, at the door; from there on the object travels."""

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

from course_utils.errors import CourseError


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
