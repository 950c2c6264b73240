"""COCO: label maps drawn from polygons, run lengths and panoptic pictures."""

import functools
import itertools
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.draw import polygon2mask
from tiny_datasets import save, write_coco

from course_utils import datasets
from course_utils.datasets import coco_format
from course_utils.datasets.annotations.masks import draw_mask
from course_utils.datasets.verification import verify
from course_utils.errors import CourseError
from course_utils.labels import COCO_STUFF, VOID

# pycocotools 2.0 returns its arrays in a way that NumPy 2 calls obsolete.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


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


def change(root, kind, *changes):
    """Change an annotation file: each change is a path of names and places, and what to put there."""
    file = root / "annotations" / f"{kind}_val2017.json"
    content = json.loads(file.read_text())
    for path, value in changes:
        *upper, last = path
        target = functools.reduce(lambda part, key: part[key], upper, content)
        if value is ABSENT:
            del target[last]
        else:
            target[last] = value
    file.write_text(json.dumps(content))
    return file


ABSENT = "left out"  # a text, so that every process names the cases alike
LAST, FIRST = ("annotations", -1), ("annotations", 0)
POLYGON = (*FIRST, "segmentation", 0)


@pytest.mark.parametrize(
    ("kind", "path", "value", "message"),
    [
        ("stuff", (*LAST, "category_id"), 12, "label id 12 is not in the coco label table"),
        ("stuff", (*LAST, "category_id"), 1000, "annotation with id 14"),
        ("stuff", (*LAST, "category_id"), "sky", "annotation with id 14"),
        ("stuff", (*LAST, "category_id"), 124.0, "annotation with id 14"),
        ("stuff", (*LAST, "id"), ABSENT, r"annotations\[3\]: id is missing"),
        ("stuff", (*LAST, "image_id"), ABSENT, "annotation with id 14: image_id is missing"),
        ("stuff", (*LAST, "image_id"), 8, "annotation with id 14: image_id is 8"),
        ("stuff", (*LAST, "id"), 12, "annotation with id 12: a second annotation"),
        ("stuff", (*LAST, "iscrowd"), "no", "annotation with id 14: iscrowd"),
        ("stuff", LAST, 7, r"annotations\[3\]: it is 7"),
        ("stuff", ("annotations",), None, "annotations is None, not a list"),
        ("stuff", ("annotations",), ABSENT, "annotations is missing"),
        ("instances", ("images", 0, "height"), 40.0, "image with id 7: height is 40.0"),
        ("instances", ("images", 0, "height"), 100_000, "image with id 7.*not that of|image with id 7"),
        ("instances", ("images", 0, "width"), -1, "image with id 7: width"),
        ("instances", ("images", 0, "file_name"), "../../secret.jpg", "image with id 7: file_name"),
        ("instances", ("images", 0, "file_name"), "a\0.jpg", "image with id 7: file_name"),
        ("instances", ("images", 0, "file_name"), "\ud800.jpg", "image with id 7: file_name"),
        ("instances", ("images", 1, "id"), 7, "image with id 7: .*twice"),
        ("stuff", (*LAST, "segmentation"), {"size": [10, 10], "counts": [50, 50]}, "annotation with id 14"),
        ("stuff", (*LAST, "segmentation"), {"size": [30, 50], "counts": [50, 50]}, "id 14 .*add up to 100"),
        ("stuff", (*LAST, "segmentation"), {"size": [30, 50], "counts": [-50, 1550]}, "id 14 .*counts"),
        ("stuff", (*LAST, "segmentation"), {"size": [30, 50], "counts": [1500.0]}, "id 14 .*counts"),
        ("stuff", (*LAST, "segmentation"), {"size": [30, 50], "counts": "nonsense"}, "id 14 .*damaged|id 14 .*add"),
        ("stuff", (*LAST, "segmentation"), {"size": [30, 50], "counts": "\N{SNOWMAN}"}, "id 14 .*damaged"),
        ("stuff", (*LAST, "segmentation", "counts"), None, "id 14 .*counts is None"),
        ("stuff", (*LAST, "segmentation"), None, "annotation with id 14: segmentation"),
        ("instances", (*FIRST, "segmentation"), [], "annotation with id 1 "),
        ("instances", POLYGON, [], "annotation with id 1 .*0 numbers"),
        ("instances", POLYGON, [1, 1], "annotation with id 1 .*2 numbers"),
        ("instances", POLYGON, [1, 1, 9, 9], "annotation with id 1 .*4 numbers"),  # pycocotools draws a box
        ("instances", POLYGON, [1, 1, 9, 9, 4, 20, 3], "annotation with id 1 .*7 numbers"),
        ("instances", POLYGON, [1, 1, float("nan"), 9, 4, 20], "annotation with id 1 .*coordinate nan"),
        ("instances", POLYGON, [1, 1, float("inf"), 9, 4, 20], "annotation with id 1 .*coordinate inf"),
        ("instances", POLYGON, [1, 1, 1e9, 9, 4, 20], "annotation with id 1 .*coordinate 1000000000.0"),
        ("instances", POLYGON, [1, 1, 9, -1e300, 4, 20], "annotation with id 1 .*coordinate"),
        ("instances", POLYGON, [1, 1, 10**400, 9, 4, 20], "annotation with id 1 .*twelve digits"),
        ("instances", POLYGON, [1, 1, "9", 9, 4, 20], "annotation with id 1 .*list of numbers"),
        ("instances", POLYGON, 5, "annotation with id 1 .*list of numbers"),
        ("instances", POLYGON, [0, 0, 60, 40] * 40_000, "annotation with id 1 .*longer than"),
    ],
    ids=lambda value: str(value)[:30].encode("ascii", "replace").decode(),
)  # fmt: skip
def test_a_bad_annotation_is_named(coco_dir, kind, path, value, message):
    file = change(coco_dir, kind, (path, value))
    with pytest.raises(CourseError, match=message) as error:
        for frame in datasets.open("coco", coco_dir).frames("val"):
            datasets.label_map(frame, COCO_STUFF)
    assert str(file.parent) in str(error.value) and "\n" not in str(error.value)
    problems = verify(datasets.open("coco", coco_dir), progress=False).problems
    assert any(re.search(message, str(problem)) for problem in problems)


