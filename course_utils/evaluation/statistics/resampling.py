"""What intervals and tests resample, images or cities, and when there are too few of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from course_utils.errors import CourseError
from course_utils.evaluation.measures.confusion import ConfusionMatrix
from course_utils.evaluation.measures.frame_counts import FrameCounts
from course_utils.evaluation.statistics.image_counts import summed
from course_utils.names import look_up

BLOCKS_HELD = "about 8 blocks held the truth in 78 of 100 cases, and over about 13 in 86 to 87"
"""How often intervals over blocks of images held the truth in simulations (benchmarks/intervals.py)."""


class OfACity(Protocol):
    """A frame of a data set, or its counts.

    Attributes:
        city: where it was taken; None where the data set does not say.
    """

    city: str | None


@dataclass(frozen=True)
class Unit:
    """What a bootstrap draws and a permutation test exchanges. As it stands: single images.

    Attributes:
        name: in the plural, as users give it.
        fewest: over fewer of them, 95 % intervals promise too much.
        held: how often the 95 % intervals of the mean IoU over few of them held the truth in simulations
            (benchmarks/intervals.py).
        in_order: whether each may resemble the ones before and after it, so that they are drawn in blocks.
    """

    name: str
    fewest: int
    held: str
    in_order: bool = False

    def missing(self, frames: Sequence[OfACity]) -> str | None:
        """Why these frames do not make two units or more, as the end of a sentence; None if they do."""
        return None if len(frames) > 1 else "there are fewer than two"

    def check(self, frames: Sequence[OfACity]) -> None:
        """Refuse frames that do not make two units or more.

        Raises:
            CourseError: they do not; the message says why.
        """
        if (reason := self.missing(frames)) is not None:
            raise CourseError(f"{self.name.capitalize()} cannot be resampled: {reason}.")

    def matrices(self, frames: Sequence[FrameCounts]) -> list[ConfusionMatrix]:
        """The confusion matrix of each unit."""
        return [frame.confusion for frame in frames]

    def title(self, number: int) -> str:
        """The heading of a column with 95 % intervals over so many units."""
        return "95 % interval"

    def caution(self, number: int, block: int = 1) -> str | None:
        """What a reader of intervals over so few units must know, as sentences; None if they are enough.

        Args:
            number: how many units there are.
            block: how many of them were drawn together.
        """
        if block > 1:
            return (
                f"CAUTION: {self.name} resemble those before and after them, so {block} in a row were drawn together: "
                f"{number} {self.name} tell about as much as {max(1, number // block)} independent ones. Over few "
                f"blocks the intervals are too narrow: in simulations those of 95 % over {BLOCKS_HELD}."
            )
        if number >= self.fewest:
            return None
        return (
            f"CAUTION: {number} {self.name} are too few: the intervals over {self.name} are too narrow. In simulations "
            f"those of 95 % for the mean IoU held the truth {self.held}."
        )


class _Cities(Unit):
    """The frames of a city together: they resemble each other."""

    def missing(self, frames):
        cities = {frame.city for frame in frames}
        if None in cities or not cities:
            return "the frames do not say which city they come from. Resample images"
        return None if len(cities) > 1 else f"the frames all come from {cities.pop()}. Resample images"

    def matrices(self, frames):
        self.check(frames)
        return summed([frame.confusion for frame in frames], [frame.city for frame in frames])

    def title(self, number):
        return f"over {number} {self.name}"


IMAGES = Unit(
    "images",
    fewest=25,
    held="in 72 of 100 cases over 10 images and in 82 over 25, where one class is in every twentieth image",
    in_order=True,
)
CITIES = _Cities("cities", fewest=6, held="in 50 of 100 cases over two cities, in 73 over three and in 93 over six")
UNITS = {unit.name: unit for unit in (IMAGES, CITIES)}
"""What can be resampled, by name."""


class Resampling(NamedTuple):
    """How intervals and tests are made.

    Attributes:
        over: "images" or "cities"; None for both where a table has room for them, and for images elsewhere.
        resamples: how many.
        seed: of their drawing.
    """

    over: str | None = None
    resamples: int = 10_000
    seed: int = 0

    def units(self, frames: Sequence[OfACity]) -> list[Unit]:
        """What to resample: the one that was asked for, or all that the frames allow.

        Raises:
            CourseError: the one that was asked for does not exist.
        """
        if self.over is not None:
            return [unit(self.over)]
        return [each for each in UNITS.values() if each.missing(frames) is None]


def unit(name: str) -> Unit:
    """The unit of a name: "images" or "cities".

    Raises:
        CourseError: there is no such unit.
    """
    return look_up(name, UNITS, "unit of resampling")
