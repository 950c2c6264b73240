import dataclasses
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from course_utils import datasets, models, names
from course_utils.datasets import Dataset
from course_utils.errors import CourseError
from course_utils.tools.cli import main
from course_utils.training import Recipe, Run, fitting, resume_run, train, train_recipe
from course_utils.training.recorder import validated_epochs


@pytest.fixture
def recipe(tiny_streets):
    return Recipe(
        "SegNet",
        "toy_streets",
        str(tiny_streets),
        model_options={"width": 0.05},
        image_size=(32, 64),
        batch_size=2,
        averaging=0.9,
        epochs=3,
    )


def test_a_process_killed_at_any_moment_leaves_a_run_that_resumes(tmp_path, tiny_streets):
    output = tmp_path / "run"
    command = [sys.executable, "-m", "course_utils", "train", "SegNet", "--dataset", "toy_streets"]
    command += ["--data-dir", str(tiny_streets), "--option", "width=0.05", "--image-size", "32x64", "--epochs", "500"]
    process = subprocess.Popen([*command, "--output", str(output)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 240
        while not (output / "log.csv").exists() or len(Run(output).log) < 2:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    finished = len(Run(output).log)
    (output / ".best.1.partial.keras").touch()  # as a kill while it was written leaves it
    resumed = resume_run(output, epochs=finished + 2)
    assert [row["epoch"] for row in resumed.log] == list(range(1, finished + 3))
    assert not list(output.rglob("*partial*"))
    assert len(list((output / "checkpoints").iterdir())) == 1


def test_minutes_bound_the_time_and_the_last_epoch_is_validated(recipe, tmp_path, monkeypatch):
    """Each look at the clock takes 50 ms: so long is a step on any machine; the times below do not depend on one."""
    looks = itertools.count()
    for module in (fitting, train):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: 0.05 * next(looks)))
    run = train_recipe(dataclasses.replace(recipe, epochs=None, minutes=0.25), tmp_path / "run")
    last = run.log[-1]
    assert last["minutes"] == pytest.approx(0.25, abs=0.02)
    assert last["steps"] > 20
    assert last["val_mean_iou"] is not None
    assert last["learning_rate"] < 0.1 * recipe.learning_rate


def test_the_best_network_is_the_one_with_the_best_logged_score(recipe, tmp_path, tiny_streets, capsys):
    run = train_recipe(recipe, tmp_path / "run")
    best = max(row["val_mean_iou"] for row in run.log)
    assert main(["evaluate", str(run.path), "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["mean_iou"] == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize(("training_frames", "validation_frames"), [(400, 100), (367, 101), (2975, 500), (8, 40)])
@pytest.mark.parametrize("epochs", [1, 4, 5, 10, 61, 300])
def test_validation_of_counted_epochs_costs_a_twentieth_and_holds_the_last(epochs, training_frames, validation_frames):
    validated = validated_epochs(epochs, training_frames, validation_frames)
    passes_forward = len(validated) * validation_frames, 3 * epochs * training_frames  # a step is three passes
    assert epochs in validated
    assert len(validated) >= min(epochs, 5)
    assert len(validated) <= 9 or passes_forward[0] <= 0.05 * passes_forward[1] + validation_frames


def test_a_run_in_epochs_validates_those_that_are_due(recipe, tmp_path):
    run = train_recipe(dataclasses.replace(recipe, epochs=10), tmp_path / "run")
    frames = (len(recipe.data.frames(split)) for split in ("train", "val"))
    due = validated_epochs(10, *frames)
    assert [row["epoch"] for row in run.log if row["val_mean_iou"] is not None] == sorted(due)
    assert len(due) < 10


def test_a_run_that_exists_is_not_overwritten(recipe, tmp_path):
    train_recipe(dataclasses.replace(recipe, epochs=1), tmp_path / "run")
    before = (tmp_path / "run" / "best.keras").read_bytes()
    with pytest.raises(CourseError, match="--resume"):
        train_recipe(recipe, tmp_path / "run")
    assert (tmp_path / "run" / "best.keras").read_bytes() == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(CourseError, match="not an empty folder"):
        train_recipe(recipe, tmp_path / "mine", replace=True)
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_minutes_that_preparing_takes_are_refused_and_leave_no_folder(recipe, tmp_path):
    with pytest.raises(CourseError, match=r"--minutes 0.0001 is over before the first step: preparing took \d"):
        train_recipe(dataclasses.replace(recipe, epochs=None, minutes=0.0001), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_is_resumed_by_the_unit_that_it_was_started_with(recipe, tmp_path):
    run = train_recipe(dataclasses.replace(recipe, epochs=1), tmp_path / "run")
    with pytest.raises(CourseError, match="started with --epochs"):
        resume_run(run.path, minutes=1)
    assert resume_run(run.path).log == run.log, "a finished run stays as it is"


def test_a_run_of_an_earlier_version_is_evaluated_and_not_resumed(recipe, tmp_path, capsys):
    """It was trained by gradient descent, whose average was the optimiser's."""
    run = train_recipe(dataclasses.replace(recipe, epochs=1), tmp_path / "run")
    later = {"optimizer", "growing", "prior_mean_iou", "version"}
    config = {name: value for name, value in run.config.items() if name not in later}
    (run.path / "config.json").write_text(json.dumps(config))
    assert main(["evaluate", str(run.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["mean_iou"] == pytest.approx(run.best["val_mean_iou"], abs=1e-5)
    with pytest.raises(CourseError, match="earlier version of the course: train into a new folder"):
        resume_run(run.path, epochs=2)


def test_one_training_opens_its_data_set_and_looks_its_system_up_once(recipe, tmp_path, monkeypatch):
    looked_up, look_up, calls = [], names.look_up, []

    def spy(name, known, kind):
        looked_up.append((kind, name))
        return look_up(name, known, kind)

    monkeypatch.setattr(names, "look_up", spy)
    monkeypatch.setattr(models, "look_up", spy)
    monkeypatch.setattr(datasets, "Dataset", lambda *given: calls.append(given) or Dataset(*given))
    train_recipe(dataclasses.replace(recipe, epochs=1), tmp_path / "run")
    assert sorted(looked_up) == [("data set", "toy_streets"), ("model", "SegNet")] and len(calls) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"loss": "os:system"},
        {"optimizer": "os:path"},
        {"schedule": "json:loads"},
        {"schedule": "operator:neg"},
        {"balancing": "os:getcwd"},
        {"model_options": {"num_classes": 3}},
        {"model_options": {"training": 1}},
        {"model_options": {"name": "a/b"}},
        {"model_options": {"width": 1e308}},
    ],
    ids=str,
)
def test_what_was_named_and_cannot_be_used_is_one_line_and_makes_no_folder(wrong, recipe, tmp_path):
    with pytest.raises(CourseError) as error:
        train_recipe(dataclasses.replace(recipe, **wrong), tmp_path / "run")
    assert "\n" not in str(error.value) and not (tmp_path / "run").exists()


def test_the_config_holds_names_as_they_were_given_and_the_classes(recipe, tmp_path):
    config = train_recipe(dataclasses.replace(recipe, epochs=1), tmp_path / "run").config
    assert (config["model"], config["dataset"], config["schedule"]) == ("SegNet", "toy_streets", "constant-then-linear")
    found = {"num_classes", "class_names", "prior_mean_iou", "version"}
    assert set(config) == {field.name for field in dataclasses.fields(Recipe)} | found
    assert config["num_classes"] == len(config["class_names"]) == 19
