"""One process that has imported a lab's libraries, holds its sandbox, and forks for each submission.

It is a process of its own, with a single thread, because whoever asks it (`station`) may have many, in a pool or as the
worker of a cluster, and a process with threads cannot fork safely.
"""

import contextlib
import json
import os
import pickle
import signal
import socket
import sys
from multiprocessing.connection import Connection

import nbformat

from course_utils.errors import CourseError
from course_utils.tools.labs.lab.assignment import Assignment
from course_utils.tools.labs.marking.mark import Marker
from course_utils.tools.labs.marking.marker import Job
from course_utils.tools.labs.marking.submission import Submission, read_submission
from course_utils.tools.labs.returning.sanitize import SafeCopy
from course_utils.tools.labs.sandbox.bubblewrap import Sandbox
from course_utils.tools.labs.sandbox.student import import_only

_USERS = 4096
"""Students' processes get different users, chosen by the numbers of their marking processes."""


def serve(control: socket.socket, job: Job) -> None:
    """Start the sandbox, then fork for each submission until the other side hangs up; does not return.

    Args:
        control: connected to a `Station`.
        job: what is to be marked, and how.
    """
    try:
        lab, limits = pickle.loads(job.content)
        sandbox = Sandbox(lab.imported, limits, job.confined)
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
    serve(socket.socket(fileno=int(sys.argv[1])), pickle.load(sys.stdin.buffer))
