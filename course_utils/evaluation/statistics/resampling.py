"""What intervals and tests resample, images or cities, and when they are too few to be relied upon."""

from collections.abc import Sequence
from typing import NamedTuple

from course_utils.errors import CourseError
from course_utils.evaluation.measures.confusion import ConfusionMatrix
from course_utils.evaluation.measures.frame_counts import FrameCounts
from course_utils.evaluation.statistics.intervals import summed

FEWEST = {"images": 25, "cities": 6}
"""Over fewer, intervals of 95 % promise too much: see `caution`."""

_HELD = {
    "images": "in 72 of 100 cases over 10 images and in 82 over 25, where one class is in every twentieth image",
    "cities": "in 50 of 100 cases over two cities, in 73 over three and in 93 over six",
}
"""How often intervals of the mean IoU held the truth in simulations (benchmarks/intervals.py)."""


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


def caution(over: str, number: int) -> str | None:
    """What a reader of intervals over so few images or cities must know, as a sentence; None if they are enough."""
    if number >= FEWEST[over]:
        return None
    return (
        f"CAUTION: {number} {over} are too few: the intervals over {over} are too narrow. In simulations those of 95 % "
        f"for the mean IoU held the truth {_HELD[over]}."
    )


def resampled_units(frames: Sequence[FrameCounts], over: str) -> list[ConfusionMatrix]:
    """What a bootstrap draws: the matrix of each image, or of each city.

    Args:
        frames: of one data set.
        over: "images" or "cities".

    Raises:
        CourseError: there are fewer than two cities, or a frame of none.
    """
    matrices = [frame.confusion for frame in frames]
    if over == "images":
        return matrices
    cities = [frame.city for frame in frames]
    refuse_without_cities(cities)
    return summed(matrices, cities)


def refuse_without_cities(cities: Sequence[str | None]) -> None:
    """Stop where cities cannot be resampled.

    Args:
        cities: of each frame.

    Raises:
        CourseError: there are fewer than two cities, or a frame of none.
    """
    if None in cities or len(set(cities)) < 2:
        named = "do not say of which city they are" if None in cities else f"all come from {cities[0]}"
        raise CourseError(f"Cities cannot be resampled: the frames {named}. Resample images.")
