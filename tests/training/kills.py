"""Kill trainings, let them go on, and compare what they end with to the same trainings undisturbed, bit for bit.

    python tests/training/kills.py --kills 3 SegNet PSPNet      # at random steps, in this process
    python tests/training/kills.py --kills 3 --processes SegNet # by SIGKILL at random moments, each in its own process

Without names all systems are tried, each in 32 and in 16 bits. One line per training; the status is 1 if one differs.
"""

import argparse
import dataclasses
import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from unittest import mock

import h5py
import numpy as np

from course_utils.datasets import toy_streets
from course_utils.models import SYSTEMS
from course_utils.training import Recipe, Run, resume_run, train_recipe
from course_utils.training.fitting import _Pace

POLICIES = (None, "mixed_bfloat16")


class Killed(BaseException):
    """Stands for a kill: nothing in the course catches it."""


def tiny_recipe(name: str, data_dir, policy: str | None = None, **given) -> Recipe:
    """A recipe that takes a second: four steps, one per epoch."""
    narrow = {"width": 0.1} if "width" in SYSTEMS[name].options else {}
    options = {"image_size": (64, 128), "batch_size": 6, "averaging": 0.9, "epochs": 4, **given}
    recipe = Recipe.for_machine(name, "toy_streets", str(data_dir), gpu=False, model_options=narrow, **options)
    return dataclasses.replace(recipe, mixed_precision=policy)


def contents(run: Run) -> dict[str, np.ndarray | list]:
    """Everything that a finished run holds, but for times: weights, optimiser, average, seeds, log, best network."""
    (checkpoint,) = (run.path / "checkpoints").iterdir()
    found = dict(np.load(checkpoint / "average.npz")) if run.config["averaging"] else {}
    for file in (checkpoint / "model.keras", run.path / "best.keras"):
        with zipfile.ZipFile(file) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as weights:
            weights.visititems(
                lambda name, item, file=file: (
                    found.update({f"{file.name}/{name}": item[()]}) if isinstance(item, h5py.Dataset) else None
                )
            )
    state = json.loads((checkpoint / "state.json").read_text())
    found["seeds"], found["best"] = state["seeds"], state["best"]
    found["log"] = [{name: value for name, value in row.items() if name != "minutes"} for row in state["log"]]
    return found


def differences(one: dict, other: dict) -> list[str]:
    """What is not equal in the contents of two runs."""
    missing = sorted(one.keys() ^ other.keys())
    return missing + [name for name in one.keys() & other.keys() if not np.array_equal(one[name], other[name])]


def everything(folder):
    """All files of a folder by name, with their content."""
    return {
        os.path.relpath(path, folder): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if path.name != ".lock"
    }


def killed_run(recipe: Recipe, output: Path, steps: list[int]) -> Run:
    """A training that is killed before some steps, counted over all its lives, and goes on each time."""
    begun, begin = [], _Pace.on_train_batch_begin

    def kill(self, batch, logs=None):
        begun.append(batch)
        if len(begun) in steps:
            raise Killed
        begin(self, batch, logs)

    with mock.patch.object(_Pace, "on_train_batch_begin", kill):
        for _ in range(len(steps) + 1):
            try:
                started = (output / "config.json").exists()
                return resume_run(output) if started else train_recipe(recipe, output)
            except Killed:
                continue
    raise AssertionError("the training never ended")


def killed_processes(recipe: Recipe, output: Path, kills: int, rng: random.Random) -> tuple[Run, int]:
    """A training in processes that are killed at random moments; the kills that hit are counted."""
    options = [f"--option={name}={value}" for name, value in recipe.model_options.items()]
    command = [sys.executable, "-m", "course_utils", "train", recipe.model, "--dataset", "toy_streets"]
    command += ["--data-dir", recipe.data_dir, "--output", str(output), "--mixed-precision"]
    command += [recipe.mixed_precision or "float32", *options, "--averaging", str(recipe.averaging)]
    command += ["--image-size", "{}x{}".format(*recipe.image_size), "--batch-size", str(recipe.batch_size)]
    hit = 0
    while True:
        resume = ["--resume"] if (output / "config.json").exists() else []
        process = subprocess.Popen(
            [*command, *resume, "--epochs", str(recipe.epochs)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        if hit == kills:
            assert process.wait() == 0, process.stderr.read().decode()
            return Run(output), hit
        before = _epochs(output)
        while process.poll() is None and _epochs(output) == before:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 1.5))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
            hit += 1
        else:
            return Run(output), hit


def _epochs(output: Path) -> int:
    return len(Run(output).log) if (output / "config.json").exists() else 0


def main() -> int:
    """Try what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("systems", nargs="*", metavar="SYSTEM", help="all when omitted")
    parser.add_argument("--kills", type=int, default=3, help="of each training")
    parser.add_argument("--processes", action="store_true", help="kill processes")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng, unequal, hits = random.Random(arguments.seed), 0, 0
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    with tempfile.TemporaryDirectory() as place:
        data = toy_streets.generate(
            Path(place) / "toy", size=(64, 128), counts={"train": 6, "val": 3, "test": 1}, workers=1, progress=False
        )
        for name in arguments.systems or SYSTEMS:
            for policy in POLICIES:
                folder = Path(tempfile.mkdtemp(dir=place))
                if arguments.processes:
                    recipe = tiny_recipe(name, data, policy, epochs=12)
                    whole = killed_processes(recipe, folder / "whole", 0, rng)[0]
                    run, hit = killed_processes(recipe, folder / "killed", arguments.kills, rng)
                else:
                    recipe = tiny_recipe(name, data, policy)
                    whole = train_recipe(recipe, folder / "whole")
                    last = recipe.epochs + arguments.kills
                    hit = arguments.kills
                    run = killed_run(recipe, folder / "killed", sorted(rng.sample(range(1, last), hit)))
                found = differences(contents(whole), contents(run))
                unequal += bool(found)
                hits += hit
                verdict = f"differs: {found[:3]}" if found else f"{len(contents(run))} parts equal"
                print(f"{name:14} {policy or 'float32':15} {hit} kills, {verdict}", flush=True)
    print(f"{hits} kills, {unequal} trainings differ")
    return 1 if unequal else 0


if __name__ == "__main__":
    sys.exit(main())
