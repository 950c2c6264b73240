"""Growing images: small ones first, when a network has to learn what is where, then those of the full size."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from course_utils.datasets.augmentation import Augmentation
from course_utils.datasets.classes.sampling import ClassSampling
from course_utils.datasets.pipeline import training_batches
from course_utils.images import image_size
from course_utils.machine import memory_limit
from course_utils.training.recipe import Recipe

SMALL = 2 / 3
"""Side of the first images as a share of the full one: they cost a little more than half the time."""

LEAST_SIDE = 64
"""Images whose shorter side would be smaller than this in pixels are not made smaller."""


@dataclass(frozen=True)
class Stage:
    """A stretch of training on images of one size.

    Attributes:
        until: progress at which it ends, with the epoch that is then under way.
        share: of the full side.
    """

    until: float
    share: float = 1.0


def stages(recipe: Recipe) -> list[Stage]:
    """The stages of a recipe, one or two."""
    size = recipe.crop_size or recipe.image_size
    grows = recipe.growing and size is not None and SMALL * min(size) >= LEAST_SIDE
    return [Stage(recipe.growing, SMALL), Stage(1.0)] if grows else [Stage(1.0)]


class TrainingImages:
    """The training split of a recipe as batches of any size.

    Crops are computed straight from full frames where these fit into memory, so that pixels are resampled once.

    Args:
        recipe: what is trained.
        part: of each batch, where several workers or replicas share them; see `training_batches`.

    Raises:
        CourseError: the data are incomplete.
    """

    def __init__(self, recipe: Recipe, part: Mapping[str, int] | None = None):
        self.recipe, self.part = recipe, part or {}
        self.frames = recipe.data.frames("train")
        self.data = recipe.data.load("train", self._stored_size())
        self.epoch_steps = math.ceil(len(self.frames) / recipe.step_size)
        """Steps with as many images as there are frames: each once, but where rare classes are drawn more often."""
        self._sampling = None
        if recipe.class_sampling:
            self._sampling = ClassSampling(recipe.data.classes_present("train"), recipe.class_sampling)

    def _stored_size(self) -> tuple[int, int] | None:
        """The size to keep frames in: their own, or the largest that a crop needs."""
        recipe, own = self.recipe, image_size(self.frames[0].image)
        if recipe.image_size is None or 4 * own[0] * own[1] * len(self.frames) <= memory_limit() // 4:
            return None
        largest = _scaled(recipe.image_size, max(1.0, recipe.scale[1]))
        return None if largest[0] >= own[0] and largest[1] >= own[1] else largest

    @property
    def reading(self) -> Mapping[str, float]:
        """The files that are being read, and since when on the clock of `time.monotonic`."""
        return self.data.reader.reading

    def batches(self, stage: Stage, start_step: int):
        """Endless batches, one per step, from a step on.

        Args:
            stage: decides the size.
            start_step: how many to pass over.
        """
        recipe = self.recipe
        whole, crop = recipe.image_size, recipe.crop_size
        if stage.share != 1.0:
            whole, crop = (size and _scaled(size, stage.share) for size in (whole, crop))
        augmentation = Augmentation(crop, recipe.scale, recipe.flip, recipe.color, whole)
        part = {"start_step": start_step, "parts": recipe.accumulate, **self.part}
        drawn = {"seed": recipe.seed, "augmentation": augmentation, "sampling": self._sampling}
        return training_batches(self.data, recipe.step_size, **drawn, **part)


def _scaled(size: tuple[int, int], share: float) -> tuple[int, int]:
    height, width = size
    return max(1, round(height * share)), max(1, round(width * share))
