"""A run that was killed and goes on ends like one that nothing had disturbed: equal, not close (see `kills.py`)."""

import json
import os
import shutil

import numpy as np
import pytest
from kills import Killed, contents, differences, everything, killed_run, tiny_recipe

from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.tools.cli import main
from course_utils.training import Run, resume_run, train_recipe
from course_utils.training.fitting import Budget, fit
from course_utils.training.network import new_network
from course_utils.training.optimization.averaging import WeightAverage
from course_utils.training.run_folder.checkpoint import Checkpoint


@pytest.mark.parametrize(
    ("system", "policy", "optimizer"),
    [("PSPNet", None, "sgd"), ("SegNet", "mixed_bfloat16", "muon")],
)
def test_a_killed_training_ends_as_the_undisturbed_one(system, policy, optimizer, tiny_streets, tmp_path):
    """Dropout, the averages and which weights decay are those of the same training."""
    recipe = tiny_recipe(system, tiny_streets, policy, optimizer=optimizer, learning_rate=0.01, weight_decay=0.1)
    whole = contents(train_recipe(recipe, tmp_path / "whole"))
    killed = contents(killed_run(recipe, tmp_path / "killed", [3, 4]))
    assert differences(whole, killed) == []
    assert len(whole) > 100 and len(whole["log"]) == 4
    assert any(np.any(whole[name] != 0) for name in whole if "optimizer" in name)


@pytest.mark.parametrize(("system", "policy"), [("LRR", None), ("DeepLabV2", "mixed_bfloat16")])
def test_a_checkpoint_goes_on_bit_for_bit(system, policy, tiny_streets, tmp_path):
    """A step after going on from a checkpoint is the step that would have come next; `kills.py` tries all systems."""
    recipe = tiny_recipe(system, tiny_streets, policy)
    generator = np.random.default_rng(0)
    images = generator.uniform(size=(2, 64, 128, 3)).astype(np.float32)
    labels = generator.integers(0, 19, (2, 64, 128)).astype(np.uint8)
    batches = tf.data.Dataset.from_tensors((images, labels)).repeat()

    def network(seed):
        keras.utils.set_random_seed(seed)
        model = new_network(recipe)
        return model, WeightAverage(model, 0.9)

    def step(model, average, number):
        fit(model, batches, Budget(steps=1))
        average.follow(number)

    def values(model, average):
        variables = [*model.variables, *model.optimizer.variables, *average._average]
        return [variable.numpy() for variable in variables]

    first, second = network(0), network(1)
    step(*first, 1)
    row = {"epoch": 1, "steps": 1, "minutes": 0.1, "learning_rate": 0.1, "loss": 1.0}
    state = {"epoch": 1, "log": [{**row, "val_mean_iou": None, "val_pixel_accuracy": None}], "best": -1.0}
    Checkpoint.write(tmp_path / "0001", first[0], state, first[1])
    Checkpoint(tmp_path / "0001", "").restore(*second)
    for number in (1, 2):
        one, other = values(*first), values(*second)
        assert len(one) == len(other) and all(map(np.array_equal, one, other)), number
        step(*first, 2)
        step(*second, 2)


def test_a_kill_between_the_checkpoint_and_the_best_network(tiny_streets, tmp_path, monkeypatch):
    recipe = tiny_recipe("SegNet", tiny_streets)
    whole = contents(train_recipe(recipe, tmp_path / "whole"))
    save_best, asked = Run.save_best, []

    def kill(run, model, epoch):
        asked.append(run)
        if len(asked) == 1:
            raise Killed
        save_best(run, model, epoch)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "save_best", kill)
        with pytest.raises(Killed):
            train_recipe(recipe, tmp_path / "killed")
    killed = Run(tmp_path / "killed")
    assert not killed.best_file.exists()
    # An earlier best network is behind, too, whatever the clock said when it was written.
    checkpoint = killed.last_checkpoint()
    for epoch in (checkpoint.state["epoch"], checkpoint.state["epoch"] - 1):
        save_best(killed, keras.Sequential([keras.Input((1,))]), epoch)
        os.utime(killed.best_file, (2**32, 2**32))
        assert killed.best_is_behind(checkpoint) == (epoch < checkpoint.state["epoch"])
    assert differences(whole, contents(resume_run(tmp_path / "killed"))) == []


