"""Distance-based evaluation: IoU in crops that shrink towards the vanishing point, where everything is far away.

Takikawa, Acuna, Jampani and Fidler, "Gated-SCNN", ICCV 2019, section 4.2, crop a frame around an approximate, fixed
vanishing point, by c pixels from top and bottom and in proportion from the sides, and compute the IoU of what is left.
Their code holds nothing of it, and the place of the vanishing point is not published. The rule here is our own: see
`crop_windows`.
"""

import math
from collections.abc import Sequence

import numpy as np

from course_utils.errors import CourseError
from course_utils.evaluation.measures.confusion import ConfusionMatrix
from course_utils.labels import VOID

FACTORS = (0, 100, 200, 300, 400)
"""Crop factors, in pixels of a frame of `REFERENCE_HEIGHT` rows."""

REFERENCE_HEIGHT = 1024
"""Rows of a Cityscapes frame, in which crop factors are given."""

VANISHING_POINT = (0.41, 0.5)
"""Row and column, as shares of height and width: about the mean of Toy Streets, whose scenes have theirs at 0.36 to
0.45 and 0.43 to 0.57."""

_ROW, _COLUMN = (f"{100 * share:.0f} %" for share in VANISHING_POINT)

CROP_RULE = (
    "At crop factor c a frame loses the share 2c/1024 of its height and of its width: 2c rows and 4c columns of "
    f"2048x1024 pixels. Of the rows {_ROW} go from the top and the others from the bottom, of the columns {_COLUMN} "
    f"from the left and the others from the right, so that the vanishing point, taken to lie at {_ROW} of the height "
    f"and {_COLUMN} of the width, keeps its place. The IoU is that of the pixels of all crops together, its mean that "
    "over the classes that occur in them."
)
"""`crop_windows` in words, for those who read its results."""


def crop_windows(
    shape: tuple[int, int],
    factors: Sequence[float] = FACTORS,
    vanishing_point: tuple[float, float] = VANISHING_POINT,
) -> dict[float, tuple[slice, slice]]:
    """Which part of a frame is left at each crop factor: the frame, shrunk towards the vanishing point.

    A factor c takes away the share 2c/1024 of the height and of the width: 2c of 1024 rows and 4c of 2048 columns. The
    more the vanishing point is off the middle, the more is taken from the other side. With the vanishing point at the
    shares y and x of height and width, the window of a frame of H rows and W columns is

        rows     round(y * 2c/1024 * H)  to  H - round((1 - y) * 2c/1024 * H)
        columns  round(x * 2c/1024 * W)  to  W - round((1 - x) * 2c/1024 * W)

    the ends not included, halves rounded up. At a vanishing point in the middle that is c pixels from top and bottom
    and 2c from either side of a frame of 1024x2048. Windows lie in the frame and inside each other, at factor 0 it is
    the whole frame, and the vanishing point has the same place in all. A camera that looks along a level road sees in a
    window of the share s = 1 - 2c/1024 only road that is at least 1/s times as far away as the nearest in the frame.

    Args:
        shape: height and width of the frame, in pixels.
        factors: in pixels of a frame of 1024 rows, from 0 to less than 512; scaled for other heights.
        vanishing_point: row and column as shares of height and width, each 0 to 1.

    Returns:
        rows and columns for each factor, as slices: `frame[crop_windows(frame.shape)[200]]`.

    Raises:
        CourseError: a factor or the vanishing point is out of its range, or nothing is left of the frame.

    Example:

        >>> crop_windows((1024, 2048), [200], vanishing_point=(0.5, 0.5))
        {200: (slice(200, 824, None), slice(400, 1648, None))}
    """
    if len(shape) != 2:
        raise CourseError(f"shape must be (height, width), got {tuple(shape)}.")
    if len(vanishing_point) != 2 or not all(0 <= share <= 1 for share in vanishing_point):
        raise CourseError(
            f"vanishing_point must be shares of height and width between 0 and 1, such as {VANISHING_POINT}, "
            f"got {vanishing_point}."
        )
    wrong = [factor for factor in factors if not 0 <= factor < REFERENCE_HEIGHT / 2]
    if wrong:
        raise CourseError(f"A crop factor must be at least 0 and below {REFERENCE_HEIGHT // 2}, got {wrong[0]}.")
    windows = {factor: tuple(map(_stretch, shape, [factor] * 2, vanishing_point)) for factor in factors}
    empty = [factor for factor, parts in windows.items() if any(part.start >= part.stop for part in parts)]
    if empty:
        raise CourseError(f"Crop factor {empty[0]} leaves nothing of {shape[0]}x{shape[1]} pixels: take a smaller one.")
    return windows


def _stretch(length: int, factor: float, place: float) -> slice:
    """What is left of `length` pixels around a point at the share `place` of them."""
    removed = 2 * factor * length / REFERENCE_HEIGHT
    return slice(math.floor(place * removed + 0.5), length - math.floor((1 - place) * removed + 0.5))


