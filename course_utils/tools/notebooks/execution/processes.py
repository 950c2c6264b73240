"""A child process whose descendants all end with it.

Jupyter starts each kernel in a session of its own, so killing the process group of a hung papermill leaves the kernel
behind. Instead, every process of a family inherits an environment variable, and is found by it wherever it went.
"""

import contextlib
import os
import subprocess
import uuid

import psutil

_VARIABLE = "COURSE_PROCESS_FAMILIES"


class Family:
    """A child process and all its descendants, killed when the `with` block ends.

    Families may be nested: the variable lists all that a process belongs to.

    Args:
        command: program and arguments.
        env: variables on top of the current environment; None removes one.
        **options: as for `subprocess.Popen`.
    """

    def __init__(self, command: list[str], env: dict[str, str | None] | None = None, **options):
        self._name = uuid.uuid4().hex
        families = ",".join(filter(None, [os.environ.get(_VARIABLE), self._name]))
        variables = {**os.environ, **(env or {}), _VARIABLE: families}
        variables = {name: value for name, value in variables.items() if value is not None}
        self.process = subprocess.Popen(command, env=variables, start_new_session=True, **options)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.kill()

    def members(self) -> list[psutil.Process]:
        """All living processes of the family."""
        found = []
        for process in psutil.process_iter():
            # Another user's process, or one that has just ended, is no member; neither is a zombie.
            with contextlib.suppress(psutil.Error, OSError):
                if self._name in process.environ().get(_VARIABLE, "").split(","):
                    found.append(process)
        return found

    def descendants_memory(self) -> int:
        """Bytes of resident memory of the process's descendants (a kernel and what it started), shared pages twice."""
        total = 0
        with contextlib.suppress(psutil.Error):
            for process in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    total += process.memory_info().rss
        return total

    def kill(self):
        """Kill every member, again until none is left: a process may start another one while it is looked for."""
        while members := self.members():
            for process in members:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            psutil.wait_procs(members, timeout=1)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                # A pipe to a dead process complains when it is flushed.
                with contextlib.suppress(OSError):
                    pipe.close()
