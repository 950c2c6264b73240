"""Recipes that come with the course: complete, honest about where they come from, and overruled by what is typed."""

import json
import re
import shlex
from pathlib import Path

import pytest

from course_utils.models import SYSTEMS
from course_utils.tools.cli import build_parser, main
from course_utils.training import Recipe
from course_utils.training.recipes import full_recipe, names, systems
from course_utils.training.run_folder.schema import config_fault

PAGE = Path(__file__).parents[2] / "docs" / "cityscapes.md"


def test_every_system_has_a_recipe_for_cityscapes():
    assert names() == ["cityscapes"]
    assert set(systems("cityscapes")) == set(SYSTEMS)


@pytest.mark.parametrize("model", SYSTEMS)
def test_a_recipe_is_complete_and_can_be_followed(model, tiny_streets):
    full = full_recipe("cityscapes", model)
    place = {"dataset": "toy_streets", "data_dir": str(tiny_streets)}
    recipe = Recipe.for_machine(model, gpu=True, **{**full.values, **place})
    assert set(recipe.model_options) <= set(SYSTEMS[model].options)
    assert recipe.model_options["width"] == 1 and recipe.learning_rate == full.values["learning_rate"]
    assert config_fault(json.loads(json.dumps(recipe.config() | {"prior_mean_iou": None}))) is None
    decided = {"crop_size", "batch_size", "accumulate", "epochs", "schedule", "scale", "flip", "color", "balancing"}
    assert decided <= full.values.keys(), "nothing of this is left to the machine"
    assert full.origin["published"] and full.origin["ours"]
    assert full.estimate["gpu_hours"] > 0 and full.estimate["memory_gib"] > 0
    if full.target:
        assert 50 < full.target["mean_iou"] < 90 and full.target["split"] in ("val", "test") and full.target["source"]


def test_a_recipe_trains_and_what_is_typed_beside_it_wins(tiny_streets, tmp_path, capsys):
    command = ["train", "SegNetBasic", "--recipe", "cityscapes", "--dataset", "toy_streets"]
    command += [
        "--data-dir",
        str(tiny_streets),
        "--output",
        str(tmp_path / "run"),
        "--epochs",
        "1",
        "--batch-size",
        "3",
    ]
    command += ["--accumulate", "2", "--image-size", "64x128", "--crop-size", "32x64", "--option", "width=0.1"]
    assert main(command) == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    recipe = full_recipe("cityscapes", "SegNetBasic").values
    typed = {"dataset": "toy_streets", "epochs": 1, "batch_size": 3, "accumulate": 2, "crop_size": [32, 64]}
    assert {name: config[name] for name in typed} == typed
    assert config["model_options"] == {"width": 0.1}
    left = ("optimizer", "learning_rate", "weight_decay", "schedule", "balancing", "color", "averaging")
    assert {name: config[name] for name in left} == {name: recipe[name] for name in left}
    capsys.readouterr()
    assert main([*command, "--resume"]) == 0, "the same command goes on"
    assert main([*command, "--resume", "--learning-rate", "0.2"]) == 2
    assert "has another than --learning-rate 0.2 (0.1)" in capsys.readouterr().err


def test_minutes_take_the_place_of_the_epochs(tmp_path, capsys):
    command = ["train", "SegNet", "--recipe", "cityscapes", "--data-dir", str(tmp_path), "--output", "run"]
    assert main([*command, "--minutes", "1"]) == 2
    assert "is not the root of cityscapes" in capsys.readouterr().err, "that is what is wrong, not the budget"


def test_the_list_shows_all_of_them(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["train", "--recipe", "list"])
    printed = capsys.readouterr().out
    assert stop.value.code == 0
    for model in SYSTEMS:
        target = full_recipe("cityscapes", model).target
        (line,) = (line for line in printed.splitlines() if line.split()[0] == model)
        assert (f"{target['mean_iou']} {target['split']}" if target else "unknown") in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["SegNet", "--recipe", "kitti"], "no recipe 'kitti': choose one of cityscapes"),
        (["my_module:MyNet", "--recipe", "cityscapes"], "is for DeepLabV2, DeepLabV3"),
        (["SegNet", "--epochs", "1"], "Say what to train on: --dataset NAME, or --recipe NAME"),
    ],
    ids=["recipe", "system", "data"],
)
def test_what_cannot_be_followed_is_one_line(arguments, words, tmp_path, capsys):
    assert main(["train", *arguments, "--output", str(tmp_path / "run")]) == 2
    message = capsys.readouterr().err.strip()
    assert words in message and "\n" not in message
    assert not (tmp_path / "run").exists()


def test_the_page_has_commands_that_the_parser_takes():
    lines = re.findall(r"^course (.+)$", PAGE.read_text(), re.MULTILINE)
    assert len(lines) >= 5
    for line in lines:
        build_parser().parse_args(shlex.split(line, comments=True))
