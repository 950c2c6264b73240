"""The options of `course predict` and `course evaluate` that make a network look several times."""

import argparse
from typing import NamedTuple

from course_utils.tools.types import numbers, size

SMALLEST_SCALE = 0.1
LARGEST_SCALE = 8

SMALLEST_WINDOW = 16
"""Pixels of a side: a photograph has hundreds of thousands of smaller windows, and a network sees nothing in them."""


class ViewOptions(NamedTuple):
    """The views to average, as `course_utils.inference.Views` takes them.

    Attributes:
        scales: factors on height and width.
        flip: whether each scale is also seen mirrored.
        window: height and width of overlapping windows; None for whole images.
    """

    scales: tuple[float, ...] = (1.0,)
    flip: bool = False
    window: tuple[int, int] | None = None


def configure(parser):
    group = parser.add_argument_group("several views", "their probabilities are averaged; each costs a prediction")
    group.add_argument(
        "--scales",
        type=numbers(above=SMALLEST_SCALE, most=LARGEST_SCALE),
        metavar="S,S,...",
        help="such as 0.75,1,1.25",
    )
    group.add_argument("--flip", action="store_true", help="also the mirror image")
    group.add_argument("--window", type=_window, metavar="HxW", help="overlapping windows of the resized image")


def _window(text: str) -> tuple[int, int]:
    sides = size(text)
    if min(sides) < SMALLEST_WINDOW:
        raise argparse.ArgumentTypeError(
            f"{text!r} is out of range; give sides of at least {SMALLEST_WINDOW} pixels, or it takes hours"
        )
    return sides


def chosen(arguments) -> ViewOptions | None:
    """The views that were asked for; None for a single look."""
    if arguments.scales or arguments.flip or arguments.window:
        return ViewOptions(arguments.scales or (1.0,), arguments.flip, arguments.window)
    return None


def predictor(run, views: ViewOptions | None):
    """The predictor of a trained run.

    Args:
        run: of type `course_utils.training.Run`.
        views: the views that its predictions average; None for a single look.
    """
    from course_utils.inference import Predictor, Views

    model = run.load_model()
    return Predictor(Views(model, **views._asdict()) if views else model, run.config["image_size"])
