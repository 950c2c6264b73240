"""Points as exact decimal numbers: what an author or a marker writes is what is added up."""

from collections.abc import Iterable
from decimal import Decimal


def exact(points: float | Decimal | str) -> Decimal:
    """The number that somebody wrote: 0.1 is a tenth, not the nearest binary fraction."""
    return points if isinstance(points, Decimal) else Decimal(str(points))


def total(points: Iterable[float | Decimal]) -> Decimal:
    """The exact sum."""
    return sum(map(exact, points), Decimal(0))


def shown(points: float | Decimal) -> str:
    """Points as text, without an exponent and without zeros at the end; at most five decimals."""
    text = f"{exact(points):.5f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
