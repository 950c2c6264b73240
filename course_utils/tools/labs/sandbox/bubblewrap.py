"""The trusted side of the sandbox: bubblewrap around one process that forks for each submission."""

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
from course_utils.tools.labs.sandbox.channel import Channel, Closed, on_the_clock
from course_utils.tools.labs.sandbox.limits import Limits
from course_utils.tools.labs.sandbox.meter import PATIENCE, Meter, pid_behind
from course_utils.tools.labs.sandbox.replies import Reply, checked
from course_utils.tools.labs.sandbox.values import NotPlain

_START = 180
"""Seconds that importing the libraries may take."""
_FORK = 60
"""Seconds that starting a student's process may take."""

_WITHOUT = "For submissions that you trust, --no-sandbox marks without one."


class SandboxFailed(BaseException):
    """The sandbox itself does not work; the submission is not to blame, and can be marked another time.

    Not an `Exception`, so that no check mistakes it for the student's.
    """


class Sandbox:
    """Starts students' processes. Its own process starts at once; entering the context waits until it is ready.

    Args:
        modules: imported once, for all students' processes.
        limits: what each student's process may use.
        confined: False runs students' code with your own rights: within the limits, but without a sandbox.

    Raises:
        CourseError: bubblewrap is missing or cannot work here; the message says what to do.
    """

    def __init__(self, modules: list[str], limits: Limits, confined: bool = True):
        if confined:
            require_sandbox()
        self.limits = limits
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        job = {"modules": modules, "limits": dataclasses.asdict(limits), "confined": confined}
        command = [sys.executable, "-m", f"{__package__}.student", str(theirs.fileno()), json.dumps(job)]
        environment = {"COURSE_BACKEND": "cold", "MPLBACKEND": "Agg", "KERAS_BACKEND": "tensorflow"}
        environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "MALLOC_ARENA_MAX": "2", "PYTHONDONTWRITEBYTECODE": "1"}
        environment |= dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR"), confine.SCRATCH if confined else "/tmp")
        environment |= {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
        # The same package that is running here, wherever Python would look for one.
        environment |= {"PYTHONPATH": str(Path(course_utils.__file__).parents[1])}
        if confined:
            command = [*_bubblewrap_command(), *command]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the sandbox; a pipe would fill up)
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
        """Wait until the libraries are imported; until then the caller can do other work."""
        self._control.settimeout(_START)
        with contextlib.suppress(OSError):
            if self._control.recv(16) == b"ready":
                self._control.settimeout(None)
                return self
        self.close()
        self._log.seek(0)
        log = self._log.read().decode(errors="replace").strip().splitlines()
        raise CourseError(
            f"The sandbox does not start ({log[-1] if log else 'no message'}). bubblewrap needs user namespaces, or "
            f"root with the right to mount: allow one of them. {_WITHOUT}"
        )

    def __exit__(self, *exception):
        self.close()

    def start_student(self, slot: int) -> "StudentProcess":
        """Start a new process for a student's code.

        Args:
            slot: a small number that no other running student's process has; as root, it decides the process's user.

        Raises:
            SandboxFailed: the process does not start.
        """
        return StudentProcess(self._control, slot)

    def close(self) -> None:
        """End the sandbox and everything in it."""
        self._control.close()
        self._process.kill()
        self._process.wait()


