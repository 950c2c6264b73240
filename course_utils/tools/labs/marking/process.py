"""The marking process as seen from outside: starts it, sends it submissions, ends it. `server` is what runs inside."""

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from multiprocessing.connection import Connection
from pathlib import Path

import course_utils
from course_utils.errors import CourseError
from course_utils.tools.labs.marking import server
from course_utils.tools.labs.marking.job import Job, MarkingFailed
from course_utils.tools.labs.sandbox.meter import PATIENCE

_START = 240
"""Seconds that importing the libraries may take, in the marking process and in the sandbox."""
_GRACE = 60
"""Seconds beyond a submission's limit after which the fork that marks it is killed."""


class MarkingProcess:
    """Marks submissions of one lab, as many at the same time as threads call `mark`. The process starts at once.

    Args:
        job: what is to be marked, and how.
        fork: whether to fork this process, which saves seconds of imports; safe only while no thread holds a lock.
    """

    def __init__(self, job: Job, fork: bool = False):
        self._seconds, self._starting, self._problem = job.seconds * PATIENCE + _GRACE, threading.Lock(), "starting"
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._pid = (_fork if fork else _spawn)(self._control, theirs, job)

    def wait(self) -> None:
        """Wait until it is ready to mark.

        Raises:
            CourseError: it cannot mark; the message says why and what to do.
        """
        with self._starting:
            if self._problem == "starting":
                self._control.settimeout(_START)
                message = b""
                with contextlib.suppress(OSError):
                    message = self._control.recv(10_000)
                    self._control.settimeout(None)
                self._problem = (message.decode() or "The marking process does not start.").removeprefix("ready")
            if self._problem:
                raise CourseError(self._problem)

    def mark(self, data: bytes, problem: str | None, grade_ids: list[str]) -> bytes:
        """Mark some exercises of a submission.

        Args:
            data: the notebook.
            problem: why there is no notebook to mark.
            grade_ids: of the exercises.

        Returns:
            JSON with two keys: `marks`, a list of records, and `copy`, a notebook (as text) that is safe to show.

        Raises:
            MarkingFailed: the submission could not be marked; another attempt may succeed.
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
                with Connection(ours.detach()) as connection:
                    connection.send((data, problem, grade_ids))
                    if connection.poll(self._seconds):
                        failed, answer = connection.recv()
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
        raise MarkingFailed("the process that was marking it hung or died")

    def close(self) -> None:
        """End the process and everything it has started."""
        self._control.close()
        for end in (os.killpg, os.kill):  # it may not have a group of its own yet
            with contextlib.suppress(ProcessLookupError):
                end(self._pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


def _fork(ours: socket.socket, theirs: socket.socket, job: Job) -> int:
    pid = os.fork()
    if pid == 0:
        ours.close()
        os.setsid()
        server.serve(theirs, job)
    return pid


def _spawn(ours: socket.socket, theirs: socket.socket, job: Job) -> int:
    # The same package that is running here, wherever Python would look for one.
    path = os.pathsep.join(filter(None, [str(Path(course_utils.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    with tempfile.TemporaryFile() as file:  # a pipe would make this process wait for the other one's imports
        pickle.dump(job, file)
        file.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-m", server.__name__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=file,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
    process.returncode = 0  # `MarkingProcess.close` waits for it
    return process.pid
