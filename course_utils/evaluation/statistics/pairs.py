"""Every system of a table against every other: which of the differences are more than chance."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from course_utils.errors import CourseError
from course_utils.evaluation.measures.score_functions import Score, mean_iou
from course_utils.evaluation.statistics.dependence import influences, length_of_blocks
from course_utils.evaluation.statistics.image_counts import counts_of
from course_utils.evaluation.statistics.intervals import LEVEL, interval_of
from course_utils.evaluation.statistics.multiple_comparisons import holm, images_needed
from course_utils.evaluation.statistics.permutation import exchanges


@dataclass(frozen=True, eq=False)
class PairTests:
    """All pairs of systems by one score, row minus column. Shares in 0..1, `[systems, systems]`; NaN on the diagonal.

    Attributes:
        systems: their names.
        images: how many each was scored on, the same for all.
        block: consecutive images that were drawn and exchanged together, 1 for single ones.
        scores: of each system, `[systems]`.
        difference: score of the row's system minus that of the column's.
        low, high: 95 % interval of the difference over images.
        p_value: two-sided, of the permutation test.
        corrected: the same after Holm's correction for all pairs.
    """

    systems: tuple[str, ...]
    images: int
    block: int
    scores: np.ndarray
    difference: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray
    corrected: np.ndarray

    @property
    def decided(self) -> np.ndarray:
        """Whether a difference is more than chance at the corrected level, bool `[systems, systems]`."""
        return self.corrected <= 1 - LEVEL

    def ranking(self) -> np.ndarray:
        """Places of the systems in `systems`, the highest score first."""
        return np.argsort(-self.scores, kind="stable")

    def groups(self) -> list[tuple[int, int]]:
        """Stretches of the ranking in which no pair is decided, as (first, last) rank from 0 on; none inside another.

        As the lines below a critical-difference diagram (Demšar, "Statistical comparisons of classifiers over multiple
        data sets", JMLR 7, 2006). A pair outside of every stretch may be undecided all the same, if something between
        its two systems is decided: `decided` has every pair.
        """
        decided = self.decided[np.ix_(self.ranking(), self.ranking())]
        stretches = []
        for first in range(len(self.systems)):
            last = first
            while last + 1 < len(self.systems) and not decided[first : last + 1, last + 1].any():
                last += 1
            if last > first and (not stretches or last > stretches[-1][1]):
                stretches.append((first, last))
        return stretches

    def images_needed(self) -> np.ndarray:
        """How many images like these would decide each pair in four of five cases, float `[systems, systems]`.

        At the level of one of so many comparisons (see `course_utils.evaluation.images_needed`), never fewer than there
        are for a pair that is not decided; NaN for decided pairs and on the diagonal.
        """
        needed = np.full(self.difference.shape, np.nan)
        comparisons = len(self.systems) * (len(self.systems) - 1) // 2
        for row, column in zip(*np.nonzero(~self.decided & ~np.isnan(self.difference)), strict=True):
            found = (values[row, column] for values in (self.difference, self.low, self.high))
            needed[row, column] = max(self.images, images_needed(*found, self.images, comparisons=comparisons))
        return needed


def compare_all(
    systems: Mapping[str, np.ndarray],
    score: Score = mean_iou,
    *,
    resamples: int = 10_000,
    seed: int = 0,
    block: int | None = None,
) -> PairTests:
    """Test every pair of systems on the same images and correct for their number.

    Args:
        systems: name to what `paired_test` takes: matrices, image by image the same images for all.
        score: to one number, as `mean_iou`.
        resamples, seed: as in `paired_test`. The smallest p-value is `1 / (resamples + 1)`: with too few resamples
            none can survive the correction.
        block: as in `paired_test`; None for the longest that the difference of any pair asks for.

    Raises:
        CourseError: fewer than two systems or images, or numbers of images that differ.
    """
    if len(systems) < 2:
        raise CourseError(f"Pairs need at least two systems, got {len(systems)}.")
    parts = [counts_of(matrices) for matrices in systems.values()]
    number, images = len(parts), {len(counts[0]) for counts in parts}
    if len(images) > 1:
        raise CourseError(f"All systems must have the same images, got {sorted(images)} of them.")
    first, second = np.triu_indices(number, 1)

    def differences(*sums):
        each = zip(*(np.split(part, number, axis=-1) for part in sums), strict=True)
        scores = np.stack([score(*system) for system in each], axis=-1)
        return scores[..., first] - scores[..., second]

    together = [np.concatenate(part, axis=-1) for part in zip(*parts, strict=True)]
    chosen = list(zip(first, second, strict=True))
    if block is None:
        influence = [influences(score, counts) for counts in parts]
        block = max(length_of_blocks(influence[i] - influence[j]) for i, j in chosen)
    ends = interval_of(differences, together, LEVEL, resamples, seed, block)
    p_values = _p_values(parts, chosen, score, exchanges(images.pop(), resamples, seed, block))
    scores = np.array([score(*(part.sum(axis=0) for part in counts)) for counts in parts])
    found = np.full((5, number, number), np.nan)
    found[:, first, second] = scores[first] - scores[second], *ends, p_values, holm(p_values)
    found[:, second, first] = found[:, first, second] * np.array([-1, -1, -1, 1, 1])[:, None]
    found[1:3, second, first] = found[2:0:-1, second, first]
    return PairTests(tuple(systems), len(parts[0][0]), block, scores, *found)


def _p_values(parts, pairs, score, drawn) -> np.ndarray:
    """Of the permutation test of each pair, `[pairs]`, with the same exchanges for all."""
    totals = [[part.sum(axis=0) for part in counts] for counts in parts]
    scores = [score(*total) for total in totals]
    extreme, resamples = np.zeros(len(pairs)), 0
    for kept in drawn:
        resamples += len(kept)
        sums = [[kept @ part for part in counts] for counts in parts]
        for place, (i, j) in enumerate(pairs):
            moved = [mine - theirs for mine, theirs in zip(sums[i], sums[j], strict=True)]
            mine = [total + shift for total, shift in zip(totals[j], moved, strict=True)]
            theirs = [total - shift for total, shift in zip(totals[i], moved, strict=True)]
            found = np.abs(score(*mine) - score(*theirs))
            # Sums of whole numbers in another order differ in the last digits only: those count as equal.
            extreme[place] += (found >= np.abs(scores[i] - scores[j]) * (1 - 1e-9)).sum()
    return (1 + extreme) / (1 + resamples)
