"""The two paths through a notebook, the core and the whole, and how many minutes each takes.

The rule for the minutes, so that nobody has to guess: 200 words a minute (hints not counted), half a minute for each
code cell, which is run and looked at, three for a quiz, and for each exercise as long as its points are hard: 3, 6 or
10 minutes to compute for 1, 2 or 3 points, and 5 minutes to write. The sum is rounded up to the next 5 minutes.
"""

import copy
import math
import re

from nbformat import NotebookNode

from course_utils.errors import CourseError

CORE = "core"
"""The tag of the cells of the core path."""
WORDS_PER_MINUTE = 200
MINUTES_PER_CELL = 0.5
MINUTES_PER_QUIZ = 3
MINUTES_TO_COMPUTE = {1: 3, 2: 6, 3: 10}
MINUTES_TO_WRITE = 5

_HINTS = re.compile(r"<details><summary>[^<]*hint.*?</details>", re.S | re.I)
_QUIZ = re.compile(r"^quiz\(", re.M)
_WORD = re.compile(r"[^\W\d_][\w'’-]*")


def core_path(notebook: NotebookNode, name: str) -> NotebookNode:
    """The notebook with nothing but the cells of the core, the parameters and the imports.

    Args:
        notebook: is not changed.
        name: of the notebook, for the message.

    Raises:
        CourseError: no cell is tagged `core`.
    """
    kept = copy.deepcopy(notebook)
    kept.cells = [cell for cell in kept.cells if CORE in _tags(cell)]
    if not kept.cells:
        raise CourseError(f"{name} has no core path (cells tagged {CORE!r}): run it without --core.")
    return kept


def words(notebook: NotebookNode) -> int:
    """The words of a notebook's texts, hints excepted."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown" and not _solution(cell)]
    return sum(len(_WORD.findall(re.sub(r"<[^>]*>", " ", _HINTS.sub(" ", text)))) for text in texts)


def minutes(notebook: NotebookNode) -> int:
    """How long a student needs for a notebook, by the rule at the head of this module; a multiple of 5."""
    total = words(notebook) / WORDS_PER_MINUTE
    for cell in notebook.cells:
        record = cell.metadata.get("nbgrader", {})
        if record.get("grade") and record.get("solution"):
            total += MINUTES_TO_WRITE
        elif record.get("grade"):
            total += MINUTES_TO_COMPUTE[record["points"]]
        elif cell.cell_type == "code" and not record:
            total += MINUTES_PER_QUIZ if _QUIZ.search(cell.source) else MINUTES_PER_CELL
    return math.ceil(total / 5) * 5


def _tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def _solution(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))
