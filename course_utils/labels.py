"""Label tables: what the numbers in a label map mean.

A *label id* is what a data set stores in its files; a *train id* (trainId) is what a network predicts: 0, 1, ... for
the evaluated classes and `VOID` for everything else.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from cityscapesscripts.helpers import labels as official

from course_utils.errors import CourseError

VOID = 255
"""Train id of every pixel that is neither trained on nor evaluated."""


@dataclass(frozen=True)
class Label:
    """One row of a label table.

    Attributes:
        name: the class as its authors write it.
        id: the value in the data set's label files.
        train_id: 0 .. num_classes - 1, or `VOID`.
        category: the group the class belongs to.
        has_instances: whether single objects of the class are told apart.
        color: red, green, blue in 0..255.
    """

    name: str
    id: int
    train_id: int
    category: str
    has_instances: bool
    color: tuple[int, int, int]


@dataclass(frozen=True)
class LabelTable:
    """The classes of one data set.

    Attributes:
        dataset: the name `course_utils.datasets.load` knows.
        labels: every row, void ones included.
    """

    dataset: str
    labels: tuple[Label, ...] = field(repr=False)

    @cached_property
    def classes(self) -> tuple[Label, ...]:
        """The evaluated rows in order of train id; of several rows with one train id, the first."""
        first = {}
        for label in self.labels:
            if label.train_id != VOID:
                first.setdefault(label.train_id, label)
        return tuple(first[train_id] for train_id in sorted(first))

    @property
    def num_classes(self) -> int:
        return len(self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """Class names, indexed by train id."""
        return tuple(label.name for label in self.classes)

    @cached_property
    def colors(self) -> np.ndarray:
        """Class colours, uint8 [num_classes, 3], indexed by train id."""
        return np.array([label.color for label in self.classes], np.uint8)

    @cached_property
    def categories(self) -> dict[str, tuple[int, ...]]:
        """Train ids of each category, for categories with an evaluated class, in order of first train id."""
        groups: dict[str, list[int]] = {}
        for label in self.classes:
            groups.setdefault(label.category, []).append(label.train_id)
        return {name: tuple(train_ids) for name, train_ids in groups.items()}

    @cached_property
    def _train_id_of(self) -> np.ndarray:
        table = np.full(256, -1, np.int16)
        for label in self.labels:
            if 0 <= label.id <= 255:
                table[label.id] = label.train_id
        return table

    @cached_property
    def _label_id_of(self) -> np.ndarray:
        table = np.full(256, -1, np.int16)
        for label in self.classes:
            table[label.train_id] = label.id
        void = next((label.id for label in self.labels if label.train_id == VOID and 0 <= label.id <= 255), None)
        if void is not None:
            table[VOID] = void
        return table

    def _look_up(self, table: np.ndarray, values, kind: str) -> np.ndarray:
        values = np.asarray(values)
        if not np.issubdtype(values.dtype, np.integer):
            raise CourseError(f"{kind}s must be integers, got {values.dtype}: convert them with .astype('uint8').")
        if values.size and (values.min() < 0 or values.max() > 255):
            raise CourseError(f"{kind}s must lie in 0..255, got {values.min()}..{values.max()}.")
        result = table.take(values)
        if values.size and result.min() < 0:
            wrong = sorted(set(np.unique(values[result < 0]).tolist()))
            raise CourseError(
                f"{kind} {', '.join(map(str, wrong))} is not in the {self.dataset} label table: "
                f"is this map really made of {self.dataset} {kind}s?"
            )
        return result.astype(np.uint8)

    def to_train_ids(self, label_ids) -> np.ndarray:
        """Label ids to train ids.

        Args:
            label_ids: integers of any shape.

        Returns:
            uint8 of the same shape, 0 .. num_classes - 1 and `VOID`.

        Raises:
            CourseError: a value is not an id of this table; the message names it.
        """
        return self._look_up(self._train_id_of, label_ids, "label id")

    def to_label_ids(self, train_ids) -> np.ndarray:
        """Train ids to label ids; `VOID` becomes the table's first void label.

        Args:
            train_ids: integers of any shape.

        Returns:
            uint8 of the same shape.

        Raises:
            CourseError: a value is not a train id of this table; the message names it.
        """
        return self._look_up(self._label_id_of, train_ids, "train id")

    def to_colors(self, train_ids) -> np.ndarray:
        """Train ids to a picture, uint8 [..., 3]; void is black."""
        palette = np.zeros((256, 3), np.uint8)
        palette[: self.num_classes] = self.colors
        return palette[np.asarray(train_ids)]


# Cordts et al., The Cityscapes Dataset (CVPR 2016), as its authors' scripts define it. What they leave out is void.
CITYSCAPES = LabelTable(
    "cityscapes",
    tuple(
        Label(row.name, row.id, VOID if row.ignoreInEval else row.trainId, row.category, row.hasInstances, row.color)
        for row in official.labels
    ),
)

# Ids: the SegNet authors' 11-class split of CamVid; colours and grouping in the manner of Cityscapes.
CAMVID = LabelTable(
    "camvid",
    tuple(
        Label(*row)
        for row in [
            ("sky", 0, 0, "sky", False, (70, 130, 180)),
            ("building", 1, 1, "construction", False, (70, 70, 70)),
            ("pole", 2, 2, "object", False, (153, 153, 153)),
            ("road", 3, 3, "flat", False, (128, 64, 128)),
            ("pavement", 4, 4, "flat", False, (244, 35, 232)),
            ("tree", 5, 5, "nature", False, (107, 142, 35)),
            ("sign", 6, 6, "object", False, (220, 220, 0)),
            ("fence", 7, 7, "construction", False, (190, 153, 153)),
            ("car", 8, 8, "vehicle", False, (0, 0, 142)),
            ("pedestrian", 9, 9, "human", False, (220, 20, 60)),
            ("bicyclist", 10, 10, "human", False, (255, 0, 0)),
            ("void", 11, VOID, "void", False, (0, 0, 0)),
        ]
    ),
)


def _coco_stuff() -> LabelTable:
    """The 171 classes of COCO-Stuff, ids as in `instances_*.json` (things) and `stuff_*.json` (stuff)."""
    things = {
        "person": "1 person",
        "vehicle": "2 bicycle, 3 car, 4 motorcycle, 5 airplane, 6 bus, 7 train, 8 truck, 9 boat",
        "outdoor": "10 traffic light, 11 fire hydrant, 13 stop sign, 14 parking meter, 15 bench",
        "animal": "16 bird, 17 cat, 18 dog, 19 horse, 20 sheep, 21 cow, 22 elephant, 23 bear, 24 zebra, 25 giraffe",
        "accessory": "27 backpack, 28 umbrella, 31 handbag, 32 tie, 33 suitcase",
        "sports": "34 frisbee, 35 skis, 36 snowboard, 37 sports ball, 38 kite, 39 baseball bat, 40 baseball glove, "
        "41 skateboard, 42 surfboard, 43 tennis racket",
        "kitchen": "44 bottle, 46 wine glass, 47 cup, 48 fork, 49 knife, 50 spoon, 51 bowl",
        "food": "52 banana, 53 apple, 54 sandwich, 55 orange, 56 broccoli, 57 carrot, 58 hot dog, 59 pizza, 60 donut, "
        "61 cake",
        "furniture": "62 chair, 63 couch, 64 potted plant, 65 bed, 67 dining table, 70 toilet",
        "electronic": "72 tv, 73 laptop, 74 mouse, 75 remote, 76 keyboard, 77 cell phone",
        "appliance": "78 microwave, 79 oven, 80 toaster, 81 sink, 82 refrigerator",
        "indoor": "84 book, 85 clock, 86 vase, 87 scissors, 88 teddy bear, 89 hair drier, 90 toothbrush",
    }
    stuff = {
        "textile": "92 banner, 93 blanket, 104 cloth, 105 clothes, 109 curtain, 131 mat, 137 napkin, 141 pillow, "
        "152 rug, 167 textile-other, 168 towel",
        "plant": "94 branch, 97 bush, 119 flower, 124 grass, 129 leaves, 134 moss, 142 plant-other, 163 straw, "
        "169 tree",
        "building": "95 bridge, 96 building-other, 128 house, 151 roof, 158 skyscraper, 166 tent",
        "furniture-stuff": "98 cabinet, 107 counter, 108 cupboard, 110 desk-stuff, 112 door-stuff, "
        "123 furniture-other, 130 light, 133 mirror-stuff, 156 shelf, 161 stairs, 165 table",
        "structural": "99 cage, 113 fence, 138 net, 146 railing, 164 structural-other",
        "raw-material": "100 cardboard, 132 metal, 139 paper, 143 plastic",
        "floor": "101 carpet, 114 floor-marble, 115 floor-other, 116 floor-stone, 117 floor-tile, 118 floor-wood",
        "ceiling": "102 ceiling-other, 103 ceiling-tile",
        "sky": "106 clouds, 157 sky-other",
        "ground": "111 dirt, 125 gravel, 126 ground-other, 136 mud, 140 pavement, 144 platform, 145 playingfield, "
        "147 railroad, 149 road, 154 sand, 159 snow",
        "water": "120 fog, 148 river, 155 sea, 178 water-other, 179 waterdrops",
        "food-stuff": "121 food-other, 122 fruit, 153 salad, 170 vegetable",
        "solid": "127 hill, 135 mountain, 150 rock, 160 solid-other, 162 stone, 182 wood",
        "wall": "171 wall-brick, 172 wall-concrete, 173 wall-other, 174 wall-panel, 175 wall-stone, 176 wall-tile, "
        "177 wall-wood",
        "window": "180 window-blind, 181 window-other",
    }
    # The panoptic annotations merge some stuff classes under new ids. Each stands here for the class it is named after.
    merged = {
        "tree": 184, "fence": 185, "ceiling-other": 186, "sky-other": 187, "cabinet": 188, "table": 189,
        "floor-other": 190, "pavement": 191, "mountain": 192, "grass": 193, "dirt": 194, "paper": 195,
        "food-other": 196, "building-other": 197, "rock": 198, "wall-other": 199, "rug": 200,
    }  # fmt: skip
    rows = []
    for has_instances, categories in ((True, things), (False, stuff)):
        for category, members in categories.items():
            for member in members.split(", "):
                label_id, name = member.split(" ", 1)
                rows.append((int(label_id), name, category, has_instances))
    labels = [Label("unlabeled", 0, VOID, "void", False, (0, 0, 0))]
    for train_id, (label_id, name, category, has_instances) in enumerate(sorted(rows)):
        # Additive recurrence with powers of the root of x^4 = x + 1: neighbours in the list lie far apart in colour.
        color = tuple(int(40 + 216 * ((0.5 + (train_id + 1) * 1.2207440846057596**-axis) % 1)) for axis in (1, 2, 3))
        labels.append(Label(name, label_id, train_id, category, has_instances, color))
    of = {label.name: label for label in labels}
    labels.append(Label("other", 183, VOID, "void", False, (0, 0, 0)))
    labels += [replace(of[name], name=f"{name}-merged", id=label_id) for name, label_id in merged.items()]
    return LabelTable("coco", tuple(labels))


# Ids, names and supercategories: Caesar et al., COCO-Stuff (CVPR 2018) and the category lists of the COCO 2017 files.
COCO_STUFF = _coco_stuff()
