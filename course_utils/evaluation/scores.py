"""The scores of a data set, with their intervals, as numbers and as JSON; `tables.py` prints them."""

import json
import math
from dataclasses import dataclass, field, fields
from functools import cached_property

from course_utils.evaluation.measures.boundary import ABSENT_RULES, BoundaryF
from course_utils.evaluation.measures.confusion import ConfusionMatrix
from course_utils.evaluation.measures.distance import CropFactorIoU
from course_utils.evaluation.measures.frame_counts import FrameCounts, frames_with
from course_utils.evaluation.measures.score_functions import means_and_iou
from course_utils.evaluation.statistics.dependence import block_length
from course_utils.evaluation.statistics.intervals import LEVEL, Interval, bootstrap_interval
from course_utils.evaluation.statistics.resampling import Resampling, Unit

FEWEST_FRAMES = 5
"""A class in fewer frames gets no interval: simulated ones of 95 % held the truth in 63 of 100 cases where one frame
shows the class, in 80 for two or three, and in 92 for five."""


@dataclass(frozen=True)
class Intervals:
    """95 % intervals of the scores of a data set: how they would vary from sample to sample.

    Attributes:
        unit: what was resampled: images or cities.
        number: how many of them there were.
        mean_iou: of the mean IoU.
        class_iou: of each class; NaN where fewer than `FEWEST_FRAMES` frames show it.
        block: how many consecutive ones were drawn together, since they resemble each other.
    """

    unit: Unit
    number: int
    mean_iou: Interval
    class_iou: dict[str, Interval]
    block: int = 1


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of one data set split. All are shares in 0..1, NaN where a score is not defined.

    Attributes:
        frames: number of images.
        class_iou: intersection over union of each class.
        mean_iou: its mean over the classes that are present or predicted.
        category_iou, mean_category_iou: the same with the classes of a category taken as one.
        class_iiou, mean_iiou: instance-level IoU of the classes with instances; empty and NaN without instance maps.
        category_iiou, mean_category_iiou: the same for categories.
        class_accuracy, mean_class_accuracy: share of a class's pixels that were found.
        pixel_accuracy: share of all pixels that were predicted right.
        frequency_weighted_iou: IoU weighted by the classes' pixels.
        pixel_share: share of each class in the truth.
        confusion: the confusion matrix of train ids.
        per_frame: what each frame gave to it.
        boundary: boundary F by tolerance, empty if it was not asked for.
        distance: IoU at each crop factor, None if it was not asked for.
        resampling: how the intervals are made.
        prior: confusion matrix of the image-blind prior on the same frames; None where no training split is at hand.
        notes: what else the reader must know, such as frames that were left out: sentences.
    """

    frames: int
    class_iou: dict[str, float]
    mean_iou: float
    category_iou: dict[str, float]
    mean_category_iou: float
    class_iiou: dict[str, float]
    mean_iiou: float
    category_iiou: dict[str, float]
    mean_category_iiou: float
    class_accuracy: dict[str, float]
    mean_class_accuracy: float
    pixel_accuracy: float
    frequency_weighted_iou: float
    pixel_share: dict[str, float]
    confusion: ConfusionMatrix
    per_frame: tuple[FrameCounts, ...] = ()
    boundary: dict[float, BoundaryF] = field(default_factory=dict)
    distance: CropFactorIoU | None = None
    resampling: Resampling = field(default_factory=Resampling)
    prior: ConfusionMatrix | None = None
    notes: tuple[str, ...] = ()

    @cached_property
    def intervals(self) -> dict[str, Intervals]:
        """Intervals over `"images"` and, where the frames come from several, over `"cities"`; empty for one frame.

        Only over one of them if `resampling` says so.

        Frames of one city resemble each other: those over images are right for other images of these cities, those
        over cities for other cities. Over few of either they promise too much: see `cautions`.

        Raises:
            CourseError: cities are to be resampled, and there are not two of them.
        """
        return {unit.name: self._intervals(unit) for unit in self.resampling.units(self.per_frame)}

    def _intervals(self, unit: Unit) -> Intervals:
        matrices = unit.matrices(self.per_frame)
        _, resamples, seed = self.resampling
        block = block_length(matrices) if unit.in_order else 1
        low, high = bootstrap_interval(matrices, means_and_iou, resamples=resamples, seed=seed, block=block)
        frames = [FEWEST_FRAMES, *self.class_frames.values()]  # the mean first
        ends = [
            Interval(*pair) if number >= FEWEST_FRAMES else Interval(math.nan, math.nan)
            for *pair, number in zip(low.tolist(), high.tolist(), frames, strict=True)
        ]
        return Intervals(unit, len(matrices), ends[0], dict(zip(self.class_iou, ends[1:], strict=True)), block)

    @property
    def prior_mean_iou(self) -> float:
        """Mean IoU of the image-blind prior, NaN if it is not known."""
        return math.nan if self.prior is None else self.prior.mean_iou()

    @property
    def cautions(self) -> list[str]:
        """Why the intervals may not be relied upon: sentences."""
        return list(filter(None, (found.unit.caution(found.number, found.block) for found in self.intervals.values())))

    @cached_property
    def class_frames(self) -> dict[str, int]:
        """In how many frames each class occurs: an interval from a few frames is not to be relied upon."""
        number = frames_with(self.per_frame, len(self.class_iou))
        return dict(zip(self.class_iou, number.tolist(), strict=True))

    def to_dict(self) -> dict:
        """All scores for JSON, under their attributes' names.

        `confusion` is a list of rows, `missed` holds the pixels of each class predicted as void, `boundary_f` has for
        each tolerance the mean and the classes by both rules for absent classes, `crop_factor_iou` for each factor the
        mean and the classes, and NaN is None.
        """
        apart = {"confusion", "per_frame", "boundary", "distance", "resampling", "prior", "notes"}
        values = {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name not in apart}
        names = list(self.class_iou)
        values["prior_mean_iou"] = self.prior_mean_iou
        values["confusion"] = self.confusion.matrix.tolist()
        values["missed"] = self.confusion.missed.tolist()
        values["class_frames"] = self.class_frames
        values["intervals"] = {
            over: {
                "level": LEVEL,
                "number": found.number,
                "block": found.block,
                "mean_iou": list(found.mean_iou),
                "class_iou": {name: list(ends) for name, ends in found.class_iou.items()},
            }
            for over, found in self.intervals.items()
        }
        values["boundary_f"] = {
            str(tolerance): {
                absent: {
                    "mean": boundary.mean(absent),
                    "classes": dict(zip(names, boundary.class_scores(absent).tolist(), strict=True)),
                }
                for absent in ABSENT_RULES
            }
            for tolerance, boundary in self.boundary.items()
        }
        values["crop_factor_iou"] = {
            str(factor): {
                "mean": confusion.mean_iou(),
                "classes": dict(zip(names, confusion.iou().tolist(), strict=True)),
            }
            for factor, confusion in (self.distance.confusions if self.distance else {}).items()
        }
        values["resampling"] = self.resampling._asdict()
        values["notes"], values["cautions"] = list(self.notes), self.cautions
        values["per_frame"] = [
            {
                "name": frame.name,
                "city": frame.city,
                "mean_iou": frame.confusion.mean_iou(),
                "pixel_accuracy": frame.pixel_accuracy(),
            }
            for frame in self.per_frame
        ]
        return null_for_nan(values)

    def to_json(self, **about) -> str:
        """`to_dict` as text.

        Args:
            about: further entries, which come first.
        """
        return json.dumps(null_for_nan({**about, **self.to_dict()}), indent=2)


def null_for_nan(value):
    """JSON has no NaN and no infinity: None for both."""
    if isinstance(value, dict):
        return {key: null_for_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [null_for_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
