"""Folders that one process works in."""

import contextlib
import errno
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from course_utils.errors import CourseError, cannot_write
from course_utils.files.reading import read_bytes
from course_utils.machine import take_lock

LOCK = ".lock"
"""The file in a folder that the process holds which works there."""

_POLL = 0.2
"""Seconds between two looks whether another process has ended."""


@contextlib.contextmanager
def one_process(folder: Path, remedy: str | None = None, lock_file: Path | None = None) -> Iterator[None]:
    """Work in a folder as the only process that does; the system gives it free when the process ends or is killed.

    Args:
        folder: every process that works there has to ask in this way.
        remedy: what to do while another process works there, for the message; None waits for it and says so.
        lock_file: the file to hold, where the folder itself does not exist or is going to be replaced.

    Raises:
        CourseError: another process works there, or the folder cannot be written.
    """
    file = lock_file or folder / LOCK
    told = False
    while (lock := _lock(file)) is None:
        owner = ""
        with contextlib.suppress(OSError):
            owner = read_bytes(file).decode("utf-8", "replace").strip()
        other = f"another process ({owner})" if owner else "another process"
        if remedy is not None:
            raise CourseError(f"{folder}: {other} is at work there; {remedy}.")
        if not told:
            print(f"{folder}: {other} is at work there; waiting for it to end.", file=sys.stderr, flush=True)
            told = True
        time.sleep(_POLL)
    _HELD.add(lock)
    try:
        yield
    finally:
        if lock in _HELD:  # not in a fork
            _HELD.remove(lock)
            with contextlib.suppress(OSError):  # Windows keeps open files; one that stays is free nonetheless
                file.unlink()
            os.close(lock)


def remove_left_lock(lock_file: Path) -> None:
    """Remove the file of a lock that a killed process has left, if there is one, and it can be removed."""
    with contextlib.suppress(OSError, CourseError):
        if lock_file.exists() and (lock := _lock(lock_file)) is not None:
            lock_file.unlink()
            os.close(lock)


_HELD: set[int] = set()
"""The descriptors of the locks that this process holds."""


def _let_go() -> None:
    """In a fork: it would keep the lock of a process that was killed for as long as it lives itself."""
    for lock in _HELD:
        os.close(lock)
    _HELD.clear()


if hasattr(os, "register_at_fork"):  # not Windows
    os.register_at_fork(after_in_child=_let_go)


def _lock(file: Path) -> int | None:
    """The descriptor of a file that this process alone holds from now on; None while another one does."""
    while True:
        try:
            opened = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise cannot_write(file, error) from None
        try:
            take_lock(opened)
            # Who held it before may have removed it between opening and taking: then it is nobody's.
            if os.fstat(opened).st_ino == os.stat(file).st_ino:
                os.truncate(opened, 0)
                os.write(opened, f"process {os.getpid()} of {platform.node()}\n".encode())
                return opened
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno in _WITHOUT_LOCK:
                return opened
            os.close(opened)
            return None
        os.close(opened)


_WITHOUT_LOCK = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOSPC, errno.EDQUOT)
"""What a file system answers that knows no locks, or has no room to say who holds one: work goes on."""
