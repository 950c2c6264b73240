"""What the systems reach on CamVid in so many minutes.

    python benchmarks/camvid.py train --data-dir CAMVID [--seeds 1] [--only "SegNet, 60"]
    python benchmarks/camvid.py table

Trained and scored as in `recipe.py`: without two stretches of the training drives, which are scored as *held out*, by
minutes of two cores by processor time. `train` does every training that is not recorded yet and can be stopped at any
time; its record, benchmarks/results/camvid.json, may come from another machine of the same kind. `table` writes
camvid.md beside it.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from recipe import GAP, HELD_OUT, machine, record, recorded, trained

from course_utils.files import write_whole

RESULTS = Path(__file__).parent / "results" / "camvid.md"
RECORD = RESULTS.with_suffix(".json")

LITE0 = {"encoder_weights": "imagenet", "model_options": {"encoder": "efficientnet_lite0"}}
PUBLISHED = LITE0 | {"model_options": {**LITE0["model_options"], "rates": [6, 12, 18]}}
"""The rates of the paper's branches: in a crop of 240x320 the largest sees nothing but padding."""
CROPS = {"image_size": [360, 480], "crop_size": [240, 320]}

TRAININGS = {
    "SegNet, 12": ("SegNet", 12, {}),
    "SegNet at 240x320, 12": ("SegNet", 12, {"image_size": [240, 320]}),
    "SegNet in crops, 12": ("SegNet", 12, {"image_size": [360, 480], "crop_size": [180, 240]}),
    "SegNetBasic, 30": ("SegNetBasic", 30, {}),
    "SegNet, 60": ("SegNet", 60, {}),
    "DeepLabV3+, 45": ("DeepLabV3Plus", 45, CROPS),
    "DeepLabV3+ on Lite0, 6": ("DeepLabV3Plus", 6, LITE0 | CROPS),
    "DeepLabV3+ on Lite0, published rates, 6": ("DeepLabV3Plus", 6, PUBLISHED | CROPS),
    "the same without class weights, 6": ("DeepLabV3Plus", 6, PUBLISHED | CROPS | {"balancing": "none"}),
    "the same with full class weights, 6": ("DeepLabV3Plus", 6, PUBLISHED | CROPS | {"balancing": "median"}),
    "DeepLabV3+ on Lite0, published rates, 20": ("DeepLabV3Plus", 20, PUBLISHED | CROPS),
    "DeepLabV3+ on Lite0, 20": ("DeepLabV3Plus", 20, LITE0 | CROPS),
}
"""Name to system, minutes and values of a `Recipe`."""


def command(system, minutes, changed) -> str:
    """What a user types."""
    words, options = [f"course train {system} --dataset camvid"], changed.get("model_options", {})
    words += [f"--encoder {options['encoder']}"] if "encoder" in options else []
    words += [f'--option rates="{options["rates"]}"'] if "rates" in options else []
    words += [
        f"--{name.replace('_', '-')} {changed[name]}" for name in ("encoder_weights", "balancing") if name in changed
    ]
    for name in ("image_size", "crop_size"):
        if name in changed:
            words.append(f"--{name.replace('_', '-')} {'x'.join(map(str, changed[name]))}")
    return " ".join([*words, f"--minutes {minutes:g}"])


def train(options):
    """Every training that is not recorded yet, seed after seed."""
    for seed in range(options.seeds):
        for name in options.only or TRAININGS:
            system, minutes, changed = TRAININGS[name]
            if any((run["name"], run["seed"]) == (name, seed) for run in recorded(RECORD)):
                continue
            folder = options.runs / f"{name.replace(', ', '-').replace(' ', '_')}-{seed}"
            found = trained([system, changed, seed, minutes, options.data_dir, str(folder)])
            record(RECORD, {"name": name, **found}, ("name", "seed"))
            table()


def table():
    """The Markdown table of what has been trained."""
    lines = [
        "# CamVid in so many minutes",
        "",
        f"`python benchmarks/camvid.py train` on {machine()}.",
        f"Mean IoU in percent at the labels' size. Trained without {sum(HELD_OUT.values())} frames at the end of two "
        f"training drives, which are scored as *held out*, and {GAP * len(HELD_OUT)} before them; so the commands, "
        "which train on all 367 frames, have over a fifth more. *Val* is the middle of a training drive. Nothing was "
        "scored on the test split, which shows other drives and is harder: expect less there than on val. "
        "Minutes are of two cores by processor time; two threads do some three quarters of that by the clock "
        "(DeepLabV3+ on Lite0, rates of 6, 12 and 18: 2,783 steps in 20 minutes). More than one seed: mean and range.",
        "",
        "| command | seeds | steps | held out | val | prior, val |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, given in TRAININGS.items():
        runs = [run for run in recorded(RECORD) if run["name"] == name]
        if runs:
            steps, prior = (np.mean([run[key] for run in runs]) for key in ("steps", "prior"))
            scores = " | ".join(_mean_and_range([100 * run[split] for run in runs]) for split in ("held", "val"))
            lines.append(f"| `{command(*given)}` | {len(runs)} | {steps:.0f} | {scores} | {100 * prior:.1f} |")
    write_whole(RESULTS, "\n".join(lines) + "\n")


def _mean_and_range(values) -> str:
    mean = f"{np.mean(values):.1f}"
    return mean if len(values) < 2 else f"{mean} ({min(values):.1f} to {max(values):.1f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["train", "table"])
    parser.add_argument("--data-dir", default=os.environ.get("CAMVID_DATASET"), help="CamVid")
    parser.add_argument("--runs", type=Path, default=Path("runs/camvid"), help="where the trainings are kept")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=list(TRAININGS), metavar="NAME", help=f"of {'; '.join(TRAININGS)}")
    options = parser.parse_args()
    train(options) if options.task == "train" else table()


if __name__ == "__main__":
    main()
