"""Recipes, and what the machine decides in them."""

import numpy as np
import pytest

from course_utils import machine
from course_utils.datasets import DATASETS
from course_utils.errors import CourseError
from course_utils.models import SYSTEMS, System
from course_utils.training import Recipe
from course_utils.training.optimization.optimizers import OPTIMIZERS
from course_utils.training.recipe import machine_defaults


@pytest.mark.parametrize("card", DATASETS.values(), ids=DATASETS)
def test_a_machine_without_a_gpu_gets_small_images(card):
    laptop, large = (machine_defaults(card, SYSTEMS["SegNet"], gpu) for gpu in (False, True))
    assert laptop["image_size"][0] * laptop["image_size"][1] <= 180 * 240 < 2 * np.prod(large["image_size"])


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
def test_a_machine_without_a_gpu_gets_a_slim_network(system):
    laptop, large = (machine_defaults(DATASETS["toy_streets"], system, gpu) for gpu in (False, True))
    assert system.network(19, **laptop["model_options"]).count_params() < 10e6
    assert laptop["model_options"]["width"] < large["model_options"]["width"] == 1.0
    assert set(large["model_options"]) == {"width"}, "the published encoder"
    assert laptop["learning_rate"] == large["learning_rate"] == system.learning_rate


def test_a_system_without_a_width_is_not_given_one():
    def net(num_classes, depth=3):
        """Never built."""

    for gpu in (False, True):
        assert machine_defaults(DATASETS["toy_streets"], System(net), gpu)["model_options"] == {}


def test_what_is_given_comes_before_what_suits_the_machine(tiny_streets):
    recipe = Recipe.for_machine(
        "GSCNN", "toy_streets", tiny_streets, gpu=False, epochs=1, batch_size=3, model_options={"width": 0.125}
    )
    assert recipe.model_options == {"encoder": "slim", "width": 0.125, "rates": recipe.model_options["rates"]}
    assert recipe.batch_size == 3
    assert recipe.image_size == recipe.data.card.laptop_size
    assert recipe.learning_rate == recipe.system.learning_rate
    assert Recipe.for_machine("GSCNN", "toy_streets", tiny_streets, learning_rate=1, epochs=1).learning_rate == 1
    assert SYSTEMS["GSCNN"].laptop["width"] == 0.25, "the card is not written into"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "either --minutes or --epochs"),
        ({"minutes": 1, "epochs": 1}, "either --minutes or --epochs"),
        ({"epochs": 1, "batch_size": 0}, "batch of 0 images"),
    ],
)
def test_a_recipe_that_cannot_train_is_refused(given, words):
    with pytest.raises(CourseError, match=words):
        Recipe("SegNet", "toy_streets", **given)


@pytest.mark.parametrize("system", ["DeepLabV2", "DeepLabV3", "DeepLabV3Plus", "GSCNN"])
@pytest.mark.parametrize("stride", [8, 16])
@pytest.mark.parametrize("size", [(32, 64), (96, 192), (180, 240), (512, 1024)])
def test_no_tap_of_an_atrous_branch_sees_padding_only(system, stride, size, tiny_streets):
    recipe = Recipe.for_machine(
        system, "toy_streets", tiny_streets, epochs=1, image_size=size, model_options={"output_stride": stride}
    )
    rates, side = recipe.model_options["rates"], size[0] // stride
    assert list(rates) == sorted(set(rates)) and rates[-1] < max(side, len(rates) + 1)
    if size == (512, 1024) and system != "DeepLabV2":
        assert rates == tuple(96 // stride * step for step in (1, 2, 3)), "the map is large enough for these"


def test_rates_fit_the_crops_that_the_network_is_trained_on(tiny_streets):
    sizes = {"image_size": (360, 480), "crop_size": (240, 320)}
    cropped = Recipe.for_machine("DeepLabV3Plus", "toy_streets", tiny_streets, epochs=1, gpu=False, **sizes)
    whole = Recipe.for_machine("DeepLabV3Plus", "toy_streets", tiny_streets, epochs=1, gpu=False, image_size=(240, 320))
    assert cropped.model_options["rates"] == whole.model_options["rates"]
    assert cropped.model_options["rates"][-1] < 240 // 16, "a rate of 18 sees nothing but padding in a crop"


def test_rates_that_are_given_stay(tiny_streets):
    recipe = Recipe.for_machine("DeepLabV3", "toy_streets", tiny_streets, epochs=1, model_options={"rates": (5, 7)})
    assert recipe.model_options["rates"] == (5, 7)


@pytest.mark.parametrize("fast", [True, False])
def test_16_bits_are_for_machines_that_are_faster_with_them(fast, monkeypatch):
    monkeypatch.setattr(machine, "fast_bfloat16", lambda: fast)
    defaults = machine_defaults(DATASETS["camvid"], SYSTEMS["SegNet"], gpu=False)
    assert defaults["mixed_precision"] == ("mixed_bfloat16" if fast else None)


def test_an_encoder_with_published_weights_is_trained_gently(tiny_streets):
    recipe = Recipe("PSPNet", "toy_streets", tiny_streets, epochs=1, encoder_weights="imagenet")
    assert recipe.optimizer == "muon-gentle"
    assert Recipe("PSPNet", "toy_streets", tiny_streets, epochs=1).optimizer == "muon"
    model = recipe.system.network(19, **SYSTEMS["PSPNet"].laptop)
    optimizer = OPTIMIZERS["muon-gentle"](model, 0.03, 0.05)
    optimizer.build(model.trainable_variables)
    before = [variable.numpy() for variable in model.trainable_variables]
    optimizer.apply([np.ones(variable.shape, np.float32) for variable in before], model.trainable_variables)
    for old, variable in zip(before, model.trainable_variables, strict=True):
        rate = 0.03 / 15 * (0.15 if variable.path.startswith("encoder_") else 1)
        if variable.path.startswith("encoder_") or len(variable.shape) == 1:  # for the other kernels there is Muon
            assert np.abs(variable.numpy() - old).max() == pytest.approx(rate, rel=0.1)
