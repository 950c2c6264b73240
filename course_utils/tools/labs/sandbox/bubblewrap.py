"""The trusted side of the sandbox: bubblewrap around one process that forks for each student."""

import contextlib
import dataclasses
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import course_utils
from course_utils.errors import CourseError
from course_utils.tools.labs.sandbox import confine
from course_utils.tools.labs.sandbox.channel import Channel, Closed
from course_utils.tools.labs.sandbox.limits import Limits
from course_utils.tools.labs.sandbox.values import NotPlain

_START = 180
"""Seconds in which the libraries must have been imported."""


class SandboxFailed(BaseException):
    """The sandbox itself does not work: no fault of the submission, which can be marked another time.

    Not an `Exception`, so that no check takes it for the student's.
    """


class Sandbox:
    """A place for students' processes; starts at once, and is ready for use as a context manager.

    Args:
        modules: what is imported once, for all of them.
        limits: what each of them may use.
        confined: False runs them with the rights of whoever marks, with limits but without walls.

    Raises:
        CourseError: bubblewrap is missing or may not work here, and what to do.
    """

    def __init__(self, modules: list[str], limits: Limits, confined: bool = True):
        if confined:
            require()
        self.limits = limits
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        job = {"modules": modules, "limits": dataclasses.asdict(limits), "confined": confined}
        command = [
            sys.executable,
            "-m",
            "course_utils.tools.labs.sandbox.student",
            str(theirs.fileno()),
            json.dumps(job),
        ]
        environment = {"COURSE_BACKEND": "cold", "MPLBACKEND": "Agg", "KERAS_BACKEND": "tensorflow"}
        environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "MALLOC_ARENA_MAX": "2", "PYTHONDONTWRITEBYTECODE": "1"}
        environment |= dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR"), confine.SCRATCH if confined else "/tmp")
        environment |= {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
        # The very package that is marking, wherever Python would look for one.
        environment |= {"PYTHONPATH": str(Path(course_utils.__file__).parents[1])}
        if confined:
            command = [*_walls(), *command]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the sandbox; a pipe would be full one day)
        with theirs:
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._log,
                env=environment,
                cwd="/",
                start_new_session=True,
            )

    def __enter__(self):
        """Wait until the libraries are imported; what is done between the two goes on at the same time."""
        self._control.settimeout(_START)
        with contextlib.suppress(OSError):
            if self._control.recv(16) == b"ready":
                self._control.settimeout(None)
                return self
        self.close()
        self._log.seek(0)
        said = self._log.read().decode(errors="replace").strip().splitlines()
        raise CourseError(
            f"The sandbox does not start ({said[-1] if said else 'no message'}). bubblewrap needs user namespaces, or "
            "root with the right to mount: allow one of them, or insist with --no-sandbox on trusted submissions only."
        )

    def __exit__(self, *exception):
        self.close()

    def student(self, place: int) -> "Student":
        """A new process for a student's code.

        Args:
            place: a small number that no other living student's process has.

        Raises:
            SandboxFailed: there is none to be had.
        """
        return Student(self._control, place)

    def close(self) -> None:
        """End the sandbox and everything in it."""
        self._control.close()
        self._process.kill()
        self._process.wait()


class Student:
    """The trusted end of one student's process; a context manager that kills it at its end."""

    def __init__(self, control: socket.socket, place: int):
        ours, theirs = socket.socketpair()
        self._lifeline, watched = socket.socketpair()
        with theirs, watched:
            try:
                socket.send_fds(control, [str(place).encode()], [theirs.fileno(), watched.fileno()])
            except OSError as error:
                raise SandboxFailed(f"the sandbox has ended ({error})") from None
        self._channel = Channel(ours)
        try:
            ready = self._channel.receive(30)
        except (Closed, TimeoutError, NotPlain) as error:
            self.close()
            raise SandboxFailed(f"a student's process does not start ({type(error).__name__})") from None
        if ready != "ready":
            self.close()
            raise SandboxFailed(f"a student's process cannot be walled in: {ready}")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def ask(self, *request, timeout: float) -> dict:
        """Send a request and wait for the reply.

        Raises:
            Closed: the process is gone.
            TimeoutError: it does not answer.
            NotPlain: what it answers is no reply.
        """
        self._channel.send(request, timeout)
        reply = self._channel.receive(timeout)
        if not isinstance(reply, dict):
            raise NotPlain("something that is no reply")
        return reply

    def close(self) -> None:
        """Kill the process."""
        self._lifeline.close()
        self._channel.close()


def require() -> None:
    """Raise `CourseError` where there is no sandbox."""
    if not confine.supported():
        raise CourseError(
            "Marking in a sandbox needs Linux on a 64-bit x86 or ARM processor: mark in a virtual machine, or insist "
            "with --no-sandbox on trusted submissions only."
        )
    if shutil.which("bwrap") is None:
        raise CourseError(
            "Marking runs students' code in a sandbox, which needs bubblewrap: install it (Debian, Ubuntu: apt install "
            "bubblewrap), or insist with --no-sandbox on trusted submissions only."
        )


def _walls() -> list[str]:
    """The bubblewrap command: the system and the Python environment to read, nothing else of this machine."""
    command = ["bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--die-with-parent"]
    if os.getuid() != 0:
        # Capabilities in a namespace of its own, with which the process inside can wall off each student.
        command += ["--unshare-user", "--cap-add", "CAP_SYS_ADMIN"]
    command += ["--hostname", "sandbox", "--proc", "/proc", "--dev", "/dev"]
    command += ["--perms", "0755", "--dir", "/tmp", "--perms", "1777", "--tmpfs", confine.SCRATCH]
    shown = [Path("/usr"), Path(sys.prefix), Path(sys.base_prefix), Path(course_utils.__file__).parent]
    shown += [Path("/etc", name) for name in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "fonts", "localtime")]
    shown += [Path(folder) for folder in sys.path if folder.endswith("-packages")]
    for folder in ("/lib", "/lib32", "/lib64", "/bin"):
        if os.path.islink(folder):
            command += ["--symlink", os.readlink(folder), folder]
        elif os.path.isdir(folder):
            shown.append(Path(folder))
    made = set()
    for path in dict.fromkeys(path for path in shown if path.exists()):
        for parent in reversed(path.parents[:-1]):
            if parent not in made and not any(parent.is_relative_to(other) for other in shown):
                # Folders on the way would get the rights of the real ones, which may be closed to others.
                command += ["--perms", "0755", "--dir", str(parent)]
                made.add(parent)
        command += ["--ro-bind", str(path), str(path)]
    return [*command, "--remount-ro", "/", "--chdir", "/", "--"]
