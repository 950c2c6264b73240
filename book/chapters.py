"""The notebooks as chapters: what students get, with the outputs that are committed."""

import re
from pathlib import Path

from course_utils.tools.labs.lab import assignment
from course_utils.tools.labs.lab.release import student_version
from course_utils.tools.notebooks.convert import write_notebook

_DETAILS = re.compile(r"(<details>\s*<summary>.*?</summary>)\s*(.*?)\s*(</details>)", re.S)


def write_chapters(notebooks: Path, output: Path) -> None:
    """Write the students' version of each notebook: no solution, no hidden check, no output of a graded cell.

    Args:
        notebooks: the folder of the committed ones.
        output: where the chapters go, under the same names.
    """
    for path in sorted(notebooks.glob("*.ipynb")):
        chapter = student_version(assignment.read(path))
        for cell in chapter.cells:
            if cell.cell_type == "markdown":
                # An empty line lets what is folded away be Markdown.
                cell.source = _DETAILS.sub(r"\1\n\n\2\n\n\3", cell.source)
        write_notebook(chapter, output / path.name)
