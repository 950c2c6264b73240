"""Boundary F: are the borders of the classes where they should be?

The measure of the DAVIS benchmark (Perazzi et al., CVPR 2016, section 4), as SegNet (PAMI 2017, section 4.1) and
Gated-SCNN (ICCV 2019, section 4.2) apply it to every class. All classes go through the image at once: a pixel holds one
bit for each class on whose border it lies, and the dilation is a bitwise or over a disk.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from course_utils.errors import CourseError
from course_utils.labels import VOID

TOLERANCES = (0.0075, 3, 5, 9, 12)
"""SegNet's share of the diagonal, and Gated-SCNN's pixels."""

_BITS = 32
"""Classes that one pass through an image treats together: the bits of the integers that it works on."""


class AbsentRule(NamedTuple):
    """How a class counts that an image does not show.

    Attributes:
        title: of the mean by this rule.
        counted: from whether the truth has the class to whether its F counts, bool [images, num_classes] both.
    """

    title: str
    counted: Callable[[np.ndarray], np.ndarray]


ABSENT_RULES = {
    "one": AbsentRule("mean, absent classes 1", np.ones_like),
    "skip": AbsentRule("mean, absent classes skipped", np.copy),
}
"""The two rules in use, see `BoundaryF`."""


class BoundaryF:
    """Collects the boundary F of every class in every image, over as many images as one likes.

    A pixel lies on the border of a class if its right, lower or lower right neighbour belongs to the class and it does
    not, or the other way round. Precision is the share of predicted border pixels within `tolerance` of a true one,
    recall the share of true border pixels within `tolerance` of a predicted one, and F is 2 * P * R / (P + R). Without
    any border on both sides (the class is absent, or fills the image) F is 1; with one on one side only it is 0.

    Where the truth is void, truth and prediction belong to no class.

    Two ways to average are in use, and they give very different numbers:

    * `"one"`, as the code of Gated-SCNN: F over all images, 1 where the class is absent from truth and prediction. A
      class that occurs in 17 of 500 images, there with F = 0.2, reports 0.973.
    * `"skip"`, as SegNet: only where the truth has the class. The mean is that over the classes of an image, then over
      images.

    Args:
        num_classes: classes are 0 .. num_classes - 1.
        tolerance: in whole pixels from 1 on, or below 1 as a share of the image's diagonal, rounded up to whole pixels
            (SegNet: 0.0075; Gated-SCNN: 3, 5, 9 and 12 pixels).
        ignore_label: the value of void pixels; None if there is no such value.

    Attributes:
        scores: F, float64 [images, num_classes] in 0..1.
        present: whether the truth has the class, bool [images, num_classes].

    Example:

        >>> boundary = BoundaryF(2, tolerance=1)
        >>> boundary.update([[0, 0, 0, 1]], [[0, 0, 1, 1]])
        >>> boundary.class_scores().tolist()
        [1.0, 1.0]
    """

    def __init__(self, num_classes: int, tolerance: float = 3, ignore_label: int | None = VOID):
        if num_classes < 1:
            raise CourseError(f"A boundary score needs at least one class, got {num_classes}.")
        if ignore_label is not None and 0 <= ignore_label < num_classes:
            raise CourseError(f"ignore_label {ignore_label} is one of the {num_classes} classes: choose another value.")
        if not (0 < tolerance < 1 or (tolerance >= 1 and tolerance == int(tolerance))):
            raise CourseError(
                f"tolerance must be whole pixels (1, 2, 3, ...) or a share of the diagonal below 1, got {tolerance}."
            )
        self.num_classes, self.tolerance, self.ignore_label = num_classes, tolerance, ignore_label
        self.scores = np.zeros((0, num_classes))
        self.present = np.zeros((0, num_classes), bool)

    def update(self, truth, prediction) -> None:
        """Score one image or a batch.

        Args:
            truth: integers [height, width] or [images, height, width], 0 .. num_classes - 1 or `ignore_label`.
            prediction: the same, of the same shape.

        Raises:
            CourseError: the shapes differ, or a value is neither a class nor `ignore_label`; nothing is counted then.
        """
        truth, prediction = self._classes(truth, "truth"), self._classes(prediction, "prediction")
        if truth.shape != prediction.shape:
            raise CourseError(f"Truth and prediction differ in shape: {truth.shape} and {prediction.shape}.")
        if truth.ndim not in (2, 3) or 0 in truth.shape:
            raise CourseError(f"Label maps are [height, width] or [images, height, width], got {truth.shape}.")
        batches = [maps.reshape(-1, *maps.shape[-2:]) for maps in (truth, prediction)]
        rows = [self._score(*pair) for pair in zip(*batches, strict=True)]
        self.scores = np.concatenate([self.scores, [scores for scores, _ in rows]])
        self.present = np.concatenate([self.present, [present for _, present in rows]])

    def _classes(self, labels, kind: str) -> np.ndarray:
        """Label maps with void as `num_classes`."""
        labels = np.asarray(labels)
        if labels.dtype.kind not in "iu":
            raise CourseError(f"The {kind} must hold integers, got {labels.dtype}: convert it with .astype('uint8').")
        strange = (labels < 0) | (labels >= self.num_classes)
        if self.ignore_label is not None:
            strange &= labels != self.ignore_label
        if strange.any():
            names = ", ".join(map(str, np.unique(labels[strange])[:10].tolist()))
            void = "" if self.ignore_label is None else f" nor {self.ignore_label} for void"
            raise CourseError(f"The {kind} holds {names}: neither a class 0..{self.num_classes - 1}{void}.")
        void = labels == self.ignore_label
        return np.where(void, self.num_classes, labels) if void.any() else labels

    def _score(self, truth: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """F of each class in one image, and whether the truth has it; both [num_classes]."""
        radius = pixels_of(self.tolerance, truth.shape)
        prediction = np.where(truth == self.num_classes, self.num_classes, prediction)
        counts = []
        for first in range(0, self.num_classes, _BITS):
            table = np.zeros(self.num_classes + 1, "<u4")
            group = np.arange(first, min(first + _BITS, self.num_classes))
            table[group] = np.uint32(1) << (group - first).astype(np.uint32)
            borders = [_borders(table[labels]) for labels in (truth, prediction)]
            near = [_dilate(border, radius) for border in borders]
            found = borders[0] & near[1], borders[1] & near[0]
            counts.append([_count_bits(bits)[: len(group)] for bits in (*borders, *found)])
        true, predicted, recalled, precise = np.concatenate(counts, axis=1)
        present = np.bincount(truth.ravel(), minlength=self.num_classes)[: self.num_classes] > 0
        precision, recall = precise / np.maximum(predicted, 1), recalled / np.maximum(true, 1)
        score = 2 * precision * recall / np.where(precision + recall > 0, precision + recall, 1)
        return np.where((true == 0) & (predicted == 0), 1.0, score), present

    def class_scores(self, absent: str = "one") -> np.ndarray:
        """F of each class over the images: float64 [num_classes], NaN for a class that no image counts for.

        Args:
            absent: `"one"` or `"skip"`, see above.
        """
        counted = self._counted(absent)
        images = counted.sum(axis=0)
        return np.where(images > 0, (self.scores * counted).sum(axis=0) / np.maximum(images, 1), np.nan)

    def mean(self, absent: str = "one") -> float:
        """Mean over the classes that count in an image, then over the images that have any; NaN without images.

        Args:
            absent: `"one"` or `"skip"`, see above.
        """
        counted = self._counted(absent)
        classes = counted.sum(axis=1)
        of_images = (self.scores * counted).sum(axis=1)[classes > 0] / classes[classes > 0]
        return float(of_images.mean()) if of_images.size else float("nan")

    def _counted(self, absent: str) -> np.ndarray:
        if absent not in ABSENT_RULES:
            raise CourseError(f'absent must be "one" or "skip", got {absent!r}.')
        return ABSENT_RULES[absent].counted(self.present)

    def __iadd__(self, other: "BoundaryF") -> "BoundaryF":
        mine, yours = [(b.num_classes, b.tolerance, b.ignore_label) for b in (self, other)]
        if mine != yours:
            raise CourseError(f"Cannot add boundary scores of (classes, tolerance, void) {yours} to those of {mine}.")
        self.scores = np.concatenate([self.scores, other.scores])
        self.present = np.concatenate([self.present, other.present])
        return self

    def __add__(self, other: "BoundaryF") -> "BoundaryF":
        if not isinstance(other, BoundaryF):
            return NotImplemented
        total = BoundaryF(self.num_classes, self.tolerance, self.ignore_label)
        total += self
        total += other
        return total

    def __repr__(self) -> str:
        return f"BoundaryF(num_classes={self.num_classes}, tolerance={self.tolerance}, images={len(self.scores)})"


def boundary_f_score(
    truth, prediction, num_classes: int, tolerance: float = 3, absent: str = "one", ignore_label: int | None = VOID
) -> tuple[np.ndarray, float]:
    """Boundary F of one image or of a batch; `BoundaryF` says what it is and scores a data set image by image.

    Args:
        truth, prediction: integers [height, width] or [images, height, width].
        num_classes: classes are 0 .. num_classes - 1.
        tolerance: whole pixels from 1 on, or a share of the diagonal below 1.
        absent: `"one"`: a class absent from both maps scores 1; `"skip"`: one absent from the truth does not count.
        ignore_label: the value of void pixels; None if there is no such value.

    Returns:
        `(classes, mean)`: F of each class, float64 [num_classes] in 0..1, NaN if it does not count in any image; and
        the mean over classes and images.

    Example:

        >>> classes, mean = boundary_f_score([[0, 0, 0, 1]], [[0, 0, 1, 1]], num_classes=3, tolerance=1)
        >>> classes.tolist(), mean
        ([1.0, 1.0, 1.0], 1.0)
    """
    boundary = BoundaryF(num_classes, tolerance, ignore_label)
    boundary.update(truth, prediction)
    return boundary.class_scores(absent), boundary.mean(absent)


def pixels_of(tolerance: float, shape: tuple[int, int]) -> int:
    """The radius in pixels of a tolerance, for label maps of this height and width."""
    return math.ceil(tolerance if tolerance >= 1 else tolerance * math.hypot(*shape))


def _borders(bits: np.ndarray) -> np.ndarray:
    """Classes whose border runs through each pixel, as bits: those that differ from a right or lower neighbour."""
    padded = np.pad(bits, ((0, 1), (0, 1)), mode="edge")
    return (bits ^ padded[:-1, 1:]) | (bits ^ padded[1:, :-1]) | (bits ^ padded[1:, 1:])


def _dilate(bits: np.ndarray, radius: int) -> np.ndarray:
    """Bitwise or over the disk of all (y, x) with y**2 + x**2 <= radius**2.

    A disk is a stack of rows, widest in the middle: `row`, the or over a stretch of a row, grows from the disk's top
    to its middle and goes into the result once above and once below.
    """
    result, row, reach = np.zeros_like(bits), bits.copy(), 0
    for dy in range(min(radius, len(bits) - 1), -1, -1):
        while reach < math.isqrt(radius**2 - dy**2):
            reach += 1
            row[:, reach:] |= bits[:, :-reach]
            row[:, :-reach] |= bits[:, reach:]
        result[dy:] |= row[: len(row) - dy]
        result[: len(row) - dy] |= row[dy:]
    return result


def _count_bits(bits: np.ndarray) -> np.ndarray:
    """How many pixels have each bit set, int64 [32]."""
    some = bits[bits > 0]
    return np.unpackbits(some.view(np.uint8).reshape(-1, 4), axis=1, bitorder="little").sum(axis=0, dtype=np.int64)
