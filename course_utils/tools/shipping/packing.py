"""From a finished run to the two files of a shipped network."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from course_utils import models, weights
from course_utils.errors import CourseError
from course_utils.evaluation import ImageBlindPrior
from course_utils.files import write_whole
from course_utils.inference import Predictor
from course_utils.tools.shipping.trainings import LICENCES, command
from course_utils.training import Recipe, Run
from course_utils.training.validation import confusion_of_frames
from course_utils.weights.card import WeightsCard, place

SAME = 0.95
"""Share of pixels that the packed network, in 32 bits, must classify as the trained one does, which may use 16."""


def ship(run_folder: Path, address: str) -> str:
    """Pack the best network of a run, score what was packed, and write weights and card.

    Args:
        run_folder: of a finished run.
        address: SYSTEM/DATASET.

    Returns:
        A line with the scores.

    Raises:
        CourseError: the packed network does not do what the trained one does.
    """
    run = Run(run_folder)
    recipe = Recipe(**{name: value for name, value in run.config.items() if name in Recipe.__dataclass_fields__})
    trained = run.load_model()
    content = weights.pack({weight.path: weight.numpy() for weight in trained.weights})
    last = run.log[-1]
    card = WeightsCard(
        system=recipe.model,
        dataset=recipe.dataset,
        options=run.config["model_options"],
        image_size=tuple(recipe.image_size),
        classes=tuple(run.config["class_names"]),
        licence=LICENCES[recipe.dataset],
        encoder_weights=recipe.encoder_weights,
        command=" ".join(command(address)),
        epochs=int(last["epoch"]),
        minutes=round(last["minutes"], 1),
        seed=recipe.seed,
        parameters=sum(int(np.prod(weight.shape)) for weight in trained.trainable_weights),
        scores={},
        sha256=hashlib.sha256(content).hexdigest(),
    )
    write_whole(place(address).with_suffix(".npz"), content)
    write_whole(place(address).with_suffix(".json"), card.to_json())
    network = models.pretrained(*address.split("/"))
    _check_same(trained, network, recipe, address)
    card = replace(card, scores=_scores(network, recipe))
    write_whole(place(address).with_suffix(".json"), card.to_json())
    found = "; ".join(
        f"{split} {100 * score['mean_iou']:.1f} % mIoU (prior {100 * score['prior_mean_iou']:.1f} %)"
        for split, score in card.scores.items()
    )
    return f"{address}: {found}; {len(content) / 1e6:.1f} MB"


def _check_same(trained, packed, recipe: Recipe, address: str) -> None:
    """Layers of the two could stand in another order, which no shape would tell."""
    frames = recipe.data.frames("val")[:4]
    one, other = (
        np.concatenate([Predictor(network, recipe.image_size)(_image(frame)).ravel() for frame in frames])
        for network in (trained, packed)
    )
    if (share := float((one == other).mean())) < SAME:
        raise CourseError(f"{address}: the packed network agrees with the trained one on {share:.1%} of the pixels.")


def _image(frame) -> np.ndarray:
    from course_utils.images import read_photo

    return read_photo(frame.image)[None]


def _scores(network, recipe: Recipe) -> dict:
    """Scores on each split with labels that is there, training apart."""
    prior, predictor, found = ImageBlindPrior.of(recipe.data), Predictor(network, recipe.image_size), {}
    for split in ("val", "test"):
        if split not in recipe.data.available_splits:
            continue
        frames = recipe.data.frames(split)
        confusion = confusion_of_frames(predictor, recipe.data, frames)
        found[split] = {
            "mean_iou": _rounded(confusion.mean_iou()),
            "pixel_accuracy": _rounded(confusion.pixel_accuracy()),
            "prior_mean_iou": _rounded(prior.score(recipe.data, frames).mean_iou()),
            "class_iou": dict(zip(recipe.data.labels.names, map(_rounded, confusion.iou()), strict=True)),
        }
    return found


def _rounded(share) -> float | None:
    return None if np.isnan(share) else round(float(share), 5)
