"""Files that are there whole or not at all, whenever the writer is killed."""

import contextlib
import itertools
import os
import platform
import re
import secrets
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from course_utils.errors import CourseError, cannot_write


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
