"""The confusion matrix, and every score that follows from it."""

from collections.abc import Mapping, Sequence

import numpy as np

from course_utils.errors import CourseError
from course_utils.labels import VOID

_IN_CACHE = 2**16
"""Pixels that `runs` looks at together: their comparisons stay in a processor's cache, which halves its time."""


class ConfusionMatrix:
    """Counts pixels by true and predicted class, over as many images as one likes.

    The scores of a data set come from one matrix summed over all its images, not from the mean of the images' scores
    (Cordts et al., The Cityscapes Dataset, CVPR 2016, section 4.1). Counts are int64: float32 stops counting at
    2**24 pixels, which is eight Cityscapes frames.

    Pixels whose truth is void do not count at all. A predicted void where the truth has a class is a miss of that
    class and a false alarm of none; `missed` counts these pixels.

    Args:
        num_classes: classes are 0 .. num_classes - 1.
        ignore_label: the value of void pixels; None if there is no such value.

    Example:

        >>> confusion = ConfusionMatrix(2)
        >>> confusion.update([[0, 0], [1, 255]], [[0, 1], [1, 0]])
        >>> confusion.matrix.tolist()
        [[1, 1], [0, 1]]
        >>> confusion.iou().tolist()
        [0.5, 0.5]
    """

    def __init__(self, num_classes: int, ignore_label: int | None = VOID):
        if num_classes < 1:
            raise CourseError(f"A confusion matrix needs at least one class, got {num_classes}.")
        if ignore_label is not None and 0 <= ignore_label < num_classes:
            raise CourseError(f"ignore_label {ignore_label} is one of the {num_classes} classes: choose another value.")
        self.num_classes = num_classes
        self.ignore_label = ignore_label
        self.matrix = np.zeros((num_classes, num_classes), np.int64)
        """Pixels, int64 [num_classes, num_classes]: truth in rows, prediction in columns."""
        self.missed = np.zeros(num_classes, np.int64)
        """Pixels of each true class that were predicted as void, int64 [num_classes]."""

    def update(self, truth, prediction) -> None:
        """Count the pixels of one image or of a batch.

        Args:
            truth: integers of any shape, 0 .. num_classes - 1 or `ignore_label`.
            prediction: the same, of the same shape.

        Raises:
            CourseError: the shapes differ, or a value is neither a class nor `ignore_label`; nothing is counted then.
        """
        truth, prediction = np.asarray(truth), np.asarray(prediction)
        if truth.shape != prediction.shape:
            raise CourseError(f"Truth and prediction differ in shape: {truth.shape} and {prediction.shape}.")
        starts, lengths = runs(truth, prediction)
        self.add(truth.ravel()[starts], prediction.ravel()[starts], lengths)

    def add(self, truth: np.ndarray, prediction: np.ndarray, pixels: np.ndarray) -> None:
        """Count stretches of equal pixels, as `runs` finds them.

        Args:
            truth, prediction: of each stretch, integers [stretches], values as in `update`.
            pixels: of each stretch, integers [stretches].

        Raises:
            CourseError: a value is neither a class nor `ignore_label`; nothing is counted then.
        """
        rows, columns = self._codes(truth, "truth"), self._codes(prediction, "prediction")
        # Row and column `num_classes` are void. The sums are floats, and exact: an image has fewer than 2**53 pixels.
        size = self.num_classes + 1
        counts = np.bincount(rows * size + columns, weights=pixels, minlength=size**2).reshape(size, size)
        self.matrix += counts[:-1, :-1].astype(np.int64)
        self.missed += counts[:-1, -1].astype(np.int64)

    def _codes(self, values: np.ndarray, kind: str) -> np.ndarray:
        """Classes as int64, with void as `num_classes`."""
        if values.size and values.dtype.kind not in "iu":
            raise CourseError(f"The {kind} must hold integers, got {values.dtype}: convert it with .astype('uint8').")
        void = np.zeros(values.shape, bool) if self.ignore_label is None else values == self.ignore_label
        self._refuse(np.unique(values[~void & ((values < 0) | (values >= self.num_classes))]), kind)
        return np.where(void, self.num_classes, values).astype(np.int64)

    def _refuse(self, wrong: np.ndarray, kind: str) -> None:
        if wrong.size:
            names = ", ".join(map(str, wrong[:10].tolist())) + (", ..." if wrong.size > 10 else "")
            void = "" if self.ignore_label is None else f" nor {self.ignore_label} for void"
            raise CourseError(f"The {kind} holds {names}: neither a class 0..{self.num_classes - 1}{void}.")

    @property
    def _truth(self) -> np.ndarray:
        return self.matrix.sum(axis=1) + self.missed

    def iou(self) -> np.ndarray:
        """Intersection over union of each class, TP / (TP + FP + FN).

        Returns:
            float64 [num_classes] in 0..1: NaN for a class neither present nor predicted, 0 for one only predicted.
        """
        hits = np.diag(self.matrix)
        return _ratio(hits, self._truth + self.matrix.sum(axis=0) - hits)

    def mean_iou(self) -> float:
        """Mean of `iou` over the classes where it is defined; NaN if there is none."""
        return nan_mean(self.iou())

    def class_accuracy(self) -> np.ndarray:
        """Share of each class's pixels that were found, TP / (TP + FN): float64 [num_classes], NaN for absent ones."""
        return _ratio(np.diag(self.matrix), self._truth)

    def pixel_accuracy(self) -> float:
        """Share of all pixels with a class that were predicted right; NaN if there is none."""
        return float(_ratio(np.trace(self.matrix), self._truth.sum()))

    def pixel_share(self) -> np.ndarray:
        """Share of each class in the truth, float64 [num_classes]; NaN if nothing was counted."""
        return _ratio(self._truth, self._truth.sum())

    def frequency_weighted_iou(self) -> float:
        """Mean of `iou` weighted by the classes' pixels (Long et al., CVPR 2015, section 5); NaN if there are none."""
        present = self._truth > 0
        return float((self.pixel_share() * self.iou())[present].sum()) if present.any() else float("nan")

    def category_iou(self, groups: Mapping[str, Sequence[int]]) -> dict[str, float]:
        """Intersection over union of groups of classes: a truck taken for a car is right within "vehicle".

        Args:
            groups: name of each group to its classes, as `LabelTable.categories`.
        """
        scores = {}
        for name, classes in groups.items():
            classes = list(classes)
            hits = self.matrix[np.ix_(classes, classes)].sum()
            union = self._truth[classes].sum() + self.matrix[:, classes].sum() - hits
            scores[name] = float(_ratio(hits, union))
        return scores

    def merge(self, groups: Sequence[Sequence[int]]) -> "ConfusionMatrix":
        """The matrix of new classes made of old ones: class `k` holds the old classes `groups[k]`.

        An old class in no group becomes void.
        """
        merged = ConfusionMatrix(len(groups))
        member = np.zeros((len(groups), self.num_classes), np.int64)
        for new, old in enumerate(groups):
            member[new, list(old)] = 1
        merged.matrix = member @ self.matrix @ member.T
        merged.missed = member @ self._truth - merged.matrix.sum(axis=1)
        return merged

    def __iadd__(self, other: "ConfusionMatrix") -> "ConfusionMatrix":
        if (self.num_classes, self.ignore_label) != (other.num_classes, other.ignore_label):
            raise CourseError(
                f"Cannot add a confusion matrix of {other.num_classes} classes (void {other.ignore_label}) "
                f"to one of {self.num_classes} (void {self.ignore_label})."
            )
        self.matrix += other.matrix
        self.missed += other.missed
        return self

    def __add__(self, other: "ConfusionMatrix") -> "ConfusionMatrix":
        if not isinstance(other, ConfusionMatrix):
            return NotImplemented
        total = ConfusionMatrix(self.num_classes, self.ignore_label)
        total += self
        total += other
        return total

    def __eq__(self, other) -> bool:
        if not isinstance(other, ConfusionMatrix):
            return NotImplemented
        return (
            self.ignore_label == other.ignore_label
            and np.array_equal(self.matrix, other.matrix)
            and np.array_equal(self.missed, other.missed)
        )

    __hash__ = None

    def __repr__(self) -> str:
        return f"ConfusionMatrix(num_classes={self.num_classes}, pixels={self._truth.sum()})"


def nan_mean(values) -> float:
    """Mean of the values that are not NaN; NaN if there is none."""
    values = np.asarray(list(values), np.float64)
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else float("nan")


def runs(*maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stretches of neighbouring pixels, in reading order, over which every map is constant.

    Label maps are smooth, so counting runs instead of pixels is several times as fast.

    Args:
        maps: arrays of one shape.

    Returns:
        `(starts, lengths)`, int64 [runs]: flat index of each run's first pixel, and its number of pixels.
    """
    flat = [values.ravel() for values in maps]
    size = flat[0].size
    if not size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    starts = [np.zeros(1, np.int64)]
    for first in range(1, size, _IN_CACHE):
        last = min(first + _IN_CACHE, size)
        changes = flat[0][first:last] != flat[0][first - 1 : last - 1]
        for values in flat[1:]:
            changes |= values[first:last] != values[first - 1 : last - 1]
        starts.append(np.flatnonzero(changes) + first)
    starts = np.concatenate(starts)
    return starts, np.diff(starts, append=size)


def _ratio(part, whole) -> np.ndarray:
    """`part / whole` in float64, NaN where `whole` is 0."""
    with np.errstate(invalid="ignore"):
        return np.true_divide(part, whole)
