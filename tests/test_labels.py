"""Label tables: internally consistent, and what their authors published."""

import numpy as np
import pytest
from cityscapesscripts.helpers.labels import labels as official

from course_utils.errors import CourseError
from course_utils.labels import CAMVID, CITYSCAPES, COCO_STUFF, VOID

TABLES = [CITYSCAPES, CAMVID, COCO_STUFF]


def test_cityscapes_has_the_19_classes_in_7_categories_of_the_benchmark():
    """Cordts et al., table 1 and the benchmark's table, in its order: what every published row of IoUs relies on."""
    assert CITYSCAPES.names == (
        "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign",
        "vegetation", "terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
    )  # fmt: skip
    assert list(CITYSCAPES.categories) == ["flat", "construction", "object", "nature", "sky", "human", "vehicle"]
    assert [label.name for label in CITYSCAPES.classes if label.has_instances] == list(CITYSCAPES.names[11:])
    # What the official script does not evaluate is void, the license plate with its negative ids included.
    for row, theirs in zip(CITYSCAPES.labels, official, strict=True):
        assert (row.train_id == VOID) == theirs.ignoreInEval == (theirs.trainId in (-1, 255))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.dataset)
def test_train_ids_and_label_ids_are_inverse(table):
    train_ids = np.arange(table.num_classes, dtype=np.uint8)
    assert np.array_equal(table.to_train_ids(table.to_label_ids(train_ids)), train_ids)
    assert table.to_train_ids(table.to_label_ids(np.uint8(VOID))) == VOID


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.dataset)
def test_every_class_has_its_own_id_name_and_colour(table):
    assert len({label.id for label in table.labels}) == len(table.labels)
    assert len(set(table.names)) == table.num_classes
    assert len({tuple(color) for color in table.colors}) == table.num_classes
    members = [train_id for group in table.categories.values() for train_id in group]
    assert sorted(members) == list(range(table.num_classes))


def test_coco_stuff_has_80_things_and_91_stuff_classes():
    things = [label for label in COCO_STUFF.classes if label.has_instances]
    stuff = [label for label in COCO_STUFF.classes if not label.has_instances]
    assert len(things) == 80 and max(label.id for label in things) == 90
    assert [label.id for label in stuff] == list(range(92, 183))
    # COCO-Stuff sorts its stuff classes by name.
    assert [label.name for label in stuff] == sorted(label.name for label in stuff)
    # Positions quoted from the official list of labels.
    assert [COCO_STUFF.names[COCO_STUFF.to_train_ids(i)] for i in (1, 13, 90, 92, 149, 182)] == [
        "person", "stop sign", "toothbrush", "banner", "road", "wood",
    ]  # fmt: skip
    assert COCO_STUFF.to_train_ids(183) == VOID


def test_coco_merged_stuff_stands_for_the_class_it_is_named_after():
    by_id = {label.id: label for label in COCO_STUFF.labels}
    for label_id in range(184, 201):
        merged = by_id[label_id]
        name = merged.name.removesuffix("-merged")
        assert merged.name != name
        assert COCO_STUFF.names[merged.train_id] == name
        assert COCO_STUFF.to_label_ids(merged.train_id) < 183


def test_coco_colours_are_told_apart():
    colors = COCO_STUFF.colors.astype(int)
    distances = np.abs(colors[:, None] - colors[None]).sum(-1) + 999 * np.eye(len(colors), dtype=int)
    assert distances.min() >= 20
    assert colors.sum(1).min() > 100, "void alone is black"


@pytest.mark.parametrize(
    ("table", "ids", "named"),
    [(CITYSCAPES, [7, 34], "34"), (CAMVID, [0, 12, 77], "12, 77"), (COCO_STUFF, [12], "12")],
    ids=["cityscapes", "camvid", "coco"],
)
def test_an_unknown_label_id_is_named(table, ids, named):
    with pytest.raises(CourseError, match=f"label id {named} is not in the {table.dataset} label table"):
        table.to_train_ids(np.array(ids))


def test_floats_and_out_of_range_values_are_refused():
    with pytest.raises(CourseError, match="integers"):
        CITYSCAPES.to_train_ids(np.array([7.0]))
    with pytest.raises(CourseError, match=r"0\.\.255"):
        CITYSCAPES.to_train_ids(np.array([-1, 7]))


def test_void_is_black_in_pictures():
    picture = CAMVID.to_colors(np.array([[0, VOID]], np.uint8))
    assert picture.tolist() == [[[70, 130, 180], [0, 0, 0]]]
