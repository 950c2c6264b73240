"""`course evaluate`, with a network that reads the class from the grey value."""

import json

import numpy as np
import pytest
from PIL import Image

from course_utils.cli import main
from course_utils.labels import CITYSCAPES


@pytest.fixture
def data_set(tmp_path):
    """Three frames in the Cityscapes layout; train id k is painted in grey 10 * k, void in black."""
    root = tmp_path / "streets"
    rng = np.random.default_rng(0)
    for number in range(3):
        train_ids = np.kron(rng.choice([0, 2, 11, 13, 255], (4, 8)), np.ones((8, 8), int)).astype(np.uint8)
        label_ids = CITYSCAPES.to_label_ids(train_ids)
        instances = np.where(label_ids >= 24, label_ids * np.uint16(1000), label_ids).astype(np.uint16)
        grey = np.where(train_ids == 255, 0, 10 * train_ids).astype(np.uint8)
        name = f"ulm_{number:06d}_000019"
        for path, array in {
            f"leftImg8bit/val/ulm/{name}_leftImg8bit.png": np.repeat(grey[..., None], 3, -1),
            f"gtFine/val/ulm/{name}_gtFine_labelIds.png": label_ids,
            f"gtFine/val/ulm/{name}_gtFine_instanceIds.png": instances,
        }.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(root / path)
    return root


@pytest.fixture
def evaluate(data_set, capsys):
    """Runs `course evaluate ... --data-dir DATA --json` and returns `(exit status, scores or None, messages)`."""

    def run(*arguments, json_wanted=True):
        options = ["--data-dir", str(data_set), *(["--json"] if json_wanted else [])]
        status = main(["evaluate", *map(str, arguments), *options])
        out, err = capsys.readouterr()
        scores = json.loads(out) if json_wanted and status == 0 else out
        return status, scores, err

    return run


def test_a_run_that_is_right_everywhere(grey_reader, evaluate):
    status, scores, _ = evaluate(grey_reader())
    assert status == 0 and scores["frames"] == 3
    assert (scores["dataset"], scores["split"]) == ("cityscapes", "val")
    assert scores["mean_iou"] == scores["mean_iiou"] == scores["pixel_accuracy"] == 1
    assert scores["class_iou"]["person"] == 1 and scores["class_iou"]["sky"] is None


def test_a_run_and_its_saved_predictions_score_the_same(grey_reader, evaluate, tmp_path):
    run = grey_reader(image_size=(16, 32))
    status, scores, _ = evaluate(run, "--dataset", "toy_streets", "--output", tmp_path / "saved")
    assert status == 0 and 0 < scores["mean_iou"] < 1
    again = evaluate("--predictions", tmp_path / "saved", "--dataset", "toy_streets")[1]
    assert {**scores, "source": None} == {**again, "source": None}


def test_the_table_is_printed(grey_reader, evaluate):
    status, text, _ = evaluate(grey_reader(), json_wanted=False)
    assert status == 0 and text.startswith("cityscapes val, 3 frames")
    assert ["road", "100.0", "–"] in [line.split()[:3] for line in text.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "either a run folder or --predictions"),
        (["RUN", "--predictions", "DATA"], "either a run folder or --predictions"),
        (["--predictions", "DATA"], "add --dataset"),
        (["--predictions", "DATA", "--dataset", "cityscapes", "--output", "DATA"], "leave it out"),
        (["--predictions", "DATA", "--dataset", "cityscapes"], "several predictions"),
        (["--predictions", "DATA", "--dataset", "mars"], "mars"),
        (["RUN", "--split", "train"], "train"),
        (["DATA"], "not a run folder"),
        (["OTHER"], "predicts 11 classes, cityscapes has 19"),
    ],
)
def test_wrong_use_is_one_line(arguments, message, grey_reader, evaluate, data_set):
    places = {"RUN": grey_reader(), "OTHER": grey_reader(num_classes=11, name="other"), "DATA": data_set}
    status, _, err = evaluate(*[places.get(argument, argument) for argument in arguments])
    assert status == 2
    assert message in err and err.startswith("course: ") and err.count("\n") == 1
