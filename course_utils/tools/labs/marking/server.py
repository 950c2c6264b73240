"""The inside of the marking process: imports a lab's libraries, starts its sandbox, and forks for each submission.

It has a single thread. The process that starts it may have many, in a pool or as a worker of a cluster, and a process
with several threads cannot fork safely.
"""

import contextlib
import json
import os
import pickle
import resource
import signal
import socket
import sys
from multiprocessing.connection import Connection

import nbformat

from course_utils.errors import CourseError
from course_utils.tools.labs.lab.assignment import Assignment
from course_utils.tools.labs.marking.job import Job
from course_utils.tools.labs.marking.marker import Marker, within
from course_utils.tools.labs.sandbox import confine
from course_utils.tools.labs.sandbox.bubblewrap import Sandbox
from course_utils.tools.labs.sandbox.libraries import import_only
from course_utils.tools.labs.submissions.safe_copy import SafeCopy
from course_utils.tools.labs.submissions.submission import Submission, read_submission

_SLOTS = 4096
"""Slots for students' processes, chosen by the ids of the forks that mark them."""
_MEMORY = 2 * 2**30
"""Bytes that a fork may use beyond what the libraries need, whatever it has to read."""
_COPYING = 60
"""Seconds of processor time for the copy that is shown."""


def serve(control: socket.socket, job: Job) -> None:
    """Start the sandbox, then fork for each submission until the other side hangs up; does not return.

    Args:
        control: connected to a `MarkingProcess`.
        job: what is to be marked, and how.
    """
    try:
        lab, limits = pickle.loads(job.content)
        sandbox = Sandbox(lab.imported, limits, job.confined)
        import_only(lab.imported)  # while the sandbox does the same; the forks that run checks need them, too
        with sandbox:
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
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


def _mark(end: socket.socket, lab: Assignment, sandbox: Sandbox) -> None:
    """In a fork: mark one submission, or report what went wrong; does not return."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        # With this descriptor the other side can end this process, whatever it does.
        socket.send_fds(end, [b"h"], [os.pidfd_open(os.getpid())])
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (confine.address_space() + _MEMORY, most))
        with Connection(end.detach()) as connection:
            data, problem, grade_ids = connection.recv()
            try:
                connection.send((False, _answer(lab, sandbox, data, problem, grade_ids)))
            except BaseException as error:
                connection.send((True, f"{type(error).__name__}: {error}"[:1000]))
    finally:
        # Without cleaning up what belongs to the process that forked.
        os._exit(0)


def _answer(lab: Assignment, sandbox: Sandbox, data: bytes, problem: str | None, grade_ids: list[str]) -> bytes:
    submission = read_submission(data, lab) if problem is None else Submission(problem=problem)
    exercises = [exercise for exercise in lab.exercises if exercise.grade_id in grade_ids]
    marks = Marker(lab, submission, sandbox, os.getpid() % _SLOTS).mark(exercises)
    try:
        with within(_COPYING):
            copy = nbformat.writes(SafeCopy(lab, submission).notebook())
    except (MemoryError, RecursionError, TimeoutError):
        hidden = Submission(problem="The notebook cannot be shown: it is too large, or takes too long to draw.")
        copy = nbformat.writes(SafeCopy(lab, hidden).notebook())
    # ASCII only: a student's text may hold lone surrogates, which UTF-8 cannot encode.
    return json.dumps({"marks": [mark.as_record() for mark in marks], "copy": copy}).encode()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), pickle.load(sys.stdin.buffer))
