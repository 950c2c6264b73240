"""`course train`: what is refused, what its help offers, and a system and a data set from outside the package."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from PIL import Image

from course_utils import training
from course_utils.tools.cli import build_parser, main

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "own-systems.md"

# In place of the example's network: one that cannot take every size, one whose logits are smaller than the image, one
# that has no input.
PICKY = """
def Picky(num_classes, kernel=8):
    images = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, kernel, activation="relu")(images)
    return keras.Model(images, class_scores(x, num_classes, images))

def Shrinking(num_classes):
    return keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(num_classes, 3, 2, padding="same")])

def Unfinished(num_classes):
    return keras.Sequential([keras.layers.Conv2D(num_classes, 3, padding="same")])
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The folder of a user with the page's module and its photographs: leaves are green discs on soil."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "my_module.py").write_text("\n".join([*blocks, PICKY]))
    generator = np.random.default_rng(0)
    rows, columns = np.ogrid[:32, :48]
    for split, count in (("train", 6), ("val", 3)):
        (tmp_path / "photos" / split).mkdir(parents=True)
        for number in range(count):
            row, column = generator.integers(8, 24), generator.integers(8, 40)
            leaf = ((rows - row) ** 2 + (columns - column) ** 2 < 64).astype(np.uint8)
            colors = np.array([[90, 60, 30], [40, 160, 40]], np.uint8)
            Image.fromarray(colors[leaf]).save(tmp_path / "photos" / split / f"leaf{number}.jpg")
            leaf[:2] = 9
            Image.fromarray(leaf).save(tmp_path / "photos" / split / f"leaf{number}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("my_module", None)


def course(*arguments, folder) -> str:
    """Run a command in a process of its own, which has imported nothing of the user's."""
    command = [sys.executable, "-m", "course_utils", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_system_and_a_data_set_from_outside_train_evaluate_and_predict(own):
    """The commands of docs/own-systems.md, word for word but for the epochs, each in a process of its own."""
    verify, train, evaluate, predict = re.findall(r"^course (.+)$", PAGE.read_text(), re.MULTILINE)
    assert "6 train, 3 val frames" in course(*verify.split(), folder=own)
    assert train.startswith("train my_module:MyNet --dataset my_module:MyData")
    course(*train.split(), "--option", "width=0.5", folder=own)
    config = json.loads((own / "RUN" / "config.json").read_text())
    assert (config["model"], config["dataset"]) == ("my_module:MyNet", "my_module:MyData")
    assert config["model_options"] == {"width": 0.5} and config["class_names"] == ["soil", "leaf"]

    again = course("train", "my_module:MyNet", "--dataset", "my_module:MyData", "--output", "RUN", "--resume",
                   "--epochs", "12", "--json", folder=own)  # fmt: skip
    assert json.loads(again)["epochs"] == 12
    scores = json.loads(course(*evaluate.split(), "--json", folder=own))
    assert scores["mean_iou"] == pytest.approx(json.loads(again)["best"]["val_mean_iou"], abs=1e-5)

    Image.open(own / "photos" / "val" / "leaf0.jpg").save(own / "photo.png")
    course(*predict.split(), folder=own)
    label_ids = np.array(Image.open(own / "predictions" / "photo_labelIds.png"))
    assert label_ids.shape == (32, 48) and set(np.unique(label_ids)) <= {0, 1}


def test_a_run_of_ones_own_system_says_which_module_is_missing(own, capsys):
    run = own / "run"
    data = ["--dataset", "my_module:MyData", "--data-dir", "photos"]
    assert main(["train", "my_module:MY_CARD", *data, "--epochs", "1", "--output", str(run)]) == 0
    config = json.loads((run / "config.json").read_text())
    assert config["model_options"] == {"width": 0.5} and config["learning_rate"] == 0.02, "the card's"
    (own / "my_module.py").unlink()
    del sys.modules["my_module"]
    capsys.readouterr()
    assert main(["evaluate", str(run)]) == 2
    message = capsys.readouterr().err.strip()
    assert "my_module" in message and "\n" not in message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Picky", "--image-size", "4x16"], "cannot take images of 4x16: give a size of at least 8x8"),
        (["Picky", "--crop-size", "3x3"], "cannot take images of 3x3: give a size of at least 8x8"),
        (["Shrinking", "--image-size", "16x16"], "turns an image of 16x16 into an output of shape [8, 8, 2]"),
        (["Picky", "--option", "depth=3"], "Its options are kernel"),
        (["Unfinished"], "type Sequential: it must return keras.Model(inputs, outputs)"),
        (["LABELS"], "of type LabelTable"),
        (["Nothing"], "has no 'Nothing'"),
    ],
)
def test_a_network_that_does_not_fit_is_one_line_and_leaves_no_folder(arguments, words, own, capsys):
    name, *options = arguments
    command = ["train", f"my_module:{name}", "--dataset", "my_module:MyData", "--data-dir", "photos", *options]
    assert main([*command, "--epochs", "1", "--output", "run"]) == 2
    message = capsys.readouterr().err.strip()
    assert words in message and "\n" not in message
    assert not (own / "run").exists()


