"""The networks that the course ships do what their cards say."""

import importlib
import json
import math

import numpy as np
import pytest

from course_utils import datasets, models, weights
from course_utils.datasets import toy_streets
from course_utils.errors import CourseError
from course_utils.evaluation import ConfusionMatrix, ImageBlindPrior
from course_utils.inference import Predictor, predict_frames
from course_utils.tools.cli import main
from course_utils.tools.shipping.trainings import LICENCES, TRAININGS, command

CARD_MODULE = importlib.import_module("course_utils.weights.card")
ON_TOY_STREETS = [address for address in weights.shipped() if address.endswith("/toy_streets")]


@pytest.fixture(scope="module")
def streets(tmp_path_factory):
    """The first scenes of Toy Streets: the same pixels as in the whole."""
    folder = tmp_path_factory.mktemp("data") / "toy_streets"
    toy_streets.generate(folder, counts={"train": 40, "test": 24}, workers=1, progress=False)
    return datasets.open("toy_streets", folder)


def test_the_systems_that_notebooks_load_are_there():
    assert set(weights.shipped()) >= {
        f"{system}/toy_streets" for system in ("SegNet", "SegNetBasic", "PSPNet", "DeepLabV3", "DeepLabV3Plus", "GSCNN")
    }


@pytest.mark.parametrize("address", weights.shipped())
def test_a_card_tells_what_the_file_is(address):
    card = weights.card(address)
    assert card.address == address and card.command == " ".join(command(address))
    assert card.licence == LICENCES[card.dataset]
    assert card.classes == datasets.card(card.dataset).labels.names
    network = models.pretrained(card.system, card.dataset)
    assert sum(math.prod(weight.shape) for weight in network.trainable_weights) == card.parameters
    for scores in card.scores.values():
        assert scores["mean_iou"] > scores["prior_mean_iou"] + 0.1
        known = [share for share in scores["class_iou"].values() if share is not None]
        assert abs(np.mean(known) - scores["mean_iou"]) < 1e-4


def test_recipes_and_files_match_and_all_are_small():
    assert set(weights.shipped()) <= set(TRAININGS)
    files = list(CARD_MODULE.FOLDER.glob("*/*.npz"))
    assert {file.with_suffix(".json") for file in files} == set(CARD_MODULE.FOLDER.glob("*/*.json"))
    assert sum(file.stat().st_size for file in files) < 30e6


@pytest.mark.parametrize("address", ON_TOY_STREETS)
def test_networks_are_far_above_a_guess_on_frames_that_training_never_saw(address, streets):
    card, frames = weights.card(address), streets.frames("test")
    confusion = ConfusionMatrix(streets.labels.num_classes)
    predictor = Predictor(models.pretrained(card.system, card.dataset), card.image_size)
    for frame, train_ids in predict_frames(predictor, frames):
        confusion.update(streets.label_map(frame), train_ids)
    prior = ImageBlindPrior.of(streets).score(streets, frames)
    assert confusion.mean_iou() > prior.mean_iou() + 0.1
    # A part of the split scores nearly what the card says of the whole.
    assert abs(confusion.pixel_accuracy() - card.scores["test"]["pixel_accuracy"]) < 0.04


def test_evaluate_and_predict_take_shipped_weights(streets, tmp_path, capsys):
    address, folder = "SegNetBasic/toy_streets", str(streets.root)
    assert main(["evaluate", "--weights", address, "--data-dir", folder, "--split", "test", "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["mean_iou"] > scores["prior_mean_iou"] + 0.1
    photos = [str(frame.image) for frame in streets.frames("test")[:3]]
    # Options may stand between the images.
    arguments = ["predict", photos[0], "--weights", address, photos[1], "--output", str(tmp_path / "out"), photos[2]]
    assert main(arguments) == 0
    assert len(list((tmp_path / "out").glob("*_labelIds.png"))) == 3


@pytest.mark.parametrize("words", (["evaluate"], ["predict", "photo.jpg", "--output", "out"]))
def test_weights_that_are_not_shipped(words, capsys):
    assert main([*words, "--weights", "SegNet/mars"]) == 2
    error = capsys.readouterr().err
    assert "ships no weights 'SegNet/mars'" in error and "SegNet/toy_streets" in error


def test_a_changed_file_is_refused(tmp_path, monkeypatch):
    address = "SegNetBasic/toy_streets"
    (tmp_path / "toy_streets").mkdir()
    for ending in (".json", ".npz"):
        content = CARD_MODULE.place(address).with_suffix(ending).read_bytes()
        changed = content[:-40] + bytes([content[-40] ^ 1]) + content[-39:] if ending == ".npz" else content
        (tmp_path / "toy_streets" / f"SegNetBasic{ending}").write_bytes(changed)
    monkeypatch.setattr(CARD_MODULE, "FOLDER", tmp_path)
    with pytest.raises(CourseError, match="SHA-256 differs"):
        models.pretrained("SegNetBasic", "toy_streets")
