"""Figures in few colours keep those that their legends name."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from course_utils import plotting
from course_utils.labels import CITYSCAPES
from course_utils.plotting import style
from course_utils.plotting.few_colours import in_few_colours
from course_utils.plotting.playing import to_html
from course_utils.plotting.style import for_the_page, new_figure


def colours(picture):
    return {color for _, color in picture.convert("RGB").getcolors(1 << 24)}


@pytest.fixture(scope="module")
def figure():
    """A photograph of many shades, mostly yellow ones, beside a map of all classes with its legend."""
    yellows = np.random.default_rng(0).normal([230, 190, 20], 40, (128, 256, 3)).clip(0, 255).astype(np.uint8)
    label_map = np.tile(np.arange(CITYSCAPES.num_classes).repeat(13), (128, 1))
    return plotting.panels([(yellows, label_map)], ["image", "truth"], CITYSCAPES)


def test_no_two_classes_get_one_colour(figure):
    picture = Image.open(io.BytesIO(for_the_page(figure)))
    classes = set(map(tuple, CITYSCAPES.colors[: CITYSCAPES.num_classes].tolist()))
    assert len(classes) == CITYSCAPES.num_classes and classes <= colours(picture)
    in_the_player = to_html({"One frame.": figure}, "a street").split("base64,")[1].split('"')[0]
    assert classes <= colours(Image.open(io.BytesIO(base64.b64decode(in_the_player))))


def test_smooth_shades_keep_their_colours_unless_the_file_gets_large(monkeypatch):
    """In 256 colours a smooth photograph has rings; lines and letters lose nothing."""
    row, column = np.mgrid[:40, :60] / 60
    smooth, axis = new_figure(size=(6, 4))
    axis.imshow(np.stack([row, column, 1 - row * column], axis=-1), interpolation="bilinear")
    lines, axis = new_figure(size=(6, 4))
    axis.plot([1, 3, 2])
    assert len(colours(Image.open(io.BytesIO(for_the_page(smooth))))) > 1000
    assert Image.open(io.BytesIO(for_the_page(lines))).mode == "P"
    monkeypatch.setattr(style, "LARGEST_FILE", 1000)
    assert len(colours(Image.open(io.BytesIO(for_the_page(smooth))))) <= 256


def test_shades_stay_near_and_few_colours_are_kept_exactly():
    random = np.random.default_rng(1)
    shades = random.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    found = in_few_colours(Image.fromarray(shades), 64)
    assert found.mode == "P" and found.size == (50, 40) and len(colours(found)) <= 64
    assert np.abs(np.asarray(found.convert("RGB")).astype(int) - shades).mean() < 30
    flat = np.kron(random.integers(0, 256, (3, 4, 3)), np.ones((9, 9, 1), int)).astype(np.uint8)
    np.testing.assert_array_equal(np.asarray(in_few_colours(Image.fromarray(flat), 24).convert("RGB")), flat)


def test_a_picture_smaller_than_a_flat_area():
    tiny = np.random.default_rng(2).integers(0, 256, (3, 4, 3)).astype(np.uint8)
    np.testing.assert_allclose(np.asarray(in_few_colours(Image.fromarray(tiny), 256).convert("RGB")), tiny, atol=1)
