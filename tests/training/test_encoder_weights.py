"""Training from published weights: at the width that they have, and with a word on where they come from."""

import numpy as np
import pytest

from course_utils import models
from course_utils.models.encoders.imagenet.weights_source import WeightsSource
from course_utils.training import Recipe
from course_utils.training.network import new_network

SOURCE = WeightsSource("Net", "a package 1.0", "MIT", "abc")


@pytest.mark.parametrize(
    ("system", "options"),
    [("DeepLabV3Plus", {"encoder_width": 1.0, "width": 0.5}), ("PSPNet", {"encoder_width": 1.0, "width": 0.5}),
     ("DeepLabV2", {"width": 1.0})],
)  # fmt: skip
def test_the_encoder_is_as_wide_as_its_weights_where_nobody_says_otherwise(system, options, tiny_streets):
    def chosen(**given):
        return Recipe.for_machine(system, "toy_streets", tiny_streets, gpu=False, epochs=1, **given).model_options

    assert chosen(encoder_weights="imagenet").items() >= options.items()
    assert "encoder_width" not in chosen() and chosen()["width"] < 1
    (name,) = set(options) - {"width"} or {"width"}
    assert chosen(encoder_weights="imagenet", model_options={name: 0.25})[name] == 0.25


def test_the_source_of_the_weights_is_said_once(tiny_streets, monkeypatch, capsys):
    monkeypatch.setattr(models, "load_imagenet_weights", lambda model, weights: SOURCE)
    options = {"encoder": "efficientnet_lite0", "width": 1 / 8}
    recipe = Recipe("DeepLabV3Plus", "toy_streets", tiny_streets, options, "imagenet", (32, 64), epochs=1)
    new_network(recipe)
    said = capsys.readouterr()
    assert said.err.count(str(SOURCE)) == 1 and "MIT" in said.err and not said.out
    new_network(Recipe("DeepLabV3Plus", "toy_streets", tiny_streets, options, None, (32, 64), epochs=1))
    assert not capsys.readouterr().err


def test_the_encoder_of_a_shipped_network_is_a_start_at_its_own_width(tiny_streets, capsys):
    recipe = Recipe.for_machine(
        "SegNet", "toy_streets", tiny_streets, gpu=False, epochs=1, image_size=(32, 64), encoder_weights="SegNet/camvid"
    )
    assert recipe.model_options == {"width": 0.25} and recipe.optimizer == "muon-gentle"
    model, shipped = new_network(recipe), models.pretrained("SegNet", "camvid")
    for ours, theirs in zip(models.encoder_layers(model), models.encoder_layers(shipped), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True))
    assert "SegNet/camvid" in capsys.readouterr().err
