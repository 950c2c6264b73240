"""Files that are there whole or not at all, whenever the writer is killed."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path


def write_whole(path: Path, content: str | bytes | Callable[[Path], object]) -> None:
    """Write a file beside its place, flush it to the disk, and rename it; make its folder if there is none.

    Args:
        path: the file; what it held before stays until the new content is complete.
        content: text (UTF-8; characters that no file can hold, such as half a surrogate pair, become question marks),
            bytes, or a function that writes the file whose path it is given, of the same suffix.

    Raises:
        OSError: the disk is full, the folder cannot be written, ...; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Of this process alone: after an interruption an older one may be about to end, too.
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        if callable(content):
            content(partial)
        elif isinstance(content, bytes):
            partial.write_bytes(content)
        else:
            partial.write_text(content, "utf-8", "replace")
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
