"""One system trained with several seeds: the spread of all its scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.errors import CourseError
from course_utils.evaluation.measures.score_functions import means_and_iou
from course_utils.evaluation.scores import Scores, null_for_nan
from course_utils.evaluation.statistics.seeds import SeedSpread, seed_spread


@dataclass(frozen=True)
class TrainingSpread:
    """What the seed does to the scores of a system that was trained several times, and what the images do.

    Attributes:
        number: of trainings.
        mean_iou: of the mean IoU.
        class_iou: of each class.
    """

    number: int
    mean_iou: SeedSpread
    class_iou: dict[str, SeedSpread]

    def to_dict(self) -> dict:
        """The attributes for JSON; NaN is None."""
        classes = {name: spread._asdict() for name, spread in self.class_iou.items()}
        return null_for_nan({"number": self.number, "mean_iou": self.mean_iou._asdict(), "class_iou": classes})


def spread_of_trainings(trainings: Sequence[Scores], resamples: int = 2000, seed: int = 0) -> TrainingSpread:
    """The spread of the mean IoU and of each class over trainings that differ in their seed alone.

    Args:
        trainings: the scores of each.
        resamples, seed: as in `seed_spread`.

    Raises:
        CourseError: fewer than two trainings, or they were scored on other frames.
    """
    frames = [{frame.name: frame.confusion for frame in scores.per_frame} for scores in trainings]
    if any(other.keys() != frames[0].keys() for other in frames[1:]):
        raise CourseError("The runs of a system with several seeds must be scored on the same frames.")
    ordered = [[matrices[name] for name in frames[0]] for matrices in frames]
    spread = seed_spread(ordered, means_and_iou, resamples=resamples, seed=seed)
    found = spread._replace(low=np.maximum(spread.low, 0), high=np.minimum(spread.high, 1))  # few seeds reach far
    mean, *classes = (SeedSpread(*map(float, entry)) for entry in zip(*found, strict=True))
    return TrainingSpread(len(trainings), mean, dict(zip(trainings[0].class_iou, classes, strict=True)))
