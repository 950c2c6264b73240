"""A Dask scheduler and workers, started as the guide says, on the loopback interface."""

import contextlib
import json
import subprocess
import sys
import time

from guide import commands

SCHEDULER, WORKER, GRADE = commands("More than one machine")
ADDRESS = WORKER[2]
"""The scheduler's address in the guide."""


class Cluster:
    """A scheduler; workers are started one by one. A context manager that ends them all.

    Args:
        folder: for logs and the workers' files.
    """

    def __init__(self, folder):
        self._folder, self._file, self._processes = folder, folder / "scheduler.json", []
        host, port = ADDRESS.split(":")
        real = {host: "127.0.0.1", port: "0"}
        self._start([real.get(word, word) for word in SCHEDULER], "--scheduler-file", str(self._file))
        while not self._described():
            time.sleep(0.1)
            assert self._processes[0].poll() is None, self.log()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        # Killed, as a worker that is asked to end may wait forever for a scheduler that has ended.
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    @property
    def address(self) -> str:
        """Of the scheduler: host and port."""
        return self._described()["address"].removeprefix("tcp://")

    def worker(self, name: str) -> subprocess.Popen:
        """A new worker, without the guardian that would start it again."""
        command = [self.address if word == ADDRESS else word for word in WORKER]
        options = ["--host", "127.0.0.1", "--no-nanny", "--name", name, "--local-directory", str(self._folder)]
        return self._start(command, *options)

    def log(self) -> str:
        """The end of everybody's log."""
        return (self._folder / "dask.log").read_text()[-4000:]

    def _start(self, command, *options):
        assert command[0] == "dask"
        command = [sys.executable, "-m", *command, "--dashboard-address", "127.0.0.1:0", *options]
        with (self._folder / "dask.log").open("a") as log:
            process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log, start_new_session=True)
        self._processes.append(process)
        return process

    def _described(self):
        with contextlib.suppress(OSError, ValueError):
            return json.loads(self._file.read_text())
        return None
