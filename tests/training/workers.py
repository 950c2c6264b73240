"""A system trained by two workers on this machine, compared with one process that has the same batches.

    python tests/training/workers.py PSPNet encoder=resnet50 width=0.1 dropout=0

After the system, its options. Prints by how much losses and weights differ, as docs/cluster.md has it; the status is 1
where it is more than the tests of strategies allow.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import numpy as np  # noqa: E402
from kills import contents  # noqa: E402
from parted import OPTIONS, free_ports, start_worker  # noqa: E402
from test_strategies import CLOSE, LOSSES  # noqa: E402

from course_utils.datasets import toy_streets  # noqa: E402
from course_utils.training import Run  # noqa: E402

EPOCHS = 2
FRAMES = 8


def train(workers: int, data: Path, output: Path, system: str, *options: str) -> Run:
    """A run by some workers; the one of a single process where it is one."""
    addresses = [f"127.0.0.1:{port}" for port in free_ports(workers)]
    more = [f"--epochs={EPOCHS}", *(f"--option={option}" for option in options)]
    started = [start_worker(k, addresses, data, output, *more, system=system) for k in range(workers)]
    for worker in started:
        _end(worker)
    return Run(output)


def _end(worker: subprocess.Popen) -> None:
    errors = worker.communicate()[1]
    if worker.returncode:
        sys.exit(errors)


def compare(one: Run, other: Run) -> tuple[float, float]:
    """The largest difference of a loss, relative, and of a weight, as a share of the largest weight."""
    losses = [abs(a["loss"] - b["loss"]) / a["loss"] for a, b in zip(one.log, other.log, strict=True)]
    first, second = contents(one), contents(other)
    names = [name for name in first if name.startswith("model.keras/") and "optimizer" not in name]
    assert len(names) > 30 and first.keys() == second.keys()
    largest = max(np.abs(first[name]).max(initial=0.0) for name in names)
    return max(losses), max(np.abs(first[name] - second[name]).max(initial=0.0) for name in names) / largest


def main(system: str, *options: str) -> int:
    """Both trainings, and the comparison."""
    with tempfile.TemporaryDirectory() as place:
        counts = {"train": FRAMES, "val": 3, "test": 1}
        data = toy_streets.generate(Path(place) / "toy", size=(64, 128), counts=counts, workers=1, progress=False)
        runs = [train(workers, data, Path(place) / str(workers), system, *options) for workers in (1, 2)]
        loss, weights = compare(*runs)
    steps = EPOCHS * FRAMES // OPTIONS["batch_size"]
    print(f"{system} {' '.join(options)}, 2 workers, {steps} steps: loss {loss:.1g}, weights {weights:.1g}")
    return int(loss > LOSSES or weights > CLOSE)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
