"""The minutes that a notebook of systems asks for, counted by one rule."""

import re

import pytest

from course_utils.machine import checkout
from course_utils.tools.notebooks.convert import read_source

WORDS, LINES, SELF_TEST, POINT = 200, 20, 2, 6
"""Words and lines of code read in a minute; minutes for a self-test, and for a point of an exercise."""

SOURCES = sorted((checkout() / "notebooks" / "source").glob("0[5-9]*.py"))


def minutes_of(cells) -> tuple[float, float]:
    """Minutes to read and try, and minutes for the exercises."""
    texts = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown" and "nbgrader" not in cell.metadata)
    code = [cell.source for cell in cells if cell.cell_type == "code" and "nbgrader" not in cell.metadata]
    lines = sum(len([line for line in source.splitlines() if line.strip()]) for source in code)
    reading = len(re.findall(r"\w+", texts)) / WORDS + lines / LINES + SELF_TEST * texts.count("<summary>Answer")
    return reading, POINT * sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in cells)


@pytest.mark.parametrize("source", SOURCES, ids=[path.stem for path in SOURCES])
def test_the_minutes_are_honest(source):
    notebook = read_source(source)
    reading, exercises = minutes_of(notebook.cells)
    told = re.search(r"(\d+) minutes: (\d+) to read and try, (\d+) for the exercises", notebook.cells[0].source)
    whole, first, second = map(int, told.groups())
    assert whole == first + second == notebook.metadata.course["minutes"]
    assert abs(first - reading) <= 10 and abs(second - exercises) <= 5, f"{reading:.0f} and {exercises:.0f} by the rule"
