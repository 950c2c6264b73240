"""What the values of options may be; argparse puts the name of the option in front of each message.

Digits are ASCII, without signs other than a minus and without underscores: what one reads is what is taken.
"""

import argparse
import json
import math
import re
from collections.abc import Callable

LARGEST_WHOLE_NUMBER = 1_000_000_000
LARGEST_SIDE = 2**15
"""Pixels of the height or width of an image."""

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_SIZE = re.compile(r"([0-9]{1,9})[xX]([0-9]{1,9})")
_COUNT = re.compile(r"([^=,]+)=([0-9]{1,18})")
_SHOWN = 60
"""Characters of a wrong value that a message repeats."""


def whole_number(least: int = 1, most: int | None = None) -> Callable[[str], int]:
    """A type for whole numbers.

    Args:
        least: the smallest one.
        most: the largest one; `LARGEST_WHOLE_NUMBER` when omitted.
    """
    wanted = f"a whole number of at least {least}" if most is None else f"a whole number from {least} to {most}"
    largest = LARGEST_WHOLE_NUMBER if most is None else most

    def parse(text: str) -> int:
        if not _WHOLE.fullmatch(text):
            raise _wrong(text, "is not a whole number" if not _digits(text) else "is out of range", wanted)
        value = int(text)
        if value > largest:
            raise _wrong(text, "is out of range", f"a whole number from {least} to {largest}")
        if value < least:
            raise _wrong(text, "is out of range", wanted)
        return value

    return parse


def number(above: float | None = None, least: float | None = None, most: float | None = None) -> Callable[[str], float]:
    """A type for finite numbers.

    Args:
        above: they must be greater than this.
        least: or at least this.
        most: and at most this.
    """
    bounds = [
        *([f"above {above:g}"] if above is not None else []),
        *([f"of at least {least:g}"] if least is not None else []),
        *([f"of at most {most:g}"] if most is not None else []),
    ]
    wanted = " ".join(["a number", " and ".join(bounds)]).strip()

    def parse(text: str) -> float:
        if not _NUMBER.fullmatch(text):
            raise _wrong(text, "is not a number", wanted)
        value = float(text)
        low = (above is not None and value <= above) or (least is not None and value < least)
        if not math.isfinite(value) or low or (most is not None and value > most):
            raise _wrong(text, "is out of range", wanted)
        return value

    return parse


def size(text: str) -> tuple[int, int]:
    """`HEIGHTxWIDTH` in pixels, such as 128x256."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise _wrong(text, "is not HEIGHTxWIDTH", "a size in pixels such as 128x256")
    height, width = map(int, match.groups())
    if not (1 <= height <= LARGEST_SIDE and 1 <= width <= LARGEST_SIDE):
        raise _wrong(text, "is out of range", f"sides of 1 to {LARGEST_SIDE} pixels")
    return height, width


def numbers(above: float = 0.0, most: float | None = None) -> Callable[[str], tuple[float, ...]]:
    """A type for finite numbers with commas between them, such as 0.75,1,1.25, each as in `number`."""
    one = number(above=above, most=most)

    def parse(text: str) -> tuple[float, ...]:
        parts = text.split(",")
        if not all(map(_NUMBER.fullmatch, parts)):
            raise _wrong(text, "is not a list of numbers", "numbers with commas between them, such as 0.75,1,1.25")
        return tuple(map(one, parts))

    return parse


def counts(text: str) -> dict[str, int]:
    """`NAME=N,...`, such as train=400,val=100; a count may be 0."""
    matches = [_COUNT.fullmatch(pair) for pair in text.split(",")]
    if not all(matches):
        raise _wrong(text, "is not NAME=N,...", "counts such as train=400,val=100")
    named = {match[1]: int(match[2]) for match in matches}
    if len(named) < len(matches):
        raise _wrong(text, "names something twice", "one count per name")
    if any(count > LARGEST_WHOLE_NUMBER for count in named.values()):
        raise _wrong(text, "is out of range", f"counts from 0 to {LARGEST_WHOLE_NUMBER}")
    return named


def assignment(text: str) -> tuple[str, object]:
    """`NAME=VALUE`, the value as JSON where it is JSON with finite numbers, else as text."""
    name, _, value = text.partition("=")
    if not name or not value:
        raise _wrong(text, "is not NAME=VALUE", "an option such as width=0.5")
    try:
        return name, json.loads(value, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):  # numbers of thousands of digits and nested lists among them
        return name, value


def _wrong(text: str, what: str, wanted: str) -> argparse.ArgumentTypeError:
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return argparse.ArgumentTypeError(f"{shown!r} {what}; give {wanted}")


def _digits(text: str) -> bool:
    return text.isascii() and text.removeprefix("-").isdigit()


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _refuse(constant: str):
    raise ValueError(constant)
