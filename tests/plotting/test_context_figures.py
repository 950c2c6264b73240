"""Pyramids over an image: bins where they belong, patches that are cut from their images, levels as given."""

import numpy as np
import pytest

from course_utils import labels, plotting


def test_bins_divide_the_image():
    image = np.random.default_rng(0).random((12, 24, 3))
    figure = plotting.bin_levels(image, {1: image, 3: image[::-1]})
    top, bottom = figure.axes[1], figure.axes[3]
    rows, columns = (collection.get_segments() for collection in top.collections)
    assert [segment[0, 1] for segment in rows] == [-0.5, 3.5, 7.5, 11.5]
    assert [segment[0, 0] for segment in columns] == [-0.5, 7.5, 15.5, 23.5]
    np.testing.assert_array_equal(bottom.images[0].get_array(), image[::-1])


@pytest.mark.parametrize("place", [(0, 0), (10, 13), (19, 29)])
def test_patches_are_framed_where_they_were_cut(place):
    image = np.random.default_rng(1).random((20, 30, 3))
    top, bottom = plotting.patches_in_images([(image, place, "a class")], size=6).axes
    patch, frame = top.images[0].get_array(), bottom.patches[0]
    row, column = round(frame.get_y() + 0.5), round(frame.get_x() + 0.5)
    assert patch.shape == (6, 6, 3) and (frame.get_width(), frame.get_height()) == (6, 6)
    np.testing.assert_array_equal(patch, image[row : row + 6, column : column + 6])
    assert row <= place[0] < row + 6 and column <= place[1] < column + 6
    assert bottom.get_title() == "a class"
    (alone,) = plotting.patches_in_images([(image, place, "a class")], size=6, alone=True).axes
    np.testing.assert_array_equal(alone.images[0].get_array(), patch)
    assert alone.get_title() == "patch 1" and not alone.patches  # nothing gives the answer away


def test_context_curves_stand_at_equal_distances_and_mark_the_pixel():
    picture = np.zeros((8, 12, 3))
    left, right = plotting.context_curves(picture, (2, 5), (4, 64), {"one": [30, 60.0], "other": [20.0, 80]}).axes
    assert {tuple(line.get_xydata()[0]) for line in left.lines} == {(5, 2)}
    np.testing.assert_array_equal(right.lines[1].get_xydata(), [[0, 20], [1, 80]])
    assert [text.get_text() for text in right.get_xticklabels()] == ["4", "64"]
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["one", "other"]


def test_stages_show_what_they_are_given():
    rng, table = np.random.default_rng(2), labels.CAMVID
    image, features = rng.random((16, 24, 3)), rng.random((2, 3))
    levels = {1: rng.random((1, 1)), 6: rng.random((6, 6))}
    prediction, truth = (rng.integers(0, table.num_classes, (16, 24)) for _ in range(2))
    figure = plotting.pyramid_stages(image, features, levels, prediction, truth, table)
    shown = {axis.get_title(loc="left"): axis.images[0].get_array() for axis in figure.axes}
    expected = {"image": image, "feature map": features, "1 x 1": levels[1], "6 x 6": levels[6]}
    expected |= {"prediction": table.to_colors(prediction), "ground truth": table.to_colors(truth)}
    assert shown.keys() == expected.keys()
    for name, picture in expected.items():
        np.testing.assert_array_equal(shown[name], picture)
    names = {text.get_text() for text in figure.legends[0].get_texts()}
    assert names == {table.names[i] for i in np.union1d(prediction, truth)}
