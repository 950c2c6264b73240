"""What each part of the training recipe is worth: the recipe, and the recipe with one part changed.

    python benchmarks/recipe.py train --data-dir CAMVID [--minutes 2.5] [--seeds 3] [--systems SegNet DeepLabV3Plus]
    python benchmarks/recipe.py table

`train` does every training that is not recorded yet, seed after seed, and can be stopped at any time; its record,
benchmarks/results/recipe.json, may come from another machine of the same kind. `table` writes recipe.md beside it.
Minutes are of two cores by processor time (start, compiling and validation included), so that a busy machine gives
what a quiet one does.

The test split of CamVid shows other drives than its validation split, which is the middle of a training drive and some
ten points easier. So the recipe was chosen on the end of two training drives, which is left out of the training here.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from scipy import stats

from course_utils.datasets import DatasetCard, camvid
from course_utils.files import write_whole

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "recipe.md"
RECORD = RESULTS.with_suffix(".json")
CORES = 2

HELD_OUT = {"0006R0": 40, "0001TP": 22}
"""Last frames of training drives that are scored and not trained on."""

GAP = 3
"""Frames before them that are neither: a frame resembles its neighbours."""

VARIANTS = {
    "the recipe": {},
    "AdamW for all kernels": {"optimizer": "adamw", "learning_rate": 2e-3, "weight_decay": 0.02},
    "SGD for all kernels": {"optimizer": "sgd", "learning_rate": 0.1, "weight_decay": 5e-4},
    "twice the rate": {"learning_rate": 0.06},
    "half the rate": {"learning_rate": 0.015},
    "32 bits": {"mixed_precision": None},
    "full size from the start": {"growing": 0.0},
    "crops of frames resized first": {"resized_first": True},
    "no average": {"averaging": None},
    "average over trained weights only": {"average_weights_only": True},
    "poly schedule": {"schedule": "poly"},
    "linear from the start": {"schedule": "recipe:linear"},
    "batches of 2": {"batch_size": 2},
    "equal class weights": {"balancing": "none"},
    "published atrous rates": {"rates": None},
}
"""Values of the recipe that differ, and what `one` changes itself."""


def linear(progress: float) -> float:
    """A straight line to zero."""
    return 1.0 - progress


def scan(root, split):
    """CamVid with a third part, `held`, taken from `train`."""
    frames, problems = camvid.scan(root, "train" if split == "held" else split)
    if split not in ("train", "held"):
        return frames, problems
    held, left_out = set(), set()
    for drive, number in HELD_OUT.items():
        names = [frame.name for frame in frames if frame.name.startswith(drive)]
        held.update(names[-number:])
        left_out.update(names[-number - GAP :])
    wanted = held if split == "held" else {frame.name for frame in frames} - left_out
    return [frame for frame in frames if frame.name in wanted], problems


CARD = DatasetCard(
    "camvid",
    camvid.CARD.labels,
    ("train", "val", "held"),
    scan,
    laptop_size=camvid.CARD.laptop_size,
    gpu_size=camvid.CARD.gpu_size,
)


def one(system, changed, seed, minutes, data_dir, folder) -> None:
    """One training in this process, whose clock is half of the processor time; its scores go into `folder`.json.

    Args:
        changed: values of a `Recipe`, and what is changed here.
    """
    clock = SimpleNamespace(monotonic=lambda: time.process_time() / CORES)

    from course_utils.inference import Predictor
    from course_utils.training import Recipe, fitting, train, train_recipe
    from course_utils.training.growing import TrainingImages
    from course_utils.training.optimization.averaging import WeightAverage
    from course_utils.training.validation import confusion_of_frames

    fitting.time = train.time = clock
    changed = {name: tuple(value) if isinstance(value, list) else value for name, value in changed.items()}
    if changed.pop("resized_first", False):
        TrainingImages._stored_size = lambda images: images.recipe.image_size
    if changed.pop("average_weights_only", False):
        every = WeightAverage.__init__

        def trained_only(average, model, momentum):
            every(average, SimpleNamespace(variables=model.trainable_variables), momentum)

        WeightAverage.__init__ = trained_only
    if "rates" in changed:
        changed = {"model_options": {"rates": changed["rates"]}}
    recipe = Recipe.for_machine(system, "recipe:CARD", data_dir, gpu=False, minutes=minutes, seed=seed, **changed)
    run = train_recipe(recipe, folder, replace=True, started=0.0)
    spent = time.process_time() / CORES / 60
    predictor = Predictor(run.load_model(), recipe.image_size)
    scores = {
        split: confusion_of_frames(predictor, recipe.data, recipe.data.frames(split)).mean_iou()
        for split in ("held", "val")
    }
    facts = {"steps": int(run.log[-1]["steps"]), "minutes": round(spent, 2), "prior": run.config["prior_mean_iou"]}
    found = {"system": system, "seed": seed, **scores, **facts, "asked": minutes}
    write_whole(Path(f"{folder}.json"), json.dumps(found))


def do_all(options):
    """Every training that is not recorded yet, each in a process of its own."""
    for seed in range(options.seeds):
        for variant in VARIANTS:
            for system in options.systems:
                if variant == "published atrous rates" and "DeepLab" not in system:
                    continue
                named = {"system": system, "variant": variant, "seed": seed, "asked": options.minutes}
                if any(named.items() <= run.items() for run in recorded(RECORD)):
                    continue
                folder = options.runs / f"{system}-{variant.replace(' ', '_')}-{seed}"
                found = trained([system, VARIANTS[variant], seed, options.minutes, options.data_dir, str(folder)])
                record(RECORD, {**named, **found}, named)
                table()


def trained(job) -> dict:
    """What `one` finds, in a process of its own."""
    folder = Path(job[-1])
    folder.parent.mkdir(parents=True, exist_ok=True)
    code = "import json, sys, recipe; recipe.one(*json.loads(sys.argv[1]))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(ROOT)])}
    subprocess.run([sys.executable, "-c", code, json.dumps(job)], env=environment, check=True)
    found = json.loads(Path(f"{folder}.json").read_text())
    print(found, flush=True)
    return found


def recorded(file: Path) -> list[dict]:
    """What has been trained."""
    return json.loads(file.read_text()) if file.exists() else []


def record(file: Path, found: dict, order) -> None:
    """Add a training, and keep them in the order of these values."""
    runs = sorted([*recorded(file), found], key=lambda run: [run[name] for name in order])
    write_whole(file, "[\n" + ",\n".join(map(json.dumps, runs)) + "\n]\n")


def table():
    """The Markdown table of what has been trained."""
    runs = recorded(RECORD)
    minutes = sorted({run["asked"] for run in runs})
    held, gap = sum(HELD_OUT.values()), GAP * len(HELD_OUT)
    lines = [
        "# The training recipe, one part changed at a time",
        "",
        f"`python benchmarks/recipe.py train --minutes {'/'.join(f'{m:g}' for m in minutes)}` on {machine()}.",
        f"CamVid without {held} frames at the end of two training drives (and {gap} before them), which are scored as "
        "*held out*; *val* is the validation split. Mean IoU in percent at the labels' size; minutes of two cores by "
        "processor time. The recipe was chosen on the held-out frames.",
        "Differences are to the recipe with the same seed: mean and 95 % interval over seeds, by Student's t. "
        "One seed gives no interval; a difference of one or two points from one seed says nothing.",
    ]
    for system, asked in dict.fromkeys((run["system"], run["asked"]) for run in runs):
        by = {(run["variant"], run["seed"]): run for run in runs if (run["system"], run["asked"]) == (system, asked)}
        lines += [
            "",
            f"## {system}, {asked:g} minutes",
            "",
            "| variant | seeds | steps | held out | difference | val | difference |",
            "|---|---:|---:|---:|---:|---:|---:|",
        ]
        for variant in VARIANTS:
            found = [run for (name, _), run in by.items() if name == variant]
            if not found:
                continue
            cells = [variant, str(len(found)), f"{np.mean([run['steps'] for run in found]):.0f}"]
            for split in ("held", "val"):
                cells.append(f"{100 * np.mean([run[split] for run in found]):.1f}")
                same = [(run[split], by.get(("the recipe", run["seed"]))) for run in found]
                pairs = [100 * (score - other[split]) for score, other in same if other]
                cells.append("" if variant == "the recipe" else interval(pairs))
            lines.append("| " + " | ".join(cells) + " |")
    RESULTS.parent.mkdir(exist_ok=True)
    write_whole(RESULTS, "\n".join(lines) + "\n")


def interval(differences) -> str:
    """A mean and its interval over seeds."""
    if not differences:
        return "–"
    mean = f"{np.mean(differences):+.1f}".replace("-", "−")
    if len(differences) < 2:
        return mean
    half = stats.t.ppf(0.975, len(differences) - 1) * stats.sem(differences)
    return f"{mean} ± {half:.1f}"


def machine() -> str:
    """Processor and libraries."""
    from course_utils.backend import keras, tf

    names = [line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, TensorFlow {tf.__version__}, Keras {keras.__version__}"


def _cpuinfo():
    file = Path("/proc/cpuinfo")
    return file.read_text().splitlines() if file.exists() else []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["train", "table"])
    parser.add_argument("--data-dir", default=os.environ.get("CAMVID_DATASET"), help="CamVid")
    parser.add_argument("--runs", type=Path, default=Path("runs/recipe"), help="where the trainings are kept")
    parser.add_argument("--minutes", type=float, default=2.5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--systems", nargs="*", default=["SegNet", "DeepLabV3Plus"])
    options = parser.parse_args()
    do_all(options) if options.task == "train" else table()


if __name__ == "__main__":
    main()
