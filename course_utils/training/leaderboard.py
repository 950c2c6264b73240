"""Several systems trained by one recipe, and what they then predict, recorded for comparison."""

from collections.abc import Sequence
from pathlib import Path

from course_utils import datasets
from course_utils.evaluation import Records
from course_utils.inference import Predictor, predict_frames
from course_utils.training.recipe import Recipe, machine_defaults, train_recipe

KEPT_PIXELS = 1 << 28
"""Of the predictions of one system: larger ones are counted and not kept."""


def train_systems(
    names: Sequence[str],
    dataset: str,
    output,
    *,
    data_dir=None,
    minutes: float | None = None,
    epochs: int | None = None,
    seed: int = 0,
) -> Records:
    """Train systems one after the other as `course train` does and record their predictions of the validation split.

    Args:
        names: of `course_utils.models`.
        dataset, data_dir: as in `datasets.frames`; all label maps of the validation split are of one size.
        output: folder for the run folders, one a system; runs that are there are made anew.
        minutes, epochs: of training for each system; one of them is given. Minutes are fair between systems on a quiet
            machine only.
        seed: of all random numbers.

    Raises:
        CourseError: unknown names, or incomplete data.
    """
    table = datasets.label_table(dataset)
    frames = datasets.frames(dataset, "val", data_dir)
    truths = {frame.name: datasets.label_map(frame, table) for frame in frames}
    runs = []
    for name in names:
        budget = {"minutes": minutes, "epochs": epochs, "seed": seed}
        recipe = Recipe(name, dataset, data_dir, **budget, **machine_defaults(dataset, name))
        runs.append(train_recipe(recipe, Path(output) / name, replace=True))
    networks = [run.load_model() for run in runs]
    predictors = [Predictor(network, run.config["image_size"]) for network, run in zip(networks, runs, strict=True)]
    length = f"--minutes {minutes:g}" if epochs is None else f"--epochs {epochs}"
    return Records.of(
        {
            name: (prediction for _, prediction in predict_frames(predictor, frames))
            for name, predictor in zip(names, predictors, strict=True)
        },
        truths,
        table.num_classes,
        keep=sum(truth.size for truth in truths.values()) <= KEPT_PIXELS,
        dataset=dataset,
        command=f"course train NAME --dataset {dataset} {length}",
        parameters=[network.count_params() for network in networks],
        epochs=[len(run.log) for run in runs],
    )