def test_verification_lists_all_bad_annotations(coco_dir):
    spoilt = [(("annotations", place, "segmentation", "counts"), "x") for place in (1, 2, 3)]
    change(coco_dir, "stuff", (("annotations", 0, "category_id"), -1), *spoilt)
    change(coco_dir, "instances", (POLYGON, [float("nan")] * 6))
    told = [str(problem) for problem in verify(datasets.open("coco", coco_dir), progress=False).problems]
    named = sorted(int(re.search(r"annotation with id (\d+)", line)[1]) for line in told)
    assert named == [1, 11, 12, 13, 14]


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b'{"images": []', b"\xff\xfe\xfa", b'{"images": [1e99999], "annotations": 3}', b"null", b"[]",
     b"9" * 5000, b"", b'{"images": [], "annotations": []}', b'{"images": [1], "images": [2], "annotations": [3]}'],
    ids=["nested", "cut", "not UTF-8", "infinite", "null", "list", "digits", "empty", "none", "twice"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["instances", "stuff"])
def test_a_file_that_holds_no_annotations_is_one_line(coco_dir, kind, content):
    file = coco_dir / "annotations" / f"{kind}_val2017.json"
    file.write_bytes(content)
    with pytest.raises(CourseError) as error:
        datasets.load("coco", "val", coco_dir)
    assert str(error.value).startswith(f"{file}: ") and "\n" not in str(error.value)


def test_annotations_that_are_all_gone_are_one_line(coco_dir):
    """One of the two files may have none: a set without things, or without stuff."""
    for kind in ("instances", "stuff"):
        datasets.open("coco", coco_dir).frames("val")
        file = coco_dir / "annotations" / f"{kind}_val2017.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"annotations": []}))
    with pytest.raises(CourseError, match="there are no annotations in them"):
        datasets.open("coco", coco_dir).frames("val")


def places(content, path=()):
    """Every path into a JSON document."""
    if path:
        yield path
    keys = content.keys() if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    for key in keys:
        yield from places(content[key], (*path, key))


NONSENSE = st.sampled_from(
    [None, True, -1, 0, 1, 7, 2**70, 0.5, float("nan"), float("inf"), 1e9, "", "x", "7", [], [[]], [1], {}, {"id": 1},
     [float("nan")] * 6, [[1e300] * 8], {"size": [40, 60], "counts": "0"}, {"size": 1, "counts": []}]
)  # fmt: skip


