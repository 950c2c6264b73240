"""The standard streams of a process that was started without some of them, or whose messages nobody can take."""

import contextlib
import os
import sys
from collections.abc import Iterator


def open_missing() -> None:
    """Have the null device where a standard stream is closed (`course ... 2>&-`).

    Otherwise the next file that is opened would take its number, and receive what libraries in C write there.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            stream = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115 (it stays)
            setattr(sys, name, stream)


@contextlib.contextmanager
def messages_may_be_lost() -> Iterator[None]:
    """Work goes on where standard error cannot be written, such as on a full disk: only what is said there is lost."""
    before = sys.stderr
    sys.stderr = _Messages(before)
    try:
        yield
    finally:
        sys.stderr = before


class _Messages:
    """A stream that takes everything."""

    def __init__(self, stream):
        self._stream = stream

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._suppressed():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._suppressed():
            self._stream.flush()

    @contextlib.contextmanager
    def _suppressed(self):
        try:
            yield
        except OSError:
            drop(self._stream)


def drop(stream) -> None:
    """Forget what is still to be written, so that Python does not complain about it at the end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # an output that is no file, or none
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
