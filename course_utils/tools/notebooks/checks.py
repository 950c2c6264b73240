"""What every notebook of the course has, and what its stored outputs must not show."""

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from course_utils import machine
from course_utils.tools.notebooks.parameters import parameter_cells, parameters

_IMAGES = ("image/png", "image/jpeg", "image/svg+xml")
_WIDGET = "application/vnd.jupyter.widget-view+json"
_PATTERNS = {
    "shows a memory address": r"\bat 0x[0-9a-fA-F]{6,}",
    "shows a path of this machine": r"(?<![\w.:/])/(?:home|root|Users|tmp|private|var/folders)/\w|\b[A-Z]:\\",
    "shows a progress display's timing": r"\d ?(?:[mun]?s/(?:step|epoch|it)|it/s)\b|Wall time:|CPU times:|\bETA\b",
    # TensorFlow logs to standard output in what it takes for an interactive session.
    "shows a warning": r"\b\w*Warning: |\b(?:WARNING|ERROR):\w+:",
}


def structure_problems(notebook: NotebookNode) -> list[str]:
    """What a notebook lacks of the common form (title cell, record, parameters, a compared cell), one line each."""
    problems = []
    first = notebook.cells[0] if notebook.cells else None
    if not first or first.cell_type != "markdown" or not first.source.startswith("# "):
        problems.append("the first cell is not markdown that starts with the title ('# Title')")
    course, text = notebook.metadata.get("course", {}), first.source if first else ""
    minutes, claims = course.get("minutes"), course.get("claims")
    if type(minutes) is not int or minutes < 1:
        problems.append("the header's course record has no 'minutes' (a whole number, how long a student needs)")
    elif not re.search(rf"(?<![\d.]){minutes} minute", text):
        problems.append(f"the title cell does not say '{minutes} minutes'")
    if not isinstance(claims, list) or not claims or not all(re.fullmatch(r"L\d+", str(claim)) for claim in claims):
        problems.append("the header's course record has no 'claims' (a list of the lecture's, such as [L4, L5])")
    elif missing := [claim for claim in claims if not re.search(rf"\b{claim}\b", text)]:
        problems.append(f"the title cell does not name the claims {', '.join(missing)}")
    if len(parameter_cells(notebook)) != 1:
        problems.append(f"{len(parameter_cells(notebook))} cells are tagged 'parameters', not 1")
    known = parameters(notebook)
    if known.get("fast") is not False or known.get("seed", None) != 0:
        problems.append("the parameters cell does not have 'fast = False' and 'seed = 0'")
    if not any("nbval-check-output" in cell.metadata.get("tags", []) for cell in notebook.cells):
        problems.append("no cell is tagged 'nbval-check-output', so none of its outputs is compared")
    return problems


def output_problems(notebook: NotebookNode) -> list[str]:
    """What the stored outputs must not show but do, one line each, naming the cell.

    Anything on standard error (a warning, a log line), an error without the tag `raises-exception` (in a graded cell,
    whose tag only lets students run on, any error), a picture without alternative text, a widget without a picture,
    and texts that differ from machine to machine or run to run.
    """
    problems = []
    if "widgets" in notebook.metadata:
        problems.append("the notebook stores the state of widgets")
    for number, cell in enumerate(notebook.cells, 1):
        tags = cell.metadata.get("tags", [])
        outputs = cell.get("outputs", [])
        may_fail = "raises-exception" in tags and "nbgrader" not in cell.metadata
        for output in outputs:
            problems += [f"cell {number} {problem}" for problem in _problems_of(output, may_fail)]
        if "nbval-check-output" in tags and not outputs:
            problems.append(f"cell {number} is tagged 'nbval-check-output' but has no output")
    return problems


def _problems_of(output: NotebookNode, may_fail: bool) -> Iterator[str]:
    if output.output_type == "stream" and output.name == "stderr":
        yield f"writes to standard error: {_shorten(output.text)}"
        return
    if output.output_type == "error" and not may_fail:
        yield f"fails: {output.ename}: {output.evalue}"
        return
    data = output.get("data", {})
    for mime in _IMAGES:
        if mime in data and not output.metadata.get(mime, {}).get("alt"):
            yield f"shows a picture ({mime}) without alternative text: use plotting.show(figure, alt)"
    if _WIDGET in data:
        yield "shows a widget without a picture of it: use course_utils.widgets"
    texts = [output.get("text", ""), *output.get("traceback", [])]
    texts += [str(value) for mime, value in data.items() if mime not in (*_IMAGES, _WIDGET)]
    for text in texts:
        for problem, pattern in _PATTERNS.items():
            if match := re.search(pattern, text):
                yield f"{problem}: {_shorten(text[match.start() :])}"
        for place in filter(None, (machine.checkout(), Path.home(), Path(sys.prefix), Path(tempfile.gettempdir()))):
            if len(place.parts) > 1 and re.search(rf"(?<![\w.]){re.escape(str(place))}(?![\w-])", text):
                yield f"shows a path of this machine: {place}"


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) < 120 else line[:117] + "..."
