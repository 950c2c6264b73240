"""Drawings of problems: they show what they are given, where it is."""

import matplotlib
import numpy as np
import pytest
from matplotlib.patches import Polygon, Rectangle

from course_utils import plotting
from course_utils.datasets import coco_format, objects
from course_utils.datasets.toy_streets import render
from course_utils.labels import CITYSCAPES
from course_utils.plotting.pictures.tasks import object_colors


@pytest.fixture(scope="module")
def scene():
    return render(0, 5, (128, 256), "val")


@pytest.fixture(scope="module")
def label(scene):
    return CITYSCAPES.to_train_ids(scene.label_ids)


def pictures(axis):
    return [np.asarray(shown.get_array()) for shown in axis.get_images()]


def test_three_problems_of_one_map(scene, label):
    ids, boxes = objects.object_ids(scene.instance_ids), objects.boxes(scene.instance_ids)
    figure = plotting.three_problems(scene.image / 255, label, scene.instance_ids, ids, boxes, CITYSCAPES)
    _, _, detection, instance = figure.axes
    drawn = {
        (*patch.get_xy(), patch.get_width(), patch.get_height())
        for patch in detection.patches
        if isinstance(patch, Rectangle)
    }
    assert drawn == {(x - 0.5, y - 0.5, w, h) for x, y, w, h in boxes.tolist()}
    (masks,) = pictures(instance)
    colors = object_colors(scene.instance_ids, ids)
    for i, color in zip(ids, colors, strict=True):
        assert np.allclose(masks[scene.instance_ids == i], color)
    rest = masks[scene.instance_ids < 1000]
    assert np.allclose(rest, rest[:, :1]), "what is no object stays grey"


def test_objects_side_by_side_have_different_colors():
    instance_ids = np.repeat(np.array([26003, 26000, 24001, 26002, 33000]), 4)[None]
    ids = objects.object_ids(instance_ids)
    colors = dict(zip(ids.tolist(), object_colors(instance_ids, ids).tolist(), strict=True))
    assert len({tuple(color) for color in colors.values()}) == 5
    assert object_colors(instance_ids, []).shape == (0, 3)


def test_label_numbers_are_those_of_the_window(scene):
    figure = plotting.label_numbers(scene.image, scene.label_ids, CITYSCAPES, (40, 30, 6, 9))
    texts = [int(text.get_text()) for text in figure.axes[2].texts]
    assert texts == scene.label_ids[40:46, 30:39].ravel().tolist()
    assert np.array_equal(pictures(figure.axes[1])[0], scene.image[40:46, 30:39])


def test_class_shares_leave_out_what_is_absent(scene):
    shares = np.zeros(CITYSCAPES.num_classes)
    shares[[0, 13]] = 0.25, 0.75
    bars = plotting.class_shares(scene.image, shares, CITYSCAPES).axes[1]
    assert [text.get_text() for text in bars.get_yticklabels()] == ["car", "road"]
    assert [patch.get_width() for patch in bars.patches] == [75, 25]
    colors = [matplotlib.colors.to_rgb(patch.get_facecolor()) for patch in bars.patches]
    assert np.allclose(colors, CITYSCAPES.colors[[13, 0]] / 255)


def test_outlines_run_around_the_pixels(scene):
    instance = objects.object_ids(scene.instance_ids)[-1]
    mask = scene.instance_ids == instance
    rows, columns = np.nonzero(mask)
    figure = plotting.outlines(scene.image, {"exact": coco_format.polygons(mask)}, (0, 0, 128, 256))
    corners = np.concatenate([p.get_xy() for p in figure.axes[0].patches if isinstance(p, Polygon)])
    assert corners[:, 0].min() == columns.min() - 0.5 and corners[:, 0].max() == columns.max() + 0.5
    assert corners[:, 1].min() == rows.min() - 0.5 and corners[:, 1].max() == rows.max() + 0.5