def refused(arguments, capsys) -> str:
    """The message of a refusal, whether the parser refuses or the command."""
    try:
        status = main(["train", *arguments])
    except SystemExit as exit_:
        status = exit_.code
    message = capsys.readouterr().err.strip()
    assert status == 2 and "\n" not in message, message
    return message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--minutes or --epochs"),
        (["--epochs", "1", "--option", "depth=3"], "depth"),
        (["--epochs", "0"], "--epochs: '0' is out of range"),
        (["--minutes", "0"], "--minutes: '0' is out of range"),
        (["--minutes", "0.0001"], "--minutes 0.0001 is over before the first step"),
        (["--epochs", "1", "--batch-size", "0"], "--batch-size: '0' is out of range"),
        (["--epochs", "1", "--image-size", "0x0"], "--image-size: '0x0' is out of range"),
        (["--epochs", "1", "--learning-rate", "-1"], "--learning-rate: '-1' is out of range"),
        (["--epochs", "1", "--seed", "-1"], "--seed: '-1' is out of range"),
        (["--epochs", "1", "--schedule", "linear"], "no schedule 'linear': choose one of constant"),
        (["--epochs", "1", "--loss", "crossentropy"], "no loss 'crossentropy': choose one of cross-entropy"),
        (["--epochs", "1", "--balancing", "mean"], "no balancing 'mean': choose one of none"),
        (["--epochs", "1", "--encoder", "vgg17"], "no encoder 'vgg17': choose one of"),
        (["--resume"], "not a run folder"),
    ],
)
def test_wrong_use_is_one_line_and_leaves_no_folder(arguments, words, own, capsys):
    common = ["--dataset", "my_module:MyData", "--data-dir", "photos", "--output", "run"]
    assert words in refused(["SegNet", *common, *arguments], capsys)
    assert not (own / "run").exists()


def test_names_that_do_not_exist_are_answered_with_those_that_do(own, capsys):
    data = ["--dataset", "my_module:MyData", "--data-dir", "photos", "--epochs", "1", "--output", "run"]
    assert re.search("no model 'Segnet': choose one of .*, SegNet, ", refused(["Segnet", *data], capsys))
    assert "toystreets" in refused(["SegNet", "--dataset", "toystreets", *data[2:]], capsys)


def test_the_help_offers_every_name():
    from course_utils.datasets import DATASETS
    from course_utils.losses import BALANCING, LOSSES
    from course_utils.training.schedules import SCHEDULES

    train = build_parser()._subparsers._group_actions[0].choices["train"]
    told = {action.dest: set(re.findall(r"[\w-]+", action.help or "")) for action in train._actions}
    for option, known in [("dataset", DATASETS), ("schedule", SCHEDULES), ("balancing", BALANCING), ("loss", LOSSES)]:
        assert set(known) <= told[option], option


@pytest.mark.parametrize(("prior", "warned"), [(0.3, True), (0.5, True), (0.6, True), (0.29, False), (None, False)])
def test_a_network_that_does_not_clear_the_image_blind_prior_is_said_to(prior, warned, monkeypatch, capsys):
    best = {"val_mean_iou": 0.3 if prior in (0.3, 0.29, None) else 0.5, "epoch": 1.0, "val_pixel_accuracy": 0.7}
    finished = SimpleNamespace(path="run", log=[best], best=best, config={"prior_mean_iou": prior})
    monkeypatch.setattr(training, "resume_run", lambda *given, **more: finished)
    assert main(["train", "SegNet", "--dataset", "camvid", "--output", "run", "--resume"]) == 0
    said = capsys.readouterr()
    assert ("never looks at the image" in said.err) == warned
    assert ("prior" in said.out) == (prior is not None)


def test_minutes_count_from_the_start_of_the_process_that_was_typed(monkeypatch):
    begun = []
    monkeypatch.setattr(training, "resume_run", lambda *given, started, **more: begun.append(started) or SystemExit())
    arguments = ["train", "SegNet", "--dataset", "camvid", "--output", "run", "--resume"]
    with pytest.raises(AttributeError):  # what came back is no run
        main(arguments)
    monkeypatch.setattr(sys, "argv", ["course", *arguments])
    with pytest.raises(AttributeError):
        main()
    called, typed = (time.monotonic() - moment for moment in begun)
    assert called < 1 < typed, "this process has worked for longer than a second"
    assert typed == pytest.approx(time.time() - psutil.Process().create_time(), abs=1)
