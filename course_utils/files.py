"""Files that are there whole or not at all, whenever the writer is killed, and folders that one process works in.

And JSON from elsewhere, checked once.
"""

import contextlib
import errno
import itertools
import json
import os
import platform
import re
import reprlib
import secrets
import shutil
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from course_utils.errors import CourseError, cannot_write
from course_utils.machine import take_lock

Check = Callable[[object], str | None]
"""Says what a value should have been, such as "a whole number from 1 to 9"; None where it is right."""


def write_whole(path: Path, content: str | bytes | Callable[[Path], object]) -> None:
    """Write a file beside its place, flush it to the disk, and rename it; make its folder if there is none.

    What killed processes left half written in the folder is removed before the first file of this process.

    Args:
        path: the file; what it held before stays until the new content is complete.
        content: text (UTF-8; characters that no file can hold, such as half a surrogate pair, become question marks),
            bytes, or a function that writes the file whose path it is given, of the same suffix.

    Raises:
        CourseError: the disk is full, the folder cannot be written, ...; nothing is left behind.
    """
    path = Path(path)
    partial = path.with_name(f"{partial_name(path.stem)}{path.suffix}")
    made = []
    try:
        made = _make(path.parent)
        if path.parent.absolute() not in _SWEPT:
            _SWEPT.add(path.parent.absolute())
            sweep(path.parent)
        if callable(content):
            content(partial)
        elif isinstance(content, bytes):
            partial.write_bytes(content)
        else:
            partial.write_text(content, "utf-8", "replace")
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            partial.unlink()
        _unmake(made)
        if isinstance(error, OSError):
            raise cannot_write(path, error) from None
        raise


def write_folder_whole(path: Path, fill: Callable[[Path], object]) -> None:
    """The same for a folder of files, which must not exist yet.

    Args:
        path: the folder.
        fill: writes the files into the folder whose path it is given.

    Raises:
        CourseError: as `write_whole`.
    """
    sweep(path.parent)
    partial, made = path.with_name(partial_name(path.name)), []
    try:
        made = _make(path.parent)
        partial.mkdir()
        fill(partial)
        for file in filter(Path.is_file, partial.rglob("*")):
            with open(file, "rb") as written:
                os.fsync(written.fileno())
        partial.rename(path)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        _unmake(made)
        if isinstance(error, OSError):
            raise cannot_write(path, error) from None
        raise


def _make(folder: Path) -> list[Path]:
    """Make a folder; returns those that were not there, the deepest first."""
    missing = list(itertools.takewhile(lambda path: not path.exists(), [folder, *folder.parents]))
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _unmake(made: list[Path]) -> None:
    """Remove folders in which nothing was put."""
    with contextlib.suppress(OSError):
        for folder in made:
            folder.rmdir()