def test_a_run_of_the_version_before_goes_on(tiny_streets, tmp_path):
    """Its `config.json` has no version, its checkpoints no seeds, and a kill left other names."""
    run = train_recipe(tiny_recipe("SegNet", tiny_streets, epochs=1), tmp_path / "run")
    config = {name: value for name, value in run.config.items() if name != "version"}
    (run.path / "config.json").write_text(json.dumps(config))
    file = run.path / "checkpoints" / "0001" / "state.json"
    state = json.loads(file.read_text())
    del state["seeds"]
    file.write_text(json.dumps(state))
    (run.path / "checkpoints" / "partial").mkdir()
    (run.path / ".best.1.partial.keras").touch()
    assert [row["epoch"] for row in resume_run(run.path, epochs=2).log] == [1, 2]
    assert not list(run.path.rglob("*partial*"))


@pytest.fixture(scope="module")
def trained(tiny_streets, tmp_path_factory):
    """A run of two epochs, to be copied."""
    return train_recipe(tiny_recipe("SegNet", tiny_streets, epochs=2), tmp_path_factory.mktemp("trained") / "run")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "PSPNet"}, "--model PSPNet (SegNet)"),
        ({"dataset": "camvid"}, "--dataset camvid (toy_streets)"),
        ({"batch_size": 3}, "--batch-size 3 (6)"),
        ({"learning_rate": 0.5, "seed": 3}, "--seed 3 (0)"),
        ({"image_size": (64, 96)}, "--image-size 64x96 (64x128)"),
        ({"crop_size": (64, 64)}, "--crop-size 64x64 (none)"),
        ({"averaging": None}, "--averaging none (0.9)"),
        ({"model_options": {"width": 0.2}}, "--option width=0.2 (0.1)"),
        ({"model_options": {"dropout": 0.2}}, "--option dropout=0.2 (left out)"),
        ({"data_dir": "/"}, "--data-dir / ("),
        ({"minutes": 2}, None),
    ],
)
def test_another_recipe_is_refused_by_name(trained, options, words, tmp_path):
    run = shutil.copytree(trained.path, tmp_path / "run")
    before = everything(run)
    if words is None:
        with pytest.raises(CourseError, match="started with --epochs"):
            resume_run(run, **options)
    else:
        with pytest.raises(CourseError) as error:
            resume_run(run, epochs=3, given=options)
        assert words in str(error.value) and "\n" not in str(error.value)
    assert everything(run) == before


def test_the_same_recipe_said_once_more_goes_on(trained, tiny_streets, tmp_path, capsys, monkeypatch):
    run = shutil.copytree(trained.path, tmp_path / "run")
    monkeypatch.chdir(tiny_streets.parent)
    command = ["train", "SegNet", "--dataset", "toy_streets", "--data-dir", tiny_streets.name, "--output", str(run)]
    options = ["--option", "width=0.1", "--image-size", "64x128", "--batch-size", "6", "--averaging", "0.9"]
    assert main([*command, *options, "--mixed-precision", "float32", "--resume", "--epochs", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["epochs"] == 3


def test_a_data_set_that_was_moved_is_given_anew(trained, tiny_streets, tmp_path):
    run = shutil.copytree(trained.path, tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps({**config, "data_dir": str(tmp_path / "gone")}))
    with pytest.raises(CourseError, match="There is no folder"):
        resume_run(run, epochs=2)
    assert len(resume_run(run, epochs=2, given={"data_dir": str(tiny_streets)}).log) == 2
