"""The cards of systems and encoders: complete, and looked up by name, by address or as they are."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils import models
from course_utils.backend import keras
from course_utils.errors import CourseError
from course_utils.models import SYSTEMS, System
from course_utils.models.encoders import ENCODERS, Encoder, Stage, look_up_encoder

ROOT = Path(__file__).parents[2]
OWN = """
from course_utils.backend import keras
from course_utils.models import System
from course_utils.models.encoders import Encoder, Stage

def MyNet(num_classes, depth=1):
    return keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(num_classes, 3, padding="same")])

def pixels(x, width, dropout, output_stride):
    return [Stage(x, (3,), 1)]

CARD = System(MyNet, "Me, 2024", learning_rate=0.5)
PIXELS = Encoder(pixels)
NUMBER = 3
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A module of the user's in the current directory."""
    (tmp_path / "own_cards.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("own_cards", None)


def test_the_package_offers_the_function_of_every_card():
    for name, card in SYSTEMS.items():
        assert card.name == name and getattr(models, name) is card.build and name in models.__all__
        assert card.paper and callable(card.build), name


def test_a_system_is_a_name_an_address_a_card_or_a_function(own):
    assert models.system("PSPNet") is models.system(SYSTEMS["PSPNet"]) is SYSTEMS["PSPNet"]
    assert models.system("own_cards:CARD").learning_rate == 0.5
    plain = models.system("own_cards:MyNet")
    assert plain.name == "MyNet" and plain.options == ("depth",) and plain.auxiliary is None
    assert models.system(plain.build).network(4).output_shape == (None, None, None, 4)
    for name, words in [
        ("pspnet", "no model 'pspnet'"),
        ("own_cards:NUMBER", "of type int"),
        ("own_cards:X", "no 'X'"),
    ]:
        with pytest.raises(CourseError, match=words):
            models.system(name)


def test_an_encoder_is_a_name_an_address_a_card_or_a_function(own):
    assert look_up_encoder("slim") is look_up_encoder(ENCODERS["slim"]) is ENCODERS["slim"]
    assert look_up_encoder("own_cards:PIXELS").name == look_up_encoder("own_cards:pixels").name == "pixels"
    with pytest.raises(CourseError, match="of type int"):
        look_up_encoder("own_cards:NUMBER")


def test_systems_take_an_encoder_of_ones_own():
    def half(x, width, dropout, output_stride):
        x = keras.layers.Conv2D(4, 3, 2, "same", name="encoder_half_conv")(x)
        return [Stage(x, (4,), 2)]

    model = models.DeepLabV2(3, encoder=Encoder(half))
    assert [layer.name for layer in models.encoder_layers(model)] == ["encoder_half_conv"]
    assert model(np.zeros((1, 6, 8, 3), "float32")).shape == (1, 6, 8, 3)


def test_an_option_that_a_system_does_not_have_is_named_with_those_it_has():
    with pytest.raises(CourseError, match=r"SegNet: .*'depth'.* Its options are image_shape, encoder, width"):
        SYSTEMS["SegNet"].network(3, depth=3)


def test_a_system_without_losses_is_trained_on_its_logits_alone():
    assert set(SYSTEMS["PSPNet"].network(3, training=True, encoder="slim", width=1 / 8).output) == {
        "logits",
        "auxiliary",
    }
    plain = System(models.PSPNet).network(3, training=True, encoder="slim", width=1 / 8)
    assert not isinstance(plain.output, dict)


@pytest.mark.parametrize("name", [name for name, card in SYSTEMS.items() if card.refinements])
def test_a_refinement_has_no_weights_that_were_not_trained(name):
    network = SYSTEMS[name].network(3, encoder="slim", width=1 / 8)
    for refine in SYSTEMS[name].refinements.values():
        refined = refine(network)
        assert {weight.path for weight in network.weights} <= {weight.path for weight in refined.weights}
        assert refined(np.zeros((1, 16, 16, 3), "float32")).shape == (1, 16, 16, 3)


def test_the_table_of_models_that_the_readme_points_to_lists_every_system():
    address = re.search(
        r"In place of SegNet: any system of the table that begins `([^`]+)`", (ROOT / "README.md").read_text()
    )[1]
    assert (ROOT / address).samefile(models.__file__)
    listed = re.findall(r"^(\w+)(?:, [\w-]+)? \(\d+\)  ", models.__doc__, flags=re.MULTILINE)
    assert sorted(listed) == sorted(SYSTEMS)


def test_the_readme_lists_every_encoder():
    text = (ROOT / "README.md").read_text()
    encoder_list = re.search(r"`--encoder` chooses another of ([^.]+)\.", text)[1]
    assert set(re.findall(r"`(\w+)`", encoder_list)) == set(ENCODERS)
