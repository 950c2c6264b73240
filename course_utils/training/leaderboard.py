"""Several systems trained by one recipe, and what they then predict, recorded for comparison."""

from collections.abc import Sequence
from pathlib import Path

from course_utils import datasets
from course_utils.evaluation import ImageBlindPrior, Records
from course_utils.inference import Predictor, predict_frames
from course_utils.training.recipe import Recipe
from course_utils.training.train import resume_run, train_recipe

KEPT_PIXELS = 1 << 28
"""Predictions of more pixels per system than this are counted and not kept."""


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
        names: keys of `course_utils.models.SYSTEMS`, or `module:NAME` for systems of your own.
        dataset: as in `course_utils.datasets.open`; all label maps of its validation split are of one size.
        data_dir: its folder, None for the usual place.
        output: folder for the run folders, one per system; runs that are there go on, up to the budget.
        minutes: of training for each system, fair between systems on a quiet machine only; either these or epochs.
        epochs: of training for each system.
        seed: of all random numbers.

    Raises:
        CourseError: unknown names, incomplete data, or a run that is there was made with another seed.
    """
    budget = {"minutes": minutes, "epochs": epochs, "seed": seed}
    recipes = [Recipe.for_machine(name, dataset, data_dir, **budget) for name in names]
    data = datasets.open(dataset, data_dir)
    frames = data.frames("val")
    truths = {frame.name: data.label_map(frame) for frame in frames}
    runs = [_trained(recipe, Path(output) / recipe.system.name, minutes, epochs) for recipe in recipes]
    networks = [run.load_model() for run in runs]
    predictors = [Predictor(network, run.config["image_size"]) for network, run in zip(networks, runs, strict=True)]
    prior = ImageBlindPrior.of(data)
    length = f"--minutes {minutes:g}" if epochs is None else f"--epochs {epochs}"
    return Records.of(
        {
            name: (prediction for _, prediction in predict_frames(predictor, frames))
            for name, predictor in zip(names, predictors, strict=True)
        },
        truths,
        data.labels.num_classes,
        keep=sum(truth.size for truth in truths.values()) <= KEPT_PIXELS,
        prior=prior and prior.predict,
        dataset=data.address,
        command=f"course train NAME --dataset {data.address} {length}",
        parameters=[network.count_params() for network in networks],
        epochs=[len(run.log) for run in runs],
    )


def _trained(recipe: Recipe, folder: Path, minutes: float | None, epochs: int | None):
    """The run in a folder, begun or gone on with: an interruption loses nothing."""
    if not (folder / "config.json").is_file():
        return train_recipe(recipe, folder)
    return resume_run(folder, minutes=minutes, epochs=epochs, given={"seed": recipe.seed})