class CropFactorIoU:
    """Collects a confusion matrix for each crop factor, over as many frames as one likes.

    As for the whole frame, the IoU at a factor is that of the data set: pixels are summed over the crops of all frames
    first. Its mean is over the classes that occur in the crops, in truth or prediction; there are fewer in small ones.

    Args:
        num_classes: classes are 0 .. num_classes - 1.
        factors, vanishing_point: see `crop_windows`.
        ignore_label: the value of void pixels; None if there is no such value.

    Attributes:
        confusions: factor to `ConfusionMatrix`.

    Raises:
        CourseError: as `crop_windows`, as soon as a frame is added.

    Example:

        >>> scores = CropFactorIoU(2, factors=[0, 256], vanishing_point=(0.5, 0.5))
        >>> scores.update([[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]], np.ones((4, 4), int))
        >>> scores.mean_iou()
        {0: 0.125, 256: 1.0}
    """

    def __init__(
        self,
        num_classes: int,
        factors: Sequence[float] = FACTORS,
        vanishing_point: tuple[float, float] = VANISHING_POINT,
        ignore_label: int | None = VOID,
    ):
        self.num_classes, self.ignore_label = num_classes, ignore_label
        self.vanishing_point = tuple(vanishing_point)
        self.confusions = {factor: ConfusionMatrix(num_classes, ignore_label) for factor in factors}

    def update(self, truth, prediction) -> None:
        """Count one frame or a batch of frames.

        Args:
            truth: integers [height, width] or [frames, height, width], 0 .. num_classes - 1 or `ignore_label`.
            prediction: the same, of the same shape.

        Raises:
            CourseError: the shapes differ or a value is neither a class nor `ignore_label`; nothing is counted then.
        """
        truth, prediction = np.asarray(truth), np.asarray(prediction)
        if truth.ndim not in (2, 3):
            raise CourseError(f"Label maps are [height, width] or [frames, height, width], got {truth.shape}.")
        if truth.shape != prediction.shape:
            raise CourseError(f"Truth and prediction differ in shape: {truth.shape} and {prediction.shape}.")
        windows = crop_windows(truth.shape[-2:], list(self.confusions), self.vanishing_point)
        # Counted apart first: a wrong value outside of the smaller crops must not leave some of them counted.
        counts = {factor: ConfusionMatrix(self.num_classes, self.ignore_label) for factor in windows}
        for factor, window in windows.items():
            counts[factor].update(truth[..., *window], prediction[..., *window])
        for factor, confusion in counts.items():
            self.confusions[factor] += confusion

    def iou(self) -> dict[float, np.ndarray]:
        """IoU of each class at each factor, float64 [num_classes], NaN for a class that the crops do not have."""
        return {factor: confusion.iou() for factor, confusion in self.confusions.items()}

    def mean_iou(self) -> dict[float, float]:
        """The mean of `iou` over the classes where it is defined, at each factor."""
        return {factor: confusion.mean_iou() for factor, confusion in self.confusions.items()}

    def __iadd__(self, other: "CropFactorIoU") -> "CropFactorIoU":
        mine, yours = [(list(scores.confusions), scores.vanishing_point) for scores in (self, other)]
        if mine != yours:
            raise CourseError(f"Cannot add scores at (factors, vanishing point) {yours} to those at {mine}.")
        for factor, confusion in other.confusions.items():
            self.confusions[factor] += confusion
        return self

    def __add__(self, other: "CropFactorIoU") -> "CropFactorIoU":
        if not isinstance(other, CropFactorIoU):
            return NotImplemented
        total = CropFactorIoU(self.num_classes, list(self.confusions), self.vanishing_point, self.ignore_label)
        total += self
        total += other
        return total

    def __repr__(self) -> str:
        return f"CropFactorIoU(num_classes={self.num_classes}, factors={list(self.confusions)})"


def crop_factor_iou(
    truth,
    prediction,
    num_classes: int,
    factors: Sequence[float] = FACTORS,
    vanishing_point: tuple[float, float] = VANISHING_POINT,
    ignore_label: int | None = VOID,
) -> tuple[np.ndarray, np.ndarray]:
    """IoU at growing crop factors, of one frame or of a batch; `CropFactorIoU` scores a data set frame by frame.

    Args:
        truth, prediction: integers [height, width] or [frames, height, width].
        num_classes: classes are 0 .. num_classes - 1.
        factors, vanishing_point: see `crop_windows`.
        ignore_label: the value of void pixels; None if there is no such value.

    Returns:
        `(classes, means)`: IoU float64 [factors, num_classes] in 0..1, NaN for a class that the crops do not have, and
        its mean over the others, float64 [factors].

    Example:

        >>> classes, means = crop_factor_iou([[0, 0], [0, 1]], [[0, 0], [1, 1]], 2, factors=[0])
        >>> classes.round(2).tolist(), means.round(2).tolist()
        ([[0.67, 0.5]], [0.58])
    """
    scores = CropFactorIoU(num_classes, factors, vanishing_point, ignore_label)
    scores.update(truth, prediction)
    return np.stack(list(scores.iou().values())), np.array(list(scores.mean_iou().values()))
