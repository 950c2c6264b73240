"""Colours over images."""

import numpy as np
import pytest

from course_utils import plotting
from course_utils.labels import CAMVID, VOID


def test_overlay_blends_between_image_and_colours():
    image = np.random.default_rng(0).random((3, 4, 3))
    label = np.arange(12).reshape(3, 4) % CAMVID.num_classes
    np.testing.assert_array_equal(plotting.overlay(image, label, CAMVID, 0), image)
    np.testing.assert_allclose(plotting.overlay(image, label, CAMVID, 1), CAMVID.to_colors(label) / 255)
    half = plotting.overlay(image, label, CAMVID, 0.5)
    np.testing.assert_allclose(half, (image + CAMVID.to_colors(label) / 255) / 2)


def test_void_stays_clear():
    image = np.random.default_rng(0).random((2, 2, 3))
    label = np.array([[VOID, 0], [1, VOID]])
    blended = plotting.overlay(image, label, CAMVID)
    np.testing.assert_array_equal(blended[label == VOID], image[label == VOID])
    assert (blended[label != VOID] != image[label != VOID]).any()


def test_rows_of_panels_are_named():
    rows = [[np.zeros((4, 8), np.uint8)], [np.ones((4, 8), np.uint8)]]
    figure = plotting.panels(rows, ["crop"], CAMVID, row_titles=["truth", "network"])
    assert [axis.get_ylabel() for axis in figure.axes] == ["truth", "network"]
    with pytest.raises(ValueError, match="zip"):
        plotting.panels(rows, ["crop"], CAMVID, row_titles=["truth"])


def test_legends_name_overlays_and_all_frames_of_an_animation():
    image = np.zeros((4, 8, 3))
    names = [
        text.get_text() for text in plotting.panels([[image]], ["over it"], CAMVID, present=[1, 3]).legends[0].texts
    ]
    assert names == [CAMVID.names[1], CAMVID.names[3]]
    assert not plotting.panels([[image]], ["image"], CAMVID).legends
    legend = plotting.legend_patches(CAMVID, [0, 2, VOID])
    frames = [plotting.pixel_for_pixel({"image": image, "map": image}, legend=legend) for _ in range(2)]
    assert frames[0].get_size_inches().tolist() == frames[1].get_size_inches().tolist()
    assert [text.get_text() for text in frames[0].legends[0].texts] == [CAMVID.names[0], CAMVID.names[2], "void"]
