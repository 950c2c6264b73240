"""A Dask scheduler and workers, processes of their own on the loopback interface, for the tests of marking there."""

import contextlib
import json
import subprocess
import sys
import time


class Cluster:
    """A scheduler; workers are started one by one. A context manager that ends them all.

    Args:
        folder: for logs and the workers' files.
    """

    def __init__(self, folder):
        self._folder, self._file, self.workers = folder, folder / "scheduler.json", []
        self._processes = [self._start("scheduler", "--port", "0", "--scheduler-file", self._file)]
        while not self._described():
            self._alive(self._processes[0])

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            process.wait(120)

    @property
    def address(self) -> str:
        """Of the scheduler."""
        return self._described()["address"].removeprefix("tcp://")

    def worker(self) -> subprocess.Popen:
        """A new worker of one thread, named by its number, without the guardian that would start it again."""
        options = ["--scheduler-file", self._file, "--nthreads", "1", "--no-nanny", "--name", len(self.workers)]
        process = self._start("worker", *options, "--local-directory", self._folder)
        self._processes.append(process)
        self.workers.append(process)
        return process

    def _start(self, kind, *options):
        command = [
            sys.executable,
            "-m",
            "dask",
            kind,
            "--host",
            "127.0.0.1",
            "--dashboard-address",
            "127.0.0.1:0",
            *map(str, options),
        ]
        with (self._folder / "dask.log").open("a") as log:
            return subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log, start_new_session=True)

    def _described(self):
        with contextlib.suppress(OSError, ValueError):
            return json.loads(self._file.read_text())
        return None

    def _alive(self, process):
        time.sleep(0.1)
        assert process.poll() is None, (self._folder / "dask.log").read_text()[-2000:]
