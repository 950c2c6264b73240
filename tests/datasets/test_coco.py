"""COCO: label maps drawn from polygons, run lengths and panoptic pictures."""

import json

import numpy as np
import pytest
from skimage.draw import polygon2mask
from tiny_datasets import save

from course_utils import datasets
from course_utils.datasets.verification import verify
from course_utils.errors import CourseError
from course_utils.labels import COCO_STUFF, VOID


def of(name):
    return COCO_STUFF.names.index(name)


def test_label_map_is_drawn_in_layers(coco_dir):
    frame = datasets.open("coco", coco_dir).frames("val")[0]
    assert frame.name == "000000000007" and frame.label is None and frame.has_label
    label = datasets.label_map(frame, COCO_STUFF)
    assert label.shape == (40, 60) and label.dtype == np.uint8
    expected = np.full((40, 60), VOID, np.uint8)
    expected[25:], expected[:20] = of("road"), of("sky-other")  # rows 20 to 25 are "other": void
    expected[:10, 40:] = VOID  # the crowd, an uncompressed run length
    expected[20:30, 10:40] = of("car")
    expected[15:35, 20:30] = of("person")  # a later polygon lies on top
    assert np.array_equal(label, expected)


def test_what_nobody_annotated_is_void(coco_dir):
    label = datasets.label_map(datasets.open("coco", coco_dir).frames("val")[1], COCO_STUFF)
    assert (label[:, :25] == of("grass")).all() and (label[:, 25:] == VOID).all()


def test_a_slanted_polygon_agrees_with_another_rasteriser(coco_dir):
    file = coco_dir / "annotations" / "instances_val2017.json"
    content = json.loads(file.read_text())
    corners = np.array([[5.0, 3.0], [50.0, 12.0], [30.0, 36.0], [8.0, 25.0]])  # x, y
    content["annotations"] = [
        {"id": 1, "image_id": 9, "category_id": 17, "iscrowd": 0, "segmentation": [(corners * 0.8).ravel().tolist()]}
    ]
    file.write_text(json.dumps(content))
    drawn = datasets.label_map(datasets.open("coco", coco_dir).frames("val")[1], COCO_STUFF) == of("cat")
    other = polygon2mask((30, 50), corners[:, ::-1] * 0.8 - 0.5)
    assert (drawn & other).sum() / (drawn | other).sum() > 0.93


def test_panoptic_pictures_serve_when_there_is_nothing_else(coco_dir):
    folder = coco_dir / "annotations"
    for kind in ("instances", "stuff"):
        (folder / f"{kind}_val2017.json").unlink()
    numbers = np.zeros((40, 60), int)
    numbers[:20], numbers[20:], numbers[30:, :20], numbers[30:, 40:] = 5, 300, 70000, 9
    save(np.stack([numbers % 256, numbers // 256 % 256, numbers // 65536], -1).astype(np.uint8),
         folder / "panoptic_val2017" / "000000000007.png")  # fmt: skip
    segments = [(5, 187, 0), (300, 149, 0), (70000, 3, 0), (9, 1, 1)]
    content = {
        "images": [{"id": 7, "file_name": "000000000007.jpg", "height": 40, "width": 60}],
        "annotations": [
            {
                "image_id": 7,
                "file_name": "000000000007.png",
                "segments_info": [{"id": i, "category_id": c, "iscrowd": crowd} for i, c, crowd in segments],
            }
        ],
    }
    (folder / "panoptic_val2017.json").write_text(json.dumps(content))
    (frame,) = datasets.open("coco", coco_dir).frames("val")
    expected = np.full((40, 60), of("road"), np.uint8)
    expected[:20], expected[30:, :20], expected[30:, 40:] = of("sky-other"), of("car"), VOID
    assert np.array_equal(datasets.label_map(frame, COCO_STUFF), expected)


def test_sizes_differ_until_they_are_resized(coco_dir):
    shapes = [tuple(label.shape) for _, label in datasets.load("coco", "val", coco_dir)]
    assert shapes == [(40, 60), (30, 50)]
    resized = datasets.load("coco", "val", coco_dir, image_size=(20, 24))
    assert [tuple(image.shape) for image, _ in resized] == [(20, 24, 3)] * 2


def test_verification_passes(coco_dir):
    result = verify(datasets.open("coco", coco_dir), progress=False)
    assert result.frames == {"val": 2} and not result.problems


def test_an_image_of_another_size_than_announced(coco_dir):
    save(np.zeros((41, 60, 3), np.uint8), coco_dir / "val2017" / "000000000007.jpg")
    with pytest.raises(CourseError, match=r"60x40.*60x41"):
        datasets.load("coco", "val", coco_dir)


def test_a_missing_image(coco_dir):
    (coco_dir / "val2017" / "000000000009.jpg").unlink()
    with pytest.raises(CourseError, match=r"000000000009\.jpg.*missing"):
        datasets.load("coco", "val", coco_dir)


def test_instances_without_stuff(coco_dir):
    (coco_dir / "annotations" / "stuff_val2017.json").unlink()
    with pytest.raises(CourseError, match="does not contain"):
        datasets.load("coco", "val", coco_dir)


def test_a_split_that_is_not_there(coco_dir):
    with pytest.raises(CourseError, match=r"stuff_train2017\.json.*course data coco --splits train"):
        datasets.load("coco", "train", coco_dir)


def test_a_file_that_is_not_json(coco_dir):
    file = coco_dir / "annotations" / "stuff_val2017.json"
    file.write_text(file.read_text()[:100])
    with pytest.raises(CourseError, match=r"stuff_val2017\.json: this is not JSON"):
        datasets.load("coco", "val", coco_dir)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"category_id": 12}, "label id 12 is not in the coco label table"),
        ({"category_id": 1000}, "annotation with id 14"),
        ({"segmentation": {"size": [10, 10], "counts": [50, 50]}}, "annotation with id 14"),
    ],
    ids=["unknown category", "impossible category", "mask of another size"],
)
def test_a_bad_annotation_is_named(coco_dir, change, message):
    file = coco_dir / "annotations" / "stuff_val2017.json"
    content = json.loads(file.read_text())
    content["annotations"][-1].update(change)
    file.write_text(json.dumps(content))
    frame = datasets.open("coco", coco_dir).frames("val")[1]
    with pytest.raises(CourseError, match=message) as error:
        datasets.label_map(frame, COCO_STUFF)
    assert "annotations" in str(error.value)
    assert any(
        message in problem.message for problem in verify(datasets.open("coco", coco_dir), progress=False).problems
    )
