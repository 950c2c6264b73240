"""How long a student's process has worked: seconds that count, even where others keep the processors busy."""

import contextlib
import time
from pathlib import Path

PATIENCE = 4
"""How many times longer than its limit something may take on the clock, if the processors are busy."""


class Meter:
    """Counts the seconds since it was made.

    Time on the clock counts, except while the process was ready to run and other processes ran instead; processor time
    counts in any case, that of all threads together. So neither sleeping nor many threads pay, and a busy machine costs
    nobody points.

    Args:
        pid: of the process, as this process sees it; None if that is unknown: then only the clock counts.
    """

    def __init__(self, pid: int | None):
        self._pid = pid
        self._before = self._read()

    def seconds(self) -> float:
        """The seconds that count."""
        clock, processor, ready = (now - then for now, then in zip(self._read(), self._before, strict=True))
        return max(processor, clock - max(0.0, ready), clock / PATIENCE)

    def _read(self) -> tuple[float, float, float]:
        """Seconds on the clock, of processor time, and of waiting for a processor."""
        clock, processor, ready = time.monotonic(), 0.0, 0.0
        if self._pid is not None:
            # The process may have ended, or the kernel may not count.
            with contextlib.suppress(OSError, ValueError, IndexError):
                processor = time.clock_gettime(~self._pid << 3 | 2)  # as clock_getcpuclockid gives it
                for thread in Path(f"/proc/{self._pid}/task").iterdir():
                    ready += int((thread / "schedstat").read_text().split()[1]) / 1e9
        return clock, processor, ready


def pid_behind(descriptor: int) -> int | None:
    """The id that a process, given as a descriptor (`pidfd_open`), has here; None if it has none."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/self/fdinfo/{descriptor}").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "Pid" and int(value) > 0:
                return int(value)
    return None