@given(st.data())
@settings(max_examples=200)
def test_nonsense_anywhere_is_one_line_or_nothing(tmp_path_factory, data):
    root = tmp_path_factory.getbasetemp() / "fuzzed_coco"
    if not root.exists():
        write_coco(root)
    kind = data.draw(st.sampled_from(["instances", "stuff"]))
    file = root / "annotations" / f"{kind}_val2017.json"
    whole = file.read_text()
    path = data.draw(st.sampled_from(list(places(json.loads(whole)))))
    try:
        change(root, kind, (path, data.draw(NONSENSE | st.just(ABSENT))))
        for frame in datasets.open("coco", root).frames("val"):
            datasets.label_map(frame, COCO_STUFF)
    except CourseError as error:
        assert str(root) in str(error) and "\n" not in str(error)
    finally:
        file.write_text(whole)


@pytest.fixture
def panoptic_dir(coco_dir):
    """The first image with a panoptic PNG of two segments."""
    folder = coco_dir / "annotations"
    for kind in ("instances", "stuff"):
        (folder / f"{kind}_val2017.json").unlink()
    numbers = np.full((40, 60, 3), 5, np.uint8)
    numbers[:20, :, 0] = 9
    save(numbers, folder / "panoptic_val2017" / "a.png")
    segments = [{"id": 5 + 5 * 256 + 5 * 65536, "category_id": 149}, {"id": 9 + 5 * 256 + 5 * 65536, "category_id": 3}]
    content = {
        "images": [{"id": 7, "file_name": "000000000007.jpg", "height": 40, "width": 60}],
        "annotations": [{"image_id": 7, "file_name": "a.png", "segments_info": segments}],
    }
    (folder / "panoptic_val2017.json").write_text(json.dumps(content))
    return coco_dir


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((*FIRST, "image_id"), 8, r"annotations\[0\]: image_id is 8"),
        ((*FIRST, "image_id"), ABSENT, r"annotations\[0\]: image_id is missing"),
        ((*FIRST, "file_name"), "../a.png", r"annotations\[0\]: file_name"),
        ((*FIRST, "file_name"), "none.png", "no such file"),
        ((*FIRST, "segments_info"), None, r"annotations\[0\]: segments_info is None"),
        ((*FIRST, "segments_info"), [], "has a segment"),
        ((*FIRST, "segments_info", 0, "id"), 2**24, r"segments_info\[0\]\.id"),
        ((*FIRST, "segments_info", 0, "id"), float("nan"), r"segments_info\[0\]\.id"),
        ((*FIRST, "segments_info", 0, "id"), 9 + 5 * 256 + 5 * 65536, "same id"),
        ((*FIRST, "segments_info", 0, "id"), 77, "has a segment"),
        ((*FIRST, "segments_info", 0, "category_id"), ABSENT, r"segments_info\[0\]\.category_id is missing"),
        ((*FIRST, "segments_info", 0, "category_id"), 300, r"segments_info\[0\]\.category_id"),
        (("images", 0, "height"), 100_000, "the label is 60x100000|its size"),
        (("images", 0, "width"), 10**9, "image with id 7: width"),
        (("images",), {}, "images is {}, not a list"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_panoptic_file_is_named(panoptic_dir, path, value, message):
    change(panoptic_dir, "panoptic", (path, value))
    with pytest.raises(CourseError, match=message) as error:
        for frame in datasets.open("coco", panoptic_dir).frames("val"):
            datasets.label_map(frame, COCO_STUFF)
    assert "annotations" in str(error.value) and "\n" not in str(error.value)
    assert verify(datasets.open("coco", panoptic_dir), progress=False).problems


def test_sound_panoptic_files_are_read(panoptic_dir):
    (frame,) = datasets.open("coco", panoptic_dir).frames("val")
    label = datasets.label_map(frame, COCO_STUFF)
    assert (label[:20] == of("car")).all() and (label[20:] == of("road")).all()


def test_the_size_of_a_drawing_takes_no_memory_before_it_is_compared(panoptic_dir):
    """An image of 100000x100000 in the file would take 9.3 GiB to draw."""
    change(panoptic_dir, "panoptic", (("images", 0, "height"), 100_000), (("images", 0, "width"), 100_000))
    with pytest.raises(CourseError, match="is too large"):
        datasets.load("coco", "val", panoptic_dir)


@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))))
@settings(max_examples=150)
def test_run_lengths_are_read_as_pycocotools_reads_them(mask):
    code = coco_format.run_lengths(mask)
    np.testing.assert_array_equal(draw_mask(code, mask.shape), mask)
    runs = [len(list(group)) for _, group in itertools.groupby(mask.ravel("F"))]
    plain = {"size": list(mask.shape), "counts": [0] * bool(mask[0, 0]) + runs}
    np.testing.assert_array_equal(draw_mask(plain, mask.shape), mask)
