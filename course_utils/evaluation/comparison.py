"""Two systems on the same frames: which differences are more than chance, and how many images the others need."""

import math
from dataclasses import asdict, dataclass

import numpy as np

from course_utils.errors import CourseError
from course_utils.evaluation.measures.score_functions import means_and_iou
from course_utils.evaluation.scores import Scores, null_for_nan
from course_utils.evaluation.statistics.intervals import LEVEL
from course_utils.evaluation.statistics.multiple_comparisons import holm, images_needed
from course_utils.evaluation.statistics.permutation import pair_block_length, paired_test
from course_utils.evaluation.statistics.resampling import unit


@dataclass(frozen=True)
class Difference:
    """One score of two systems. Shares in 0..1, NaN where the score of either is not defined.

    Attributes:
        first, second: the score of each.
        difference: of first minus second.
        low, high: its 95 % interval.
        p_value: two-sided, of the permutation test.
        corrected: the same after Holm's correction for all scores that were compared.
        images_needed: how many images like these would show a difference of this size in four of five cases, at the
            corrected level, but no fewer than there are; None where the difference is decided, infinite where there
            is none.
    """

    first: float
    second: float
    difference: float
    low: float
    high: float
    p_value: float
    corrected: float
    images_needed: float | None

    @property
    def decided(self) -> bool:
        """Whether the difference is more than chance, at the corrected level."""
        return self.corrected <= 1 - LEVEL


@dataclass(frozen=True)
class SystemComparison:
    """Two systems, score by score.

    Attributes:
        frames: the number that both predicted.
        over: what was resampled and exchanged, "images" or "cities".
        mean_iou: of the mean IoU.
        class_iou: of each class.
        notes: what else the reader must know: sentences.
    """

    frames: int
    over: str
    mean_iou: Difference
    class_iou: dict[str, Difference]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict:
        """The attributes for JSON; NaN and infinity are None, and `decided` tells them apart."""
        differences = {"mean_iou": self.mean_iou, "class_iou": self.class_iou}
        return null_for_nan({"level": LEVEL, **asdict(self), **_with_verdict(differences)})


def _with_verdict(value):
    if isinstance(value, Difference):
        return {**asdict(value), "decided": value.decided}
    return {name: _with_verdict(item) for name, item in value.items()}


def compare(
    first: Scores, second: Scores, resamples: int = 10_000, seed: int = 0, over: str = "images"
) -> SystemComparison:
    """Compare two systems by the frames that both predicted.

    The frames are paired: what makes a frame hard makes it hard for both, and does not count as chance. All p-values,
    of the mean and of the classes, are corrected together.

    Args:
        first, second: with one entry of `per_frame` per frame, under unique names.
        resamples: of the bootstrap and of the permutation test.
        seed: of both.
        over: "images" for what other images of the same cities would decide, "cities" for other cities.

    Raises:
        CourseError: fewer than two frames in common, different classes, or fewer than two cities where cities are to
            be resampled.
    """
    names = list(first.class_iou)
    if names != list(second.class_iou):
        raise CourseError("The two systems predict different classes: compare systems of one data set.")
    mine, theirs = ({frame.name: frame for frame in scores.per_frame} for scores in (first, second))
    common = [name for name in mine if name in theirs]
    if len(common) < 2:
        raise CourseError(f"Both systems predicted {len(common)} of the same frames: a comparison needs at least two.")
    resampled = unit(over)
    matrices = [resampled.matrices([frames[name] for name in common]) for frames in (mine, theirs)]
    units = len(matrices[0])
    block = pair_block_length(*matrices) if resampled.in_order else 1
    found = paired_test(*matrices, means_and_iou, resamples=resamples, seed=seed, block=block)
    totals = [sum(system[1:], system[0]) for system in matrices]
    values = [np.array([total.mean_iou(), *total.iou()]) for total in totals]
    tested = ~np.isnan(found.p_value)
    corrected = np.full(len(tested), np.nan)
    corrected[tested] = holm(found.p_value[tested])

    concerned = np.array([units, *_concerned(matrices)])

    def difference(k):
        size, comparisons = (found.difference[k], found.low[k], found.high[k]), int(tested.sum())
        if corrected[k] <= 1 - LEVEL:
            needed = None
        elif np.isnan(corrected[k]):
            needed = float("nan")
        else:
            least = units * max(1.0, block * _fewest_units(comparisons) / max(1, concerned[k]))
            needed = max(least, images_needed(*size, units, comparisons=comparisons)) * len(common) / units
        return Difference(*map(float, (values[0][k], values[1][k], *size, found.p_value[k], corrected[k])), needed)

    differences = [difference(k) for k in range(len(tested))]
    only = len(mine) + len(theirs) - 2 * len(common)
    notes = [f"{only} frames that only one of the two predicted are not compared."] * bool(only)
    notes += filter(None, [resampled.caution(units, block)])
    by_class = dict(zip(names, differences[1:], strict=True))
    return SystemComparison(len(common), resampled.name, differences[0], by_class, tuple(notes))


def _concerned(matrices) -> np.ndarray:
    """In how many images or cities either system or the truth has each class: only these tell the systems apart."""
    seen = [
        np.logical_or.reduce([m.matrix.any(axis=0) | m.matrix.any(axis=1) | (m.missed > 0) for m in pair])
        for pair in zip(*matrices, strict=True)
    ]
    return np.sum(seen, axis=0)


def _fewest_units(comparisons: int) -> int:
    """How many images or cities a permutation test needs: among too few, too many exchanges are as extreme.

    Of n of them there are 2**n exchanges, two of which are always as extreme.
    """
    return math.ceil(math.log2(2 * comparisons / (1 - LEVEL)))
