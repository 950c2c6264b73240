"""What each frame gave to the scores: enough to resample frames, and to find the best and the worst."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.evaluation.measures.confusion import ConfusionMatrix
from course_utils.labels import VOID


@dataclass(frozen=True, eq=False)
class FrameCounts:
    """The confusion matrix of one frame, kept as its cells that are not zero: a frame shows few classes.

    Attributes:
        name: of the frame, or None.
        city: where the data set says so, else None.
        num_classes: of the data set.
        cells: rows of `(true train id, predicted train id or VOID, pixels)`, int64 [cells, 3].
    """

    name: str | None
    city: str | None
    num_classes: int
    cells: np.ndarray

    @classmethod
    def of(cls, truth, prediction, pixels, num_classes: int, name=None, city=None) -> "FrameCounts":
        """From pairs of train ids, which may repeat; pairs whose truth is void do not count.

        Args:
            truth, prediction: train ids or `VOID`, integers [pairs].
            pixels: of each pair, integers [pairs].
            num_classes, name, city: see the attributes.
        """
        counted = truth != VOID
        codes, pair = np.unique(truth[counted].astype(np.int64) * 256 + prediction[counted], return_inverse=True)
        # The sums are floats, and exact: a frame has fewer than 2**53 pixels.
        total = np.bincount(pair, weights=pixels[counted], minlength=len(codes)).astype(np.int64)
        return cls(name, city, num_classes, np.stack([codes // 256, codes % 256, total], axis=1))

    @property
    def confusion(self) -> ConfusionMatrix:
        """The confusion matrix of train ids, made anew at each call."""
        matrix = ConfusionMatrix(self.num_classes)
        truth, prediction, pixels = self.cells.T
        void = prediction == VOID
        matrix.missed[truth[void]] = pixels[void]
        matrix.matrix[truth[~void], prediction[~void]] = pixels[~void]
        return matrix

    def pixel_accuracy(self) -> float:
        """Share of the frame's pixels that were predicted right; NaN if the truth is all void."""
        truth, prediction, pixels = self.cells.T
        return float(pixels[truth == prediction].sum() / pixels.sum()) if len(pixels) else float("nan")


def frames_with(frames: Sequence[FrameCounts], num_classes: int) -> np.ndarray:
    """In how many frames each class occurs in the truth, int64 [num_classes]."""
    shown = [np.unique(frame.cells[:, 0]) for frame in frames]
    return np.bincount(np.concatenate([[], *shown]).astype(int), minlength=num_classes)


def best_and_worst(frames: Sequence[FrameCounts], number: int) -> tuple[list[FrameCounts], list[FrameCounts]]:
    """The frames of highest and of lowest mean IoU, the extremes first, none of them in both lists.

    Args:
        frames: of one data set; those without any class are left out.
        number: of frames in each list at most.
    """
    scores = np.array([frame.confusion.mean_iou() for frame in frames])
    order = [place for place in np.argsort(scores, kind="stable") if not np.isnan(scores[place])]
    number = min(number, (len(order) + 1) // 2)
    best = order[::-1][:number]
    worst = [place for place in order[:number] if place not in best]
    return [frames[place] for place in best], [frames[place] for place in worst]
