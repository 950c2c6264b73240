"""Instance-level intersection over union: small objects count as much as large ones.

Cordts et al., The Cityscapes Dataset (CVPR 2016), section 4.1: "iIoU". A class's IoU is ruled by its largest objects.
Here each pixel of an object weighs (average size of its class) / (size of the object), so that every object weighs
the same. False positives belong to no object and weigh 1.

The average sizes are those of frames of 2048x1024. In smaller frames objects are smaller and false positives fewer, so
the averages shrink with the frame's area: otherwise false positives would hardly count, and the score would rise when
frames are reduced. For frames of Cityscapes' own size nothing changes.
"""

from dataclasses import dataclass, field

import numpy as np

from course_utils.errors import CourseError
from course_utils.labels import VOID, LabelTable

AVERAGE_INSTANCE_SIZE = {
    "person": 3462.4756337644,
    "rider": 3930.4788056518,
    "car": 12794.0202738185,
    "truck": 27855.1264367816,
    "bus": 35732.1511111111,
    "train": 67583.7075812274,
    "motorcycle": 6298.7200839748,
    "bicycle": 4672.3249222261,
}
"""Pixels of the average object in Cityscapes at 2048x1024, from cityscapesScripts' `avgClassSize`."""

AVERAGED_OVER = 2048 * 1024
"""Pixels of the frames that `AVERAGE_INSTANCE_SIZE` was measured on."""

IIOU_RULE = (
    "iIoU: every object counts alike. Cityscapes' average object sizes are scaled with the area of the frame, so that "
    "the score does not depend on its resolution; the official script takes every frame for one of 2048x1024."
)
"""What the reader of an iIoU must know."""

FIRST_INSTANCE = 1000
"""Object k of class c is `c * 1000 + k` in an instance map; a group that cannot be told apart is `c`."""


@dataclass
class InstanceCounts:
    """What was found of single objects.

    Attributes:
        label_ids: class of each object, int64 [objects].
        sizes: its pixels.
        found: those of them predicted as its class.
        found_category: those of them predicted as any class of its category.
        frame_pixels: pixels of the whole image.
    """

    label_ids: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    sizes: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    found: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    found_category: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    frame_pixels: int = AVERAGED_OVER


def instance_groups(labels: LabelTable) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """The classes and categories that iIoU is defined for, by name, as lists of label ids.

    A category counts if all its classes have instances. Its list holds its void ids too: the official script takes a
    car pixel predicted as "caravan" for a vehicle found, although caravans themselves are not evaluated.
    """
    classes = {label.name: [label.id] for label in labels.classes if label.name in AVERAGE_INSTANCE_SIZE}
    categories = {}
    for name in labels.categories:
        members = [label for label in labels.labels if label.category == name and label.id >= 0]
        if all(label.has_instances for label in members):
            categories[name] = [label.id for label in members]
    return classes, categories


def count_instances(
    labels: LabelTable, prediction: np.ndarray, instances: np.ndarray, pixels: np.ndarray
) -> InstanceCounts:
    """Count the pixels found of every object of one image.

    Args:
        labels: those of the data set.
        prediction: label ids of stretches of equal pixels, uint8 [stretches], see `runs`.
        instances: instance ids of the same, integers [stretches], as Cityscapes' `instanceIds` files hold them.
        pixels: of each stretch, integers [stretches].

    Raises:
        CourseError: an object is of a class that has no instances or no known average size.
    """
    objects = instances > FIRST_INSTANCE
    frame_pixels = int(pixels.sum())
    ids, predicted, pixels = instances[objects], prediction[objects], pixels[objects]
    present, number = np.unique(ids, return_inverse=True)
    label_ids = present.astype(np.int64) // FIRST_INSTANCE
    evaluated = {label.id: label.name for label in labels.classes}
    void = [label.id for label in labels.labels if label.train_id == VOID]
    for label_id in np.unique(label_ids[~np.isin(label_ids, void)]).tolist():
        if evaluated.get(label_id) not in AVERAGE_INSTANCE_SIZE:
            name = evaluated.get(label_id, "unknown")
            raise CourseError(
                f"the instance map holds objects of label id {label_id} ({name}), "
                f"a class without instances in {labels.dataset}."
            )
    # Of each object the pixels missed, those given another class of its category, and those found.
    true, category = label_ids[number], _category_of(labels)
    outcome = (category[predicted] == category[true]).astype(np.int64) + (predicted == true)
    counts = np.bincount(3 * number + outcome, weights=pixels, minlength=3 * len(present))
    missed, related, found = counts.astype(np.int64).reshape(-1, 3).T
    kept = np.isin(label_ids, list(evaluated))
    sizes = (missed + related + found)[kept]
    return InstanceCounts(label_ids[kept], sizes, found[kept], (related + found)[kept], frame_pixels)


def _category_of(labels: LabelTable) -> np.ndarray:
    """The number of each label id's category, int16 [256]; -1 for ids that are not in the labels."""
    names = sorted({label.category for label in labels.labels})
    numbers = np.full(256, -1, np.int16)
    for label in labels.labels:
        if 0 <= label.id <= 255:
            numbers[label.id] = names.index(label.category)
    return numbers


def instance_iou(labels: LabelTable, counts: list[InstanceCounts], pixels: np.ndarray) -> tuple[dict, dict]:
    """iIoU of classes and of categories.

    Args:
        labels: those of the data set.
        counts: the objects of each image, one entry at least.
        pixels: confusion matrix of label ids over the same images, int64 [ids, ids], truth in rows.

    Returns:
        `(class_iiou, category_iiou)`, name to score in 0..1, or NaN for what is neither present nor predicted.
    """
    label_ids = np.concatenate([count.label_ids for count in counts])
    sizes = np.concatenate([count.sizes for count in counts])
    name_of = {label.id: label.name for label in labels.classes}
    averages = np.array([AVERAGE_INSTANCE_SIZE[name_of[label_id]] for label_id in label_ids.tolist()])
    scale = np.concatenate([np.full(len(count.sizes), count.frame_pixels / AVERAGED_OVER) for count in counts])
    weights = averages * scale / sizes

    def scores(groups, found):
        result = {}
        for name, members in groups.items():
            mine = np.isin(label_ids, members)
            hit = _running_sum((found * weights)[mine])
            miss = _running_sum(((sizes - found) * weights)[mine])
            others = [label_id for label_id in name_of if label_id not in members]
            false_alarms = int(pixels[np.ix_(others, members)].sum())
            union = hit + false_alarms + miss
            result[name] = hit / union if union else float("nan")
        return result

    classes, categories = instance_groups(labels)
    return (
        scores(classes, np.concatenate([count.found for count in counts])),
        scores(categories, np.concatenate([count.found_category for count in counts])),
    )


def _running_sum(values: np.ndarray) -> float:
    """The sum, added one after the other as the official script does: its result to the last bit."""
    return float(np.cumsum(values)[-1]) if values.size else 0.0
