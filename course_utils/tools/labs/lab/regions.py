"""The regions of a cell that students must not see: solutions and hidden checks, between markers."""

from course_utils.errors import CourseError

SOLUTION = "SOLUTION"
HIDDEN = "HIDDEN TESTS"
RUBRIC = "### RUBRIC"
"""The line, within the solution of a written answer, that begins its rubric."""
UNTOUCHED = "*Your answer here.*"
"""The students' version of a written answer."""


def without_region(source: str, region: str, replacement: str | None = None) -> str:
    """The source without the lines between `### BEGIN region` and `### END region`, markers included.

    Args:
        source: the text of a cell.
        region: `SOLUTION` or `HIDDEN`.
        replacement: lines that replace each region, indented like its first marker.

    Raises:
        CourseError: a region has no end or no beginning, or contains another one.
    """
    kept, inside = [], False
    for line in source.splitlines():
        if line.strip() == f"### BEGIN {region}":
            if inside:
                raise CourseError(f"There is a second '### BEGIN {region}' before '### END {region}'; remove one.")
            inside = True
            if replacement:
                indent = line[: len(line) - len(line.lstrip())]
                kept += [indent + new for new in replacement.splitlines()]
        elif line.strip() == f"### END {region}":
            if not inside:
                raise CourseError(f"'### END {region}' has no beginning; add '### BEGIN {region}' above it.")
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise CourseError(f"'### BEGIN {region}' has no end; add '### END {region}' below it.")
    return "\n".join(kept).strip("\n")


def model_answer(source: str) -> tuple[str, str]:
    """What stands in the solution of a written answer: the model answer, and the rubric, which `### RUBRIC` begins.

    Args:
        source: the text of the answer cell, with its solution.
    """
    lines = source.splitlines()
    inside = [line.strip() for line in lines]
    if f"### BEGIN {SOLUTION}" in inside:
        lines = lines[inside.index(f"### BEGIN {SOLUTION}") + 1 : inside.index(f"### END {SOLUTION}")]
    text = [line.rstrip() for line in lines]
    cut = text.index(RUBRIC) if RUBRIC in text else len(text)
    return "\n".join(text[:cut]).strip("\n"), "\n".join(text[cut + 1 :]).strip("\n")


def hidden_lines(source: str) -> set[int]:
    """The numbers of a check cell's lines that students do not see, counting from 1."""
    hidden, inside = set(), False
    for number, line in enumerate(source.splitlines(), 1):
        inside = inside or line.strip() == f"### BEGIN {HIDDEN}"
        if inside:
            hidden.add(number)
        inside = inside and line.strip() != f"### END {HIDDEN}"
    return hidden
