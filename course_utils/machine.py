"""The machine and the place the course runs in: processors, memory, the process, the checkout around the package."""

import contextlib
import os
import time
from pathlib import Path

import psutil


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_limit() -> int:
    """Bytes of memory that this process may use: the machine's, or the container's limit where that is less."""
    installed = psutil.virtual_memory().total
    with contextlib.suppress(OSError, ValueError):  # no container, or one without a limit ("max")
        return min(installed, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return installed


def fast_bfloat16() -> bool:
    """Whether the processor multiplies 16-bit floats (bfloat16) itself; without that they are slower than 32 bits."""
    with contextlib.suppress(OSError):  # not Linux, where nothing is known of it
        words = Path("/proc/cpuinfo").read_text().split()
        return not {"avx512_bf16", "amx_bf16"}.isdisjoint(words)
    return False


def process_started() -> float:
    """When this process began, on the clock of `time.monotonic`."""
    return time.monotonic() - (time.time() - psutil.Process().create_time())


def checkout() -> Path | None:
    """The root of the clone that the package is imported from; None when it is installed on its own."""
    root = Path(__file__).resolve().parents[1]
    return root if (root / "pyproject.toml").is_file() else None


def take_lock(opened: int) -> None:
    """Take the lock of an open file, which ends with the process.

    Raises:
        OSError: another process holds it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        msvcrt.locking(opened, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
