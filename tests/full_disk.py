"""A disk that is full, for the tests of what commands do then."""

import contextlib
import errno
import os
import shutil

MEBIBYTE = 1 << 20


class Disk:
    """A disk in memory.

    Attributes:
        path: its root.
    """

    def __init__(self, path):
        self.path = path

    def leave(self, free: int) -> None:
        """Fill it up to some free bytes."""
        filler = self.path / "filler"
        filler.unlink(missing_ok=True)
        room = shutil.disk_usage(self.path).free
        with contextlib.suppress(OSError):
            filler.write_bytes(bytes(max(0, room - free)))


def failed(arguments, capsys) -> str:
    """The last line that a command which fails says; nothing that looks like a traceback is before it."""
    from course_utils.tools.cli import main  # not for every test that this file is loaded for

    capsys.readouterr()
    with contextlib.suppress(SystemExit):
        assert main([str(argument) for argument in arguments]) == 2
    said = capsys.readouterr().err.strip()
    assert "Traceback" not in said and os.strerror(errno.ENOSPC) in said
    line = said.splitlines()[-1]
    assert line.startswith("course: ") and "make room" in line
    return line


def files(folder):
    """Every file in a folder with its content."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "filler"}
