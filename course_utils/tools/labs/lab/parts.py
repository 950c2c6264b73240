"""Checks in named parts, each with its share of the points.

A line `### PART 1 point: odd sizes` in a check cell begins a part, which ends where the next one begins. What stands
above the first part runs before each of them, and counts for none. A part may begin before the hidden region or in it.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from course_utils.tools.labs.lab.points import exact, shown, total

_PART = re.compile(r"### PART ([0-9]+(?:\.[0-9]+)?) points?: (.+?)\s*")


@dataclass(frozen=True)
class Part:
    """A part of a check.

    Attributes:
        name: what it is about, such as "odd sizes"; empty for a check without parts.
        points: what it brings.
        source: its lines, at the line numbers that they have in the cell.
    """

    name: str
    points: Decimal
    source: str


def split(check: str, points: float) -> tuple[str, list[Part]]:
    """What runs before every part of a check, and the parts; a check without any is a single part.

    Args:
        check: the source of a check cell.
        points: of the exercise.
    """
    lines = check.splitlines()
    begins = [(number, match) for number, line in enumerate(lines) if (match := _PART.fullmatch(line))]
    if not begins:
        return "", [Part("", exact(points), check)]
    ends = [number for number, _ in begins[1:]] + [len(lines)]
    parts = [
        Part(match[2], exact(match[1]), "\n" * number + "\n".join(lines[number:end]))
        for (number, match), end in zip(begins, ends, strict=True)
    ]
    return "\n".join(lines[: begins[0][0]]), parts


def fault(check: str, points: float) -> str | None:
    """Why the parts of a check cannot be marked; None if they can."""
    for number, line in enumerate(check.splitlines(), 1):
        if line.strip().startswith("### PART") and not _PART.fullmatch(line):
            return f"line {number} is not '### PART 1 point: what it is about', at the beginning of the line"
    _, parts = split(check, points)
    names = [part.name for part in parts]
    if len(set(names)) < len(names):
        return "two of its parts have the same name"
    if any(not part.points for part in parts if part.name):
        return "a part brings no points"
    added = total(part.points for part in parts)
    if added != exact(points):
        return f"its parts add up to {shown(added)} points, not {shown(points)}"
    return None