def check_writable(folder: Path, option: str) -> Path:
    """Make sure, before any work is done, that files can be written into a folder; nothing stays there.

    Args:
        folder: as the user gave it; it need not exist.
        option: what the user gave it as, such as "--output", for the message.

    Returns:
        The folder, a `~` in it expanded.

    Raises:
        CourseError: it is a file or below one, or must not be written.
    """
    folder = Path(folder).expanduser()
    if "\0" in str(folder):
        raise CourseError(f"{option} {str(folder)!r} is no name of a folder; name another one.")
    above = folder.absolute()
    try:
        while not above.exists():
            above = above.parent
    except OSError as error:  # names that are too long, or that no file system takes
        raise CourseError(f"{option} {folder}: {error.strerror}; name another folder.") from None
    if not above.is_dir():
        raise CourseError(f"{option} {folder}: {above} is a file; name a folder.")
    try:
        tempfile.TemporaryFile(dir=above).close()  # only trying tells: systems that refuse even root say they would not
    except OSError as error:
        raise CourseError(
            f"{option} {folder}: nothing can be written to {above} ({error.strerror}); name another folder."
        ) from None
    return folder


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for what nobody keeps, in the system's place for such things; what killed processes left there goes."""
    folder = Path(tempfile.gettempdir(), partial_name("course"))
    sweep(folder.parent)
    folder.mkdir(0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_FIRST = 10**6 * secrets.randbelow(10**6)
"""The first number that this process gives: one before it with the same process id gave others."""
_NUMBERS = itertools.count(_FIRST)
_SWEPT: set[Path] = set()
_HOST = zlib.crc32(platform.node().encode())
_PARTIAL = re.compile(r"\..*\.([0-9a-f]{8})-([0-9]+)-([0-9]+)\.partial(\..*)?", re.DOTALL)


def partial_name(name: str) -> str:
    """A name beside the place of a file or folder, until it is complete; it says which process writes it."""
    return f".{name}.{_HOST:08x}-{os.getpid()}-{next(_NUMBERS)}.partial"


def sweep(folder: Path) -> None:
    """Remove what processes of this machine that are gone left half written in a folder."""
    with contextlib.suppress(OSError):
        for path in list(folder.iterdir()):
            found = _PARTIAL.fullmatch(path.name)
            if found and found[1] == f"{_HOST:08x}" and _is_gone(int(found[2]), int(found[3])):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()


def _is_gone(process: int, number: int) -> bool:
    """Whether the process that was writing a file or folder has ended."""
    if process == os.getpid():  # a container gives the same few ids to whatever is started in it
        return not _FIRST <= number < _FIRST + 10**6
    return not psutil.pid_exists(process)


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
            owner = file.read_text("utf-8", "replace").strip()
        other = f"another process ({owner})" if owner else "another process"
        if remedy is not None:
            raise CourseError(f"{folder}: {other} is at work there; {remedy}.")
        if not told:
            print(f"{folder}: {other} is at work there; waiting for it to end.", file=sys.stderr, flush=True)
            told = True
        time.sleep(_POLL)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows keeps open files; one that stays is free nonetheless
            file.unlink()
        os.close(lock)


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


def read_json(path: Path, remedy: str):
    """The content of a JSON file.

    Args:
        path: the file, in UTF-8.
        remedy: what to do when it cannot be read, for the message.

    Raises:
        FileNotFoundError: there is none.
        CourseError: it cannot be read, or is no JSON.
    """
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise
    except RecursionError:
        raise CourseError(f"{path}: this is not JSON (nested too deeply); {remedy}.") from None
    except ValueError as error:  # encoding, syntax, numbers of thousands of digits
        raise CourseError(f"{path}: this is not JSON ({error}); {remedy}.") from None
    except OSError as error:
        raise CourseError(f"{path}: cannot be read ({error.strerror}); check the path, or {remedy}.") from None


def find_fault(value, schema: dict | list | Check, place: str = "") -> str | None:
    """The first place where a value from a JSON file is not as it should be, in words; None where all is well.

    Args:
        value: what `json` made of it.
        schema: a dictionary asks for an object with these names (a name that ends in "?" may be missing, others may
            be there); a list with one element asks for a list of such elements; a function is asked itself.
        place: what the value is called.

    Example:

        >>> find_fault({"sides": [3, 0]}, {"sides": [whole(1, 9)], "name?": plain_name})
        'sides[1] is 0, not a whole number from 1 to 9'
    """
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            return _not(place, value, "an object with names")
        for key, inner in schema.items():
            name = key.removesuffix("?")
            where = f"{place}.{name}" if place else name
            if name not in value:
                if not key.endswith("?"):
                    return f"{where} is missing"
            elif fault := find_fault(value[name], inner, where):
                return fault
        return None
    if isinstance(schema, list):
        if not isinstance(value, list):
            return _not(place, value, "a list")
        return next(
            (fault for k, part in enumerate(value) if (fault := find_fault(part, schema[0], f"{place}[{k}]"))), None
        )
    wanted = schema(value)
    return wanted and _not(place, value, wanted)


def whole(least: int, most: int) -> Check:
    """The check for a whole number of a range."""
    # bool is a kind of int, and 48.0 is none.
    return lambda value: (
        None if type(value) is int and least <= value <= most else f"a whole number from {least} to {most}"
    )


def plain_name(value) -> str | None:
    """The check for the name of a file, without a folder."""
    fine = isinstance(value, str) and 0 < len(value) < 256 and value not in (".", "..") and value.isprintable()
    return None if fine and not set(value) & set("/\\:") else "the name of a file"


def _not(place: str, value, wanted: str) -> str:
    return f"{place or 'it'} is {reprlib.repr(value)}, not {wanted}"


def is_litter(path: Path, root: Path | None = None) -> bool:
    """Whether macOS left a file for itself: `._NAME` beside NAME, or in a folder `__MACOSX`.

    Args:
        path: the file.
        root: a folder above it; only the parts below it count.
    """
    parts = path.relative_to(root).parts if root else path.parts
    return path.name.startswith("._") or "__MACOSX" in parts