class StudentProcess:
    """The trusted end of one student's process.

    Args:
        control: the connection to the sandbox.
        slot: as in `Sandbox.start_student`.

    Raises:
        SandboxFailed: the process does not start.
    """

    def __init__(self, control: socket.socket, slot: int):
        ours, theirs = socket.socketpair()
        self._lifeline, watched = socket.socketpair()
        with theirs, watched:
            try:
                socket.send_fds(control, [str(slot).encode()], [theirs.fileno(), watched.fileno()])
            except OSError as error:
                raise SandboxFailed(f"the sandbox has ended ({error})") from None
        self._channel = Channel(ours)
        try:
            ready = self._channel.receive(on_the_clock(_FORK))
            self._pid = self._receive_pid() if ready == "ready" else None
        except (Closed, OSError, NotPlain) as error:
            self.close()
            raise SandboxFailed(f"a student's process does not start ({type(error).__name__})") from None
        if ready != "ready":
            self.close()
            raise SandboxFailed(f"a student's process cannot be confined: {ready}")

    def ask(self, kind: str, *request, seconds: float) -> tuple[Reply, float]:
        """Send a request and wait for the reply.

        Args:
            kind: what is asked for.
            request: the rest of the request.
            seconds: that it may take, as `Meter` counts them.

        Returns:
            The reply, and the seconds that it took.

        Raises:
            Closed: the process is gone.
            TimeoutError: it does not answer.
            NotPlain: it sends something that is not a reply. After any of these, and if the wait is interrupted, the
                process is of no use any more: what it sends may be the answer to an earlier request.
        """
        meter = Meter(self._pid)
        self._channel.send((kind, *request), seconds * PATIENCE)
        raw = self._channel.receive(lambda: seconds - meter.seconds())
        return checked(raw, kind), meter.seconds()

    def _receive_pid(self) -> int | None:
        """The process's id on this side, from the handle that the supervisor sends."""
        self._lifeline.settimeout(_FORK)
        _, handles, *_ = socket.recv_fds(self._lifeline, 1, 1)
        try:
            return pid_behind(handles[0]) if handles else None
        finally:
            for handle in handles:
                os.close(handle)

    def close(self) -> None:
        """Kill the process."""
        self._lifeline.close()
        self._channel.close()


def require_sandbox() -> None:
    """Check that this machine can run a sandbox.

    Raises:
        CourseError: it cannot; the message says what to do.
    """
    if not confine.supported():
        raise CourseError(
            "The sandbox for students' code needs Linux on a 64-bit x86 or ARM processor: mark in a virtual machine. "
            + _WITHOUT
        )
    if shutil.which("bwrap") is None:
        raise CourseError(
            "The sandbox for students' code needs bubblewrap: install it (Debian, Ubuntu: apt install bubblewrap). "
            + _WITHOUT
        )


def _bubblewrap_command() -> list[str]:
    """The system and the Python environment are there, read-only; nothing else of this machine is."""
    command = ["bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--die-with-parent"]
    if os.getuid() != 0:
        # The process inside needs this capability, in a namespace of its own, to separate students from each other.
        command += ["--unshare-user", "--cap-add", "CAP_SYS_ADMIN"]
    command += ["--hostname", "sandbox", "--proc", "/proc", "--dev", "/dev"]
    command += ["--perms", "0755", "--dir", "/tmp", "--perms", "1777", "--tmpfs", confine.SCRATCH]
    visible = [Path("/usr"), Path(sys.prefix), Path(sys.base_prefix), Path(course_utils.__file__).parent]
    visible += [Path("/etc", name) for name in ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "fonts", "localtime")]
    visible += [Path(folder) for folder in sys.path if folder.endswith("-packages")]
    for folder in ("/lib", "/lib32", "/lib64", "/bin"):
        if os.path.islink(folder):
            command += ["--symlink", os.readlink(folder), folder]
        elif os.path.isdir(folder):
            visible.append(Path(folder))
    made = set()
    for path in dict.fromkeys(path for path in visible if path.exists()):
        for parent in reversed(path.parents[:-1]):
            if parent not in made and not any(parent.is_relative_to(other) for other in visible):
                # bubblewrap would copy the permissions of the real parent folders, which other users may not enter.
                command += ["--perms", "0755", "--dir", str(parent)]
                made.add(parent)
        command += ["--ro-bind", str(path), str(path)]
    return [*command, "--remount-ro", "/", "--chdir", "/", "--"]
