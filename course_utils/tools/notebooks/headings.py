"""The headings in the text cells of a notebook."""

import re
from collections.abc import Iterable

from nbformat import NotebookNode


def title(notebook: NotebookNode) -> str:
    """A notebook's first heading; empty without one."""
    return next((heading for cell in notebook.cells for heading in _headings_in(cell)), "")


def headings(cells: Iterable[NotebookNode]) -> list[str]:
    """For each cell the nearest heading at or above it; empty where there is none."""
    current, found = "", []
    for cell in cells:
        current = [current, *_headings_in(cell)][-1]
        found.append(current)
    return found


def _headings_in(cell: NotebookNode) -> list[str]:
    """Its headings of any level, without the number signs; comments in code and marks in graded answers are none."""
    if cell.cell_type != "markdown" or "nbgrader" in cell.metadata:
        return []
    text = re.sub(r"```.*?```", "", cell.source, flags=re.S)
    return re.findall(r"^#{1,6}\s+(.+?)\s*#*\s*$", text, re.M)
