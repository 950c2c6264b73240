"""Files from elsewhere: ordinary ones of a bearable size, whatever stands at a path; and JSON.

A pipe has no end while nobody writes, a device may have none at all, and a file can say that it is larger than any
memory: whoever opens one of them by mistake waits or runs out of memory. So what a path leads to is looked at first.
"""

import errno
import json
import os
import stat
from pathlib import Path
from typing import BinaryIO

from course_utils.errors import CourseError

SMALL = 64 * 2**20
"""Bytes: more than any settings, list or table of the course has."""


def open_file(path, most: int = 2**40, buffering: int = -1) -> BinaryIO:
    """Open an ordinary file for reading.

    Args:
        path: the file, or a link to it.
        most: bytes that it may have.
        buffering: as for Python's `open`.

    Raises:
        OSError: there is none, it cannot be read, or it is a folder, a pipe, a device or larger; `strerror` says it.
    """
    # Opening a pipe that nobody writes to would wait; Windows knows neither flag.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    opened = os.open(path, flags)
    try:
        state = os.fstat(opened)
        if stat.S_ISDIR(state.st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(state.st_mode):
            raise OSError(errno.EINVAL, "a pipe or device, no file", str(path))
        if state.st_size > most:
            raise OSError(
                errno.EFBIG, f"{state.st_size / 1e6:,.0f} MB, and more than {most / 1e6:,.0f} are not read", str(path)
            )
        return os.fdopen(opened, "rb", buffering)
    except BaseException:
        os.close(opened)
        raise


def read_bytes(path, most: int = SMALL) -> bytes:
    """The content of an ordinary file.

    Args:
        path, most: as for `open_file`.

    Raises:
        OSError: as `open_file`.
    """
    with open_file(path, most) as file:
        return file.read(most)  # a file of the kernel's says that it has no size


def read_json(path: Path, remedy: str, most: int = SMALL):
    """The content of a JSON file.

    Args:
        path: the file, in UTF-8.
        remedy: what to do when it cannot be read, for the message.
        most: bytes that it may have.

    Raises:
        FileNotFoundError: there is none.
        CourseError: it cannot be read, is no JSON, or gives a name twice, of which readers take one or the other.
    """
    try:
        return json.loads(read_bytes(path, most).decode("utf-8-sig"), object_pairs_hook=_object)
    except FileNotFoundError:
        raise
    except RecursionError:
        raise CourseError(f"{path}: this is not JSON (nested too deeply); {remedy}.") from None
    except ValueError as error:  # encoding, syntax, numbers of thousands of digits
        raise CourseError(f"{path}: this is not JSON ({error}); {remedy}.") from None
    except OSError as error:
        raise CourseError(f"{path}: cannot be read ({error.strerror}); check the path, or {remedy}.") from None


def _object(pairs: list[tuple[str, object]]) -> dict:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice in one object")
    return made


def is_litter(path: Path, root: Path | None = None) -> bool:
    """Whether macOS left a file for itself: `._NAME` beside NAME, or in a folder `__MACOSX`.

    Args:
        path: the file.
        root: a folder above it; only the parts below it count.
    """
    parts = path.relative_to(root).parts if root else path.parts
    return path.name.startswith("._") or "__MACOSX" in parts
