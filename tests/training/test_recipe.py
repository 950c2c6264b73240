"""Recipes, and what the machine decides in them."""

import numpy as np
import pytest

from course_utils.datasets import DATASETS
from course_utils.errors import CourseError
from course_utils.models import SYSTEMS, System
from course_utils.training import Recipe
from course_utils.training.recipe import machine_defaults


@pytest.mark.parametrize("card", DATASETS.values(), ids=DATASETS)
def test_a_machine_without_a_gpu_gets_small_images(card):
    laptop, large = (machine_defaults(card, SYSTEMS["SegNet"], gpu) for gpu in (False, True))
    assert laptop["image_size"][0] * laptop["image_size"][1] <= 2**15 < 2 * np.prod(large["image_size"])


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
    assert recipe.model_options == {"encoder": "slim", "width": 0.125} and recipe.batch_size == 3
    assert recipe.image_size == recipe.data.card.laptop_size
    assert recipe.learning_rate == recipe.system.learning_rate == 0.02
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
