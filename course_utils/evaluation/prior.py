"""The image-blind prior: what a system scores that never looks at an image.

Streets resemble each other: road below, sky above, buildings at the sides. Whoever answers with the most frequent class
of each place scores 10 to 17 % mean IoU on the course's data sets, and two thirds of the pixels are right. Only what a
network has above that has it learnt from images. (The Cityscapes paper has such rows, too: Cordts et al., CVPR 2016,
table 4.)
"""

from collections.abc import Iterable, Sequence

import numpy as np

from course_utils.errors import CourseError
from course_utils.evaluation.files.in_order import in_order
from course_utils.evaluation.measures.confusion import ConfusionMatrix
from course_utils.labels import VOID

MOST_FRAMES = 500
"""So many training frames are looked at, evenly spaced: more would change few pixels, and Cityscapes has 2975."""

MOST_PIXELS = 1 << 18
"""Resolution of the prior: larger label maps are halved until they have no more pixels."""


class ImageBlindPrior:
    """The most frequent class of each place in a set of label maps.

    A place where nothing but void was ever seen gets the class that is most frequent in all places.

    Args:
        label_maps: train ids, uint8 [height, width] each; maps of other sizes are resized to that of the first, nearest
            neighbour.
        num_classes: classes are 0 .. num_classes - 1, all else is void.

    Raises:
        CourseError: there is no map, or none shows a class.

    Example:

        >>> prior = ImageBlindPrior([np.array([[0, 1]]), np.array([[0, 255]])], num_classes=2)
        >>> prior.predict((2, 4)).tolist()
        [[0, 0, 1, 1], [0, 0, 1, 1]]
    """

    def __init__(self, label_maps: Iterable[np.ndarray], num_classes: int):
        self.num_classes, counts = num_classes, None
        for label_map in label_maps:
            if counts is None:
                counts = np.zeros((*_size(label_map.shape), num_classes), np.int32)
            labels = _resized(np.asarray(label_map), counts.shape[:2])
            for train_id in np.unique(labels[labels < num_classes]):
                counts[..., train_id] += labels == train_id
        if counts is None or not counts.any():
            raise CourseError("A prior needs label maps with at least one class in them.")
        self.classes = counts.argmax(axis=-1).astype(np.uint8)
        """Train ids, uint8 [height, width]."""
        self.classes[~counts.any(axis=-1)] = counts.sum(axis=(0, 1)).argmax()

    @classmethod
    def of(cls, dataset) -> "ImageBlindPrior | None":
        """The prior of a data set's training split; None if the split is not on this machine, or not whole.

        Args:
            dataset: from `course_utils.datasets.open`.
        """
        if "train" not in dataset.available_splits:
            return None
        try:
            frames = evenly_spaced(dataset.frames("train"), MOST_FRAMES)
            return cls(in_order(dataset.label_map, frames), dataset.labels.num_classes)
        except CourseError:  # what is wrong with the training split is no matter of those who score another one
            return None

    def predict(self, size: tuple[int, int]) -> np.ndarray:
        """The prior's answer to every image of a size (height, width): train ids, uint8 [height, width]."""
        return _resized(self.classes, size)

    def confusion(self, truths: Iterable[np.ndarray]) -> ConfusionMatrix:
        """Its scores.

        Args:
            truths: train ids [height, width], of any sizes.
        """
        confusion = ConfusionMatrix(self.num_classes, ignore_label=VOID)
        for truth in truths:
            confusion.update(truth, self.predict(truth.shape))
        return confusion

    def score(self, dataset, frames: Sequence) -> ConfusionMatrix:
        """Its scores on labelled frames of a data set."""
        return self.confusion(in_order(dataset.label_map, frames))


def evenly_spaced(items: Sequence, most: int) -> list:
    """At most `most` of the items, at equal distances, the first among them."""
    return [items[index] for index in np.arange(min(len(items), most)) * len(items) // max(1, min(len(items), most))]


def _size(shape) -> tuple[int, int]:
    height, width = shape
    while height * width > MOST_PIXELS:
        height, width = max(1, height // 2), max(1, width // 2)
    return height, width


def _resized(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Nearest neighbours: each pixel takes the label below its centre."""
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(int) for new, old in zip(size, labels.shape, strict=True)
    )
    return labels[rows[:, None], columns[None]]
