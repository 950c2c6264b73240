"""Files that are there whole or not at all."""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a text file, with its folder, so that nobody ever sees half of it, whenever the writer is killed.

    Characters that no file can hold, such as half a surrogate pair, become question marks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Of this process alone: after an interruption an older one may be about to end, too.
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_text(text, "utf-8", "replace")
    partial.replace(path)
