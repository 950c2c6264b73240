"""Files in the format of COCO: written by the course, read by pycocotools and by the course's reader."""

import contextlib
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as masks
from pycocotools.coco import COCO
from scipy import ndimage
from skimage.segmentation import find_boundaries

from course_utils import datasets
from course_utils.datasets import coco_format, objects
from course_utils.datasets.toy_streets import render
from course_utils.labels import CITYSCAPES, VOID

# pycocotools 2.0 returns its arrays in a way that NumPy 2 calls obsolete.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

MASKS = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))
SMALL = settings(deadline=None, max_examples=60)


def rasterise(polygons, shape):
    return masks.decode(masks.merge(masks.frPyObjects(polygons, *shape))).astype(bool)


def read(root):
    """The train ids of the only scene, by the course's reader."""
    (frame,) = datasets.open("coco", root).frames("val")
    return datasets.label_map(frame, CITYSCAPES)


@given(MASKS.filter(np.any))
@SMALL
def test_exact_outlines_lose_nothing_but_holes(mask):
    assert np.array_equal(rasterise(coco_format.polygons(mask), mask.shape), ndimage.binary_fill_holes(mask))


@given(MASKS.filter(np.any), st.floats(0, 20))
@SMALL
def test_simplified_outlines_are_polygons_inside_the_picture(mask, tolerance):
    found = coco_format.polygons(mask, tolerance)
    assert len(found) == ndimage.label(ndimage.binary_fill_holes(mask))[1]
    for polygon in found:
        assert len(polygon) >= 6 and len(polygon) % 2 == 0
        x, y = polygon[::2], polygon[1::2]
        assert min(x) >= 0 and max(x) <= mask.shape[1] and min(y) >= 0 and max(y) <= mask.shape[0]


def test_a_coarser_outline_has_fewer_corners_and_stays_near():
    rows, columns = np.mgrid[:60, :80]
    disc = (rows - 30) ** 2 + (columns - 40) ** 2 < 25**2
    corners, wrong = [], []
    for tolerance in (0, 0.7, 1.5, 4):
        found = coco_format.polygons(disc, tolerance)
        corners.append(len(found[0]) // 2)
        wrong.append(rasterise(found, disc.shape) ^ disc)
    assert corners == sorted(corners, reverse=True) and corners[0] > corners[1] > corners[3]
    distance = np.where(disc, ndimage.distance_transform_edt(disc), ndimage.distance_transform_edt(~disc))
    assert not wrong[0].any()
    assert all(
        distance[w].max(initial=0) <= tolerance + 1 for w, tolerance in zip(wrong, (0, 0.7, 1.5, 4), strict=True)
    )


def test_an_empty_mask_has_no_outline():
    assert coco_format.polygons(np.zeros((4, 5), bool)) == []


def test_a_negative_tolerance_is_refused():
    with pytest.raises(ValueError, match="0 or more"):
        coco_format.polygons(np.ones((2, 2)), -1)


@given(MASKS)
@SMALL
def test_run_lengths_come_back(mask):
    code = json.loads(json.dumps(coco_format.run_lengths(mask)))
    assert np.array_equal(masks.decode(code).astype(bool), mask)


@pytest.mark.parametrize("index", range(3))
def test_run_lengths_keep_the_label_map(tmp_path, index):
    scene = render(2, index, (128, 256))
    coco_format.write(tmp_path, {"street": (scene.image, scene.instance_ids)}, CITYSCAPES)
    assert np.array_equal(read(tmp_path), CITYSCAPES.to_train_ids(scene.label_ids))


def test_polygons_go_wrong_near_the_outlines_of_things_only(tmp_path):
    scene = render(2, 0, (128, 256))
    coco_format.write(tmp_path, {"street": (scene.image, scene.instance_ids)}, CITYSCAPES, tolerance=2.0)
    wrong = read(tmp_path) != CITYSCAPES.to_train_ids(scene.label_ids)
    to_outline = ndimage.distance_transform_edt(~find_boundaries(scene.instance_ids))
    assert 0 < wrong.sum() < 0.1 * (scene.instance_ids >= 1000).sum()
    assert to_outline[wrong].max() <= 3


def test_annotations_hold_what_the_format_asks_for(tmp_path):
    """Areas, boxes, categories and the links between the lists, as pycocotools sees them."""
    scene = render(0, 5, (128, 256))
    coco_format.write(tmp_path, {"a": (scene.image, scene.instance_ids)}, CITYSCAPES, split="train", tolerance=0.0)
    with contextlib.redirect_stdout(io.StringIO()):
        index = COCO(tmp_path / "annotations" / "instances_train2017.json")
    ids = objects.object_ids(scene.instance_ids)
    found = index.loadAnns(index.getAnnIds(imgIds=[1]))
    assert [a["bbox"] for a in found] == objects.boxes(scene.instance_ids).tolist()
    assert [a["area"] for a in found] == [(scene.instance_ids == k).sum() for k in ids]
    assert [index.cats[a["category_id"]]["name"] for a in found] == [
        {label.id: label.name for label in CITYSCAPES.labels}[k // 1000] for k in ids.tolist()
    ]
    stuff = json.loads((tmp_path / "annotations" / "stuff_train2017.json").read_text())["annotations"]
    numbers = [a["id"] for a in found + stuff]
    assert len(set(numbers)) == len(numbers)
    assert not any(a["iscrowd"] for a in found)


def test_a_group_becomes_a_crowd_and_reads_as_void(tmp_path):
    """What Cityscapes labels as a group of cars is a class there; COCO keeps it out of training and evaluation."""
    instance_ids = np.full((20, 30), 7, np.int32)
    instance_ids[5:10, 5:15], instance_ids[12:18, 5:15] = 26, 26000
    image = np.zeros((20, 30, 3), np.uint8)
    coco_format.write(tmp_path, {"a": (image, instance_ids)}, CITYSCAPES, tolerance=0.0)
    expected = np.zeros((20, 30), np.uint8)
    expected[5:10, 5:15], expected[12:18, 5:15] = VOID, 13
    assert np.array_equal(read(tmp_path), expected)


def test_void_is_not_annotated(tmp_path):
    instance_ids = np.full((8, 10), 1, np.int32)  # the car's own bonnet
    instance_ids[:4] = 23
    coco_format.write(tmp_path, {"a": (np.zeros((8, 10, 3), np.uint8), instance_ids)}, CITYSCAPES)
    stuff = json.loads((tmp_path / "annotations" / "stuff_val2017.json").read_text())
    assert [a["category_id"] for a in stuff["annotations"]] == [23]
    assert (read(tmp_path)[4:] == VOID).all()
