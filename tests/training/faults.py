"""A training by two workers whose every life ends by another fault, compared with one that nothing disturbed.

    python tests/training/faults.py     # some minutes; as root, since the disk that gets full is mounted

Each life goes on from the last. One line per fault: how long the workers took to end, and what they said last. The
status is 1 where one did not end in time or said more than a line. The last life has to end as undisturbed workers do.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from full_disk import MEBIBYTE, Disk  # noqa: E402
from parted import free_ports, start_worker  # noqa: E402
from test_strategies import assert_close  # noqa: E402

from course_utils.datasets import toy_streets  # noqa: E402
from course_utils.training import Run  # noqa: E402
from course_utils.training.strategies.meeting import HUNG  # noqa: E402

EPOCHS = 8
SOON = 60
"""Seconds to end in after a fault that shows by itself, with the step that meets it, on a machine that is busy."""


class Campaign:
    """A run, its disk, and a copy of the data for each worker."""

    def __init__(self, place: Path):
        self.disk, self.faults = Disk(place / "disk"), 0
        self.disk.path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={8 * MEBIBYTE}", "tmpfs", self.disk.path], check=True)
        counts = {"train": 8, "val": 3, "test": 1}
        data = toy_streets.generate(place / "toy", size=(64, 128), counts=counts, workers=1, progress=False)
        self.data = [shutil.copytree(data, place / f"data_{index}") for index in range(2)]
        self.output = place / "whole"
        self.whole = self.finish()
        self.output = self.disk.path / "run"

    def begin(self, *indices: int, wait: int = 300) -> list[subprocess.Popen]:
        """Workers of the run's next life."""
        addresses, more = [f"127.0.0.1:{port}" for port in free_ports(2)], [f"--epochs={EPOCHS}", f"--wait={wait}"]
        if (self.output / "config.json").exists():
            more.append("--resume")
        places = (self.output, "/nowhere/run")
        return [start_worker(k, addresses, self.data[k], places[k], *more, PARTED_FORGETFUL="1") for k in indices]

    def finish(self) -> Run:
        """The run, when nothing disturbs its workers any more."""
        for worker in self.begin(0, 1):
            errors = worker.communicate()[1]
            assert worker.returncode == 0, errors
        return Run(self.output)

    def train(self, epochs: int = 1) -> list[subprocess.Popen]:
        """Both workers, when they have trained some epochs of their life."""
        workers, wanted = self.begin(0, 1), self._epochs() + epochs
        while self._epochs() < wanted:
            for worker in workers:
                assert worker.poll() is None, worker.communicate()[1]
            time.sleep(0.02)
        return workers

    def _epochs(self) -> int:
        return len(Run(self.output).log) if (self.output / "config.json").exists() else 0

    def ended(self, fault: str, workers: list[subprocess.Popen], words: str, within: float = SOON) -> None:
        """Wait for workers to end by themselves, and look at how they did."""
        begun, said, wrong = time.monotonic(), [], []
        for worker in workers:
            try:
                errors = worker.communicate(timeout=max(0.1, within + begun - time.monotonic()))[1]
            except subprocess.TimeoutExpired:
                worker.kill()
                wrong.append("did not end")
                continue
            said.append(re.sub(r" \(127\.0\.0\.1:\d+\)", "", errors.strip().splitlines()[-1]))
            if worker.returncode not in (1, 2) or "Traceback" in errors or not re.search(words, said[-1]):
                wrong.append(f"status {worker.returncode}: {errors[-2000:]}")
        self.faults += bool(wrong)
        print(f"{fault}: {time.monotonic() - begun:.1f} s", *said, *(f"WRONG: {one}" for one in wrong), sep="\n    ")
        sys.stdout.flush()

    def unreadable(self, index: int) -> None:
        """An epoch in which a worker's images cannot be read."""
        files = list((self.data[index] / "leftImg8bit" / "train").rglob("*.png"))
        workers = self.train()
        kept = {file: file.read_bytes() for file in files}
        for file in files:
            file.write_bytes(kept[file][: len(kept[file]) // 2])
        self.ended(f"an image is cut off, worker {index}", workers, r"leftImg8bit\.png.*restore|cut off")
        for file in files:
            file.write_bytes(kept[file])

    def hangs(self, index: int) -> None:
        """A process that is stopped while its machine lives."""
        workers = self.train()
        stopped = workers.pop(index)
        stopped.send_signal(signal.SIGSTOP)
        self.ended(f"worker {index} hangs", workers, f"worker {index} hangs: it has said nothing", HUNG + SOON)
        stopped.send_signal(signal.SIGCONT)
        self.ended(f"worker {index} wakes up later", [stopped], "is gone")

    def full(self) -> None:
        """No room for the next checkpoint."""
        workers = self.train()
        self.disk.leave(0)
        self.ended("the chief's disk is full", workers, "No space left")
        (self.disk.path / "filler").unlink()

    def set_back(self) -> None:
        """A clock that is set back by an hour: all that is there was written later."""
        later = time.time() + 3600
        for path in [*self.output.rglob("*"), *self.data[0].rglob("*"), *self.data[1].rglob("*")]:
            os.utime(path, (later, later))

    def run(self) -> int:
        """All of it."""
        self.ended("the chief never comes", self.begin(1, wait=5), "did not answer within 5 s")
        self.ended("a worker never comes", self.begin(0, wait=5), "did not come within 5 s")
        assert not self.output.exists()
        self.unreadable(1)
        self.unreadable(0)
        self.full()
        self.hangs(1)
        self.hangs(0)
        self.set_back()
        run = self.finish()
        assert not list(self.output.rglob("*partial*"))
        assert_close(self.whole, run)
        print(f"The last life ends as one that nothing disturbed. {self.faults} faults ended wrongly.")
        return min(1, self.faults)


def main() -> int:
    """The campaign, in a folder that is removed."""
    with tempfile.TemporaryDirectory() as place:
        try:
            return Campaign(Path(place)).run()
        finally:
            subprocess.run(["umount", "-l", str(Path(place) / "disk")], check=False)


if __name__ == "__main__":
    sys.exit(main())
