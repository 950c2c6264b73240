"""A marking station, as those who ask it see it; `marking_process` is what it starts."""

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import course_utils
from course_utils.errors import CourseError

_START = 240
"""Seconds in which the libraries must have been imported, here and in the sandbox."""
_GRACE = 60
"""Seconds beyond a submission's limit before its marking process is killed, too."""


class MarkingFailed(Exception):
    """A submission could not be marked, through no fault of its author."""


@dataclass(frozen=True)
class Job:
    """What a station has to know, in a form that travels and that nobody on the way has to understand.

    Attributes:
        content: the lab and the limits of each submission, as a pickle.
        seconds: that a submission may take.
        confined: whether students' code runs in a sandbox.
    """

    content: bytes
    seconds: float
    confined: bool


class Station:
    """Marks submissions of one lab, as many at the same time as there are threads that ask; starts at once.

    Args:
        job: what is to be marked, and how.
        fork: from this process, which saves seconds of imports; only where no other thread does anything.
    """

    def __init__(self, job: Job, fork: bool = False):
        self._seconds, self._starting, self._problem = job.seconds + _GRACE, threading.Lock(), "starting"
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._pid = (_fork if fork else _spawn)(self._control, theirs, job)

    def wait(self) -> None:
        """Wait until it can mark.

        Raises:
            CourseError: it cannot: why, and what to do.
        """
        with self._starting:
            if self._problem == "starting":
                self._control.settimeout(_START)
                said = b""
                with contextlib.suppress(OSError):
                    said = self._control.recv(10_000)
                    self._control.settimeout(None)
                self._problem = (said.decode() or "The marking process does not start.").removeprefix("ready")
            if self._problem:
                raise CourseError(self._problem)

    def mark(self, data: bytes, problem: str | None, grade_ids: list[str]) -> bytes:
        """Mark some exercises of a submission.

        Args:
            data: the notebook.
            problem: why there is no notebook to mark.
            grade_ids: of the exercises.

        Returns:
            JSON: `marks`, a list of records, and `copy`, the text of a notebook that is safe to look at.

        Raises:
            MarkingFailed: the marking itself failed; it may succeed another time.
            CourseError: like `wait`.
        """
        self.wait()
        ours, theirs = socket.socketpair()
        handle = None
        try:
            with ours:
                with theirs:
                    socket.send_fds(self._control, [b"mark"], [theirs.fileno()])
                ours.settimeout(_GRACE)
                _, (handle,), *_ = socket.recv_fds(ours, 1, 1)
                ours.settimeout(None)
                with Connection(ours.detach()) as line:
                    line.send((data, problem, grade_ids))
                    if line.poll(self._seconds):
                        failed, answer = line.recv()
                        if failed:
                            raise MarkingFailed(answer)
                        return answer
        except (OSError, EOFError, ValueError):
            pass
        finally:
            if handle is not None:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
                os.close(handle)
        raise MarkingFailed("its marking process hung or died")

    def close(self) -> None:
        """End everything that it has started."""
        self._control.close()
        for end in (os.killpg, os.kill):  # it may not have a group of its own yet
            with contextlib.suppress(ProcessLookupError):
                end(self._pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


def _fork(ours: socket.socket, theirs: socket.socket, job: Job) -> int:
    from course_utils.tools.labs.marking.process import serve

    pid = os.fork()
    if pid == 0:
        ours.close()
        os.setsid()
        serve(theirs, job)
    return pid


def _spawn(ours: socket.socket, theirs: socket.socket, job: Job) -> int:
    # The very package that is asking, wherever Python would look for one.
    path = os.pathsep.join(filter(None, [str(Path(course_utils.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    with tempfile.TemporaryFile() as file:  # a pipe would keep us until all is imported there
        pickle.dump(job, file)
        file.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-m", "course_utils.tools.labs.marking.process", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=file,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
    process.returncode = 0  # `Station.close` waits for it
    return process.pid
