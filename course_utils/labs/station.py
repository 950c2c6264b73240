"""A marking station: one process that has imported a lab's libraries, holds its sandbox, and forks for each submission.

It is a process of its own, with a single thread, because whoever asks it may have many (a pool, a worker of a cluster),
and a process with threads cannot fork safely.
"""

import contextlib
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

import nbformat

import course_utils
from course_utils.errors import CourseError
from course_utils.labs.assignment import Assignment
from course_utils.labs.limits import Limits
from course_utils.labs.marking import Marker
from course_utils.labs.sandbox import Sandbox
from course_utils.labs.showing import SafeCopy
from course_utils.labs.student import import_only
from course_utils.labs.submission import Submission, read_submission

_START = 240
"""Seconds in which the libraries must have been imported, here and in the sandbox."""
_GRACE = 60
"""Seconds beyond a submission's limit before its marking process is killed, too."""
_USERS = 4096
"""Students' processes get different users, chosen by the numbers of their marking processes."""


class MarkingFailed(Exception):
    """A submission could not be marked, through no fault of its author."""


class Station:
    """Marks submissions of one lab, as many at the same time as there are threads that ask; starts at once.

    Args:
        lab: with its checks.
        limits: of each submission.
        confined: False runs students' code without a sandbox.
        fork: from this process, which saves seconds of imports; only where no other thread does anything.
    """

    def __init__(self, lab: Assignment, limits: Limits, confined: bool, fork: bool = False):
        self._limits, self._starting, self._problem = limits, threading.Lock(), "starting"
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._pid = (_fork if fork else _spawn)(self._control, theirs, (lab, limits, confined))

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
                    if line.poll(self._limits.total + _GRACE):
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
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


def _fork(ours: socket.socket, theirs: socket.socket, job: tuple) -> int:
    pid = os.fork()
    if pid == 0:
        ours.close()
        os.setsid()
        _serve(theirs, job)
    return pid


def _spawn(ours: socket.socket, theirs: socket.socket, job: tuple) -> int:
    # The very package that is asking, wherever Python would look for one.
    path = os.pathsep.join(filter(None, [str(Path(course_utils.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        [sys.executable, "-m", "course_utils.labs.station", str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    )
    with contextlib.suppress(BrokenPipeError), process.stdin as line:
        pickle.dump(job, line)
    process.returncode = 0  # `Station.close` waits for it
    return process.pid


def _serve(control: socket.socket, job: tuple) -> None:
    """Start the sandbox, then fork for each submission until the other side hangs up; does not return."""
    try:
        lab, limits, confined = job
        sandbox = Sandbox(lab.imported, limits, confined)
        import_only(lab.imported)  # meanwhile, and for the checks: their processes are forks of this one
        with sandbox:
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
            control.send(b"ready")
            while True:
                request, descriptors, *_ = socket.recv_fds(control, 64, 1)
                if not request:
                    break
                if os.fork() == 0:
                    control.close()
                    _mark(socket.socket(fileno=descriptors[0]), lab, sandbox)
                os.close(descriptors[0])
    except Exception as error:
        known = isinstance(error, CourseError)
        text = str(error) if known else f"The marking process does not start: {type(error).__name__}: {error}"
        with contextlib.suppress(OSError):
            control.send(text.encode(errors="replace")[:10_000])
    finally:
        os.killpg(0, signal.SIGKILL)


def _mark(line: socket.socket, lab: Assignment, sandbox: Sandbox) -> None:
    """In a process of its own: mark one submission, or say what went wrong."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        # Whoever asks can end this process, whatever it does.
        socket.send_fds(line, [b"h"], [os.pidfd_open(os.getpid())])
        with Connection(line.detach()) as asking:
            data, problem, grade_ids = asking.recv()
            try:
                asking.send((False, _answer(lab, sandbox, data, problem, grade_ids)))
            except BaseException as error:
                asking.send((True, f"{type(error).__name__}: {error}"[:1000]))
    finally:
        # No clean-up of what is shared with the process that forked.
        os._exit(0)


def _answer(lab: Assignment, sandbox: Sandbox, data: bytes, problem: str | None, grade_ids: list[str]) -> bytes:
    submission = read_submission(data, lab) if problem is None else Submission(problem=problem)
    exercises = [exercise for exercise in lab.exercises if exercise.grade_id in grade_ids]
    marks = Marker(lab, submission, sandbox, os.getpid() % _USERS).mark(exercises)
    copy = nbformat.writes(SafeCopy(lab, submission).notebook())
    # Lone surrogates and other oddities of a student's text stay in ASCII escapes.
    return json.dumps({"marks": [mark.as_record() for mark in marks], "copy": copy}).encode()


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])), pickle.load(sys.stdin.buffer))
