"""The untrusted side: the process that runs a student's cells and calls their functions.

Started by `bubblewrap` as `python -m course_utils.tools.labs.sandbox.student DESCRIPTOR JOB`. It imports the libraries
once, then forks for each submission and never sees one itself. Each request on the descriptor brings two more: the
student's channel and a lifeline. When the lifeline is closed, the student's process is killed from outside, whatever it
does.
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys

from course_utils.tools.labs.sandbox import confine, shell
from course_utils.tools.labs.sandbox.channel import Channel, Closed
from course_utils.tools.labs.sandbox.libraries import import_only
from course_utils.tools.labs.sandbox.limits import Limits
from course_utils.tools.labs.sandbox.meter import PATIENCE
from course_utils.tools.labs.sandbox.session import Session


def main() -> None:
    """Import the libraries, then fork for each request until the other side hangs up."""
    control = socket.socket(fileno=int(sys.argv[1]))
    job = json.loads(sys.argv[2])
    limits = Limits(**job["limits"])
    import_only(job["modules"])
    notebook = shell.start()
    gc.freeze()
    control.send(b"ready")
    while True:
        request, descriptors, *_ = socket.recv_fds(control, 64, 2)
        if not request:
            return
        # Forked twice, so that this process need not wait for the supervisor.
        if os.fork() == 0:
            control.close()
            if os.fork() == 0:
                _supervise(*descriptors, int(request), limits, job["confined"], notebook)
            os._exit(0)
        os.wait()
        for descriptor in descriptors:
            os.close(descriptor)


def _supervise(channel: int, lifeline: int, slot: int, limits: Limits, confined: bool, notebook: shell.Shell) -> None:
    """Run a student's process, tell the other side which it is, and kill it when the lifeline is closed."""
    try:
        if confined:
            with _reporting(channel):
                confine.separate()
        student = os.fork()
        if student == 0:
            os.close(lifeline)
            _become_student(channel, slot, limits, confined, notebook)
        os.close(channel)
        handle = os.pidfd_open(student)
        socket.send_fds(socket.socket(fileno=os.dup(lifeline)), [b"h"], [handle])
        waiting = select.poll()
        waiting.register(lifeline, 0)  # a hang-up is always reported
        waiting.register(handle, select.POLLIN)
        waiting.poll(limits.total * PATIENCE * 1000)
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    finally:
        os._exit(0)


def _become_student(channel: int, slot: int, limits: Limits, confined: bool, notebook: shell.Shell) -> None:
    try:
        # Signals to its process group reach nobody else, and the kernel shares the processors between sessions.
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        with _reporting(channel):
            if confined:
                confine.lock_down(limits, slot)
            else:
                confine.limit_resources(limits)
        os.environ.pop("COURSE_BACKEND", None)
        connection = Channel(socket.socket(fileno=channel))
        connection.send("ready")
        with contextlib.suppress(Closed):
            Session(notebook).serve(connection)
    finally:
        os._exit(0)


@contextlib.contextmanager
def _reporting(channel: int):
    """Report to the marking process why the student's process cannot start."""
    try:
        yield
    except OSError as error:
        Channel(socket.socket(fileno=os.dup(channel))).send(str(error))
        raise


if __name__ == "__main__":
    main()
