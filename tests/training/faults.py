"""A training by two workers whose every life ends by another fault, compared with one that nothing disturbed.

    python tests/training/faults.py                  # some minutes; as root, since the disk that gets full is mounted
    python tests/training/faults.py standstill alone # some of its faults

Each life goes on from the last. One line per fault: how long the workers took to end, within which time they have to,
and what they said last. The status is 1 where one did not end in time or said more than a line. The last life has to
end as undisturbed workers do. Then the same for one process alone, to the last bit.
"""

import argparse
import os
import re
import resource
import select
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
from kills import contents, differences  # noqa: E402
from parted import free_ports, start_worker  # noqa: E402
from test_strategies import assert_close  # noqa: E402

from course_utils.datasets import toy_streets  # noqa: E402
from course_utils.training import Run  # noqa: E402
from course_utils.training.strategies.meeting import HUNG  # noqa: E402

EPOCHS = 20
"""Each life trains some of them before its fault; some are left for the last life."""

SOON = 60
"""Seconds to end in after a fault that shows by itself, with the step that meets it, on a machine that is busy."""

STILL = 5
"""Seconds after which `parted` lets the workers say that nothing has happened; otherwise two minutes."""


class Campaign:
    """A run, its disk, and a copy of the data for each worker."""

    def __init__(self, place: Path):
        self.disk, self.faults, self.count = Disk(place / "disk"), 0, 2
        self.disk.path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={8 * MEBIBYTE}", "tmpfs", self.disk.path], check=True)
        counts = {"train": 8, "val": 3, "test": 1}
        data = toy_streets.generate(place / "toy", size=(64, 128), counts=counts, workers=1, progress=False)
        self.data = [shutil.copytree(data, place / f"data_{index}") for index in range(2)]
        self.place = place

    def begin(self, *indices: int, wait: int = 300, **more) -> list[subprocess.Popen]:
        """Workers of the run's next life."""
        addresses = [f"127.0.0.1:{port}" for port in free_ports(self.count)]
        options = [f"--epochs={EPOCHS}", f"--wait={wait}"]
        if (self.output / "config.json").exists():
            options.append("--resume")
        places, more = (self.output, "/nowhere/run"), {"PARTED_FORGETFUL": "1", **more}
        return [start_worker(k, addresses, self.data[k], places[k], *options, **more) for k in indices]

    def finish(self, full: int | None = None) -> Run:
        """The run, when nothing disturbs its workers any more.

        Args:
            full: a worker that cannot write a byte into any file from the next epoch on.
        """
        workers = self.begin(*range(self.count)) if full is None else self.train()
        if full is not None:
            resource.prlimit(workers[full].pid, resource.RLIMIT_FSIZE, (0, 0))
        for worker in workers:
            errors = worker.communicate()[1]
            assert worker.returncode == 0, errors
        return Run(self.output)

    def train(self, epochs: int = 1, **more) -> list[subprocess.Popen]:
        """All workers, when they have trained some epochs of their life."""
        workers, wanted = self.begin(*range(self.count), **more), self._epochs() + epochs
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
            said.append(_last(errors))
            if worker.returncode not in (1, 2) or "Traceback" in errors or not re.search(words, said[-1]):
                wrong.append(f"status {worker.returncode}: {errors[-2000:]}")
        self._tell(fault, time.monotonic() - begun, within, said, wrong)

    def _tell(self, fault: str, took: float, within: float, said: list[str], wrong: list[str]) -> None:
        self.faults += bool(wrong)
        told = f"{fault}: {took:.1f} s (within {within:g} s)"
        print(told, *said, *(f"WRONG: {one}" for one in wrong), sep="\n    ", flush=True)

    def unreadable(self, index: int, epochs: int = 1) -> None:
        """Images of a worker that cannot be read from some epoch on."""
        files = self._images(index)
        workers = self.train(epochs)
        kept = {file: file.read_bytes() for file in files}
        for file in files:
            file.write_bytes(kept[file][: len(kept[file]) // 2])
        fault = f"an image is cut off in epoch {self._epochs() + 1}, worker {index} of {self.count}"
        self.ended(fault, workers, r"leftImg8bit\.png.*restore|cut off")
        for file in files:
            file.write_bytes(kept[file])

    def _images(self, index: int) -> list[Path]:
        return list((self.data[index] / "leftImg8bit" / "train").rglob("*.png"))

    def hangs(self, index: int) -> None:
        """A process that is stopped while its machine lives."""
        workers = self.train()
        stopped = workers.pop(index)
        stopped.send_signal(signal.SIGSTOP)
        self.ended(f"worker {index} hangs", workers, f"worker {index} hangs: it has said nothing", HUNG + SOON)
        stopped.send_signal(signal.SIGCONT)
        self.ended(f"worker {index} wakes up later", [stopped], "is gone")

    def stands_still(self, index: int) -> None:
        """A process that lives, and waits for a disk: all say so, and end when it is ended as its line says."""
        workers = self.train(PARTED_DISK=str(self.data[index]))
        for worker in workers:  # what they said of the slow first step
            _heard(worker, "(?!)", time.monotonic() + 0.2)
        (self.data[index] / "gone").touch()
        begun, within, said, wrong = time.monotonic(), SOON + STILL, [], []
        for k, worker in enumerate(workers):
            words = r"leftImg8bit\.png has been read" if k == index else "waits for another one"
            found, errors = _heard(worker, f"^Nothing has happened.*{words}.*$", begun + within)
            said.append(found or "")
            wrong += [] if found else [f"worker {k}: {errors[-2000:]}"]
        self._tell(f"an image of worker {index} does not come", time.monotonic() - begun, within, said, wrong)
        workers.pop(index).terminate()
        self.ended(f"worker {index} is ended", workers, f"worker {index} is gone")
        (self.data[index] / "gone").unlink()

    def full(self) -> None:
        """No room for the next checkpoint."""
        workers = self.train()
        self.disk.leave(0)
        self.ended("the chief's disk is full", workers, "No space left")
        (self.disk.path / "filler").unlink()

    def full_log(self) -> None:
        """A worker that cannot write its own lines."""
        with open("/dev/full", "w") as full:
            addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
            options = [f"--epochs={EPOCHS}", "--resume"]
            silent = start_worker(1, addresses, self.data[1], "/nowhere/run", *options, errors=full)
        chief = start_worker(0, addresses, self.data[0], self.output, *options)
        while silent.poll() is None:
            time.sleep(0.02)
        fault = f"worker 1 cannot write its log, status {silent.returncode}"
        self.ended(fault, [chief], "worker 1 ended.*No space left")

    def set_back(self) -> None:
        """A clock that is set back by an hour: all that is there was written later."""
        later = time.time() + 3600
        for path in [*self.output.rglob("*"), *self.data[0].rglob("*"), *self.data[1].rglob("*")]:
            os.utime(path, (later, later))

    def absent(self) -> None:
        """A worker that does not come; nothing is made then."""
        self.ended("the chief never comes", self.begin(1, wait=5), "did not answer within 5 s", SOON + 5)
        self.ended("a worker never comes", self.begin(0, wait=5), "did not come within 5 s", SOON + 5)
        assert not self.output.exists()

    def run(self, faults: list[str]) -> int:
        """Those of the faults, in their order."""
        if faults != ["alone"]:
            self.together(faults)
        if "alone" in faults:
            self.alone()
        print(f"{self.faults} faults ended wrongly.")
        return min(1, self.faults)

    def together(self, faults: list[str]) -> None:
        """Two workers, which end but for rounding like workers that nothing disturbed."""
        self.output = self.place / "whole"
        whole = self.finish()
        self.output = self.disk.path / "run"
        for name, lives in FAULTS.items():
            if name in faults:
                lives(self)
        self.set_back()
        run = self.finish(full=1)
        assert not list(self.output.rglob("*partial*"))
        assert_close(whole, run)
        print(
            "The last life, after the clock was set back and on a full disk of worker 1, ends as one that nothing "
            "disturbed.",
            flush=True,
        )

    def alone(self) -> None:
        """One process, which ends with the same bits."""
        self.count = 1
        self.output = self.place / "whole_alone"
        whole = self.finish()
        self.output = self.place / "alone"
        self.unreadable(0, epochs=2)
        self.set_back()
        found = differences(contents(whole), contents(self.finish()))
        self.faults += bool(found)
        print(f"One process, too, ends as one that nothing disturbed: {found or 'bit for bit'}.", flush=True)


FAULTS = {
    "absent": Campaign.absent,
    "unreadable": lambda campaign: (campaign.unreadable(1), campaign.unreadable(0)),
    "full": Campaign.full,
    "full_log": Campaign.full_log,
    "hangs": lambda campaign: (campaign.hangs(1), campaign.hangs(0)),
    "standstill": lambda campaign: campaign.stands_still(1),
}


def _last(errors: str) -> str:
    return re.sub(r" \(127\.0\.0\.1:\d+\)", "", (errors.strip().splitlines() or [""])[-1])


def _heard(worker: subprocess.Popen, words: str, until: float) -> tuple[str | None, str]:
    """The line of a worker that matches, None if none does until then; and all that it said."""
    said, pipe = "", worker.stderr.fileno()
    while (left := until - time.monotonic()) > 0 and worker.poll() is None:
        if select.select([pipe], [], [], min(left, 1.0))[0]:
            said += os.read(pipe, 1 << 16).decode()
        if found := re.search(words, said, re.MULTILINE):
            return _last(found[0]), said
    return None, said


def main() -> int:
    """The campaign, in a folder that is removed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"{', '.join(FAULTS)}, alone; all when omitted")
    faults = parser.parse_args().faults or [*FAULTS, "alone"]
    if unknown := {*faults} - {*FAULTS, "alone"}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as place:
        try:
            return Campaign(Path(place)).run(faults)
        finally:
            subprocess.run(["umount", "-l", str(Path(place) / "disk")], check=False)


if __name__ == "__main__":
    sys.exit(main())
