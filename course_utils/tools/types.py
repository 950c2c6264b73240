"""What the values of options may be; argparse puts the name of the option in front of each message."""

import argparse
import json
import math
from collections.abc import Callable

_LARGEST_SIDE = 2**15


def whole_number(least: int = 1, most: int | None = None) -> Callable[[str], int]:
    """A type for whole numbers from `least` to `most`."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number; give {_range(least, most)}") from None
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"{number} is out of range; give {_range(least, most)}")
        return number

    return parse


def number(above: float | None = None, least: float | None = None, most: float | None = None) -> Callable[[str], float]:
    """A type for finite numbers greater than `above`, or from `least`, to `most`."""
    lower = (
        f"a number above {above:g}"
        if above is not None
        else f"a number of at least {least:g}"
        if least is not None
        else "a number"
    )
    wanted = lower if most is None else f"{lower} and at most {most:g}"

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number; give {wanted}") from None
        low = (above is not None and value <= above) or (least is not None and value < least)
        if not math.isfinite(value) or low or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"{text} is out of range; give {wanted}")
        return value

    return parse


def size(text: str) -> tuple[int, int]:
    """`HEIGHTxWIDTH` in pixels, such as 128x256."""
    try:
        height, width = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not HEIGHTxWIDTH; give a size such as 128x256") from None
    if not (1 <= height <= _LARGEST_SIDE and 1 <= width <= _LARGEST_SIDE):
        raise argparse.ArgumentTypeError(f"{text} is out of range; give sides of 1 to {_LARGEST_SIDE} pixels")
    return height, width


def numbers(above: float = 0.0) -> Callable[[str], tuple[float, ...]]:
    """A type for numbers with commas between them, each greater than `above`."""
    one = number(above=above)

    def parse(text: str) -> tuple[float, ...]:
        return tuple(one(part) for part in text.split(","))

    return parse


def counts(text: str) -> dict[str, int]:
    """`NAME=N,...`, such as train=400,val=100."""
    try:
        named = {name: int(number) for name, number in (pair.split("=") for pair in text.split(","))}
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=N,...; give counts such as train=400,val=100") from None
    if any(count < 0 for count in named.values()):
        raise argparse.ArgumentTypeError(f"{text}: a count is negative; give counts such as train=400,val=100")
    return named


def assignment(text: str) -> tuple[str, object]:
    """`NAME=VALUE`, the value as JSON where it is JSON, else as text."""
    name, _, value = text.partition("=")
    if not name or not value:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE; give an option such as width=0.5")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _range(least: int, most: int | None) -> str:
    return f"a whole number of at least {least}" if most is None else f"a whole number from {least} to {most}"
