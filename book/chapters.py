"""The notebooks as chapters: the students' version of each, with the committed outputs."""

import re
from pathlib import Path

from nbformat import NotebookNode

from course_utils.tools.labs.lab.release import PREDICT
from course_utils.tools.notebooks.convert import write_notebook
from course_utils.tools.students.released import for_students

_DRAWING = re.compile(r"^(plotting\.|widgets\.|plt\.|quiz\()", re.M)
_DETAILS = re.compile(r"(<details>\s*<summary>.*?</summary>)\s*(.*?)\s*(</details>)", re.S)


def write_chapters(notebooks: Path, output: Path) -> None:
    """Write the students' version of each notebook: no solution, no hidden check, no output of a graded cell.

    What students should guess first is folded: a reader opens it, as there is nothing to run.

    Args:
        notebooks: the folder of the committed notebooks.
        output: the folder for the chapters, which keep the notebooks' names.
    """
    for path in sorted(notebooks.glob("*.ipynb")):
        chapter = for_students(path, predicted=True)
        for cell in chapter.cells:
            if PREDICT in cell.metadata.get("tags", []):
                cell.metadata["tags"] = [*cell.metadata["tags"], "hide-output"]
            if is_drawing(cell):
                cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-input"]
            if cell.cell_type == "markdown":
                # With an empty line around it, the folded text is read as Markdown.
                cell.source = _DETAILS.sub(r"\1\n\n\2\n\n\3", cell.source)
        write_notebook(chapter, output / path.name)


def is_drawing(cell: NotebookNode) -> bool:
    """Whether a cell draws a figure or asks a quiz: its code is folded, as the figure is what there is to read."""
    drawn = any({"image/png", "text/html"} & set(output.get("data", {})) for output in cell.get("outputs", []))
    return drawn and (is_folded(cell) or (bool(_DRAWING.search(cell.source)) and "def " not in cell.source))


def is_folded(cell: NotebookNode) -> bool:
    """Whether JupyterLab shows a cell without its code."""
    return bool(cell.metadata.get("jupyter", {}).get("source_hidden"))
