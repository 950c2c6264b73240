"""A percent script becomes a notebook, which is written, and later compared with its script."""

import hashlib
from pathlib import Path

import jupytext
import nbformat
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from nbformat import NotebookNode

from course_utils.errors import CourseError
from course_utils.files import read_bytes, write_whole

_WIDGET = "application/vnd.jupyter.widget-view+json"
_LARGEST = 256 * 2**20
"""Bytes of a notebook: browsers give up far below."""
_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def digest(source: Path) -> str:
    """The SHA-256 of a source, the same for every line ending."""
    return hashlib.sha256(_text(source).encode()).hexdigest()


def _text(source: Path) -> str:
    return read_bytes(source, _LARGEST).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def read_source(source: Path) -> NotebookNode:
    """The notebook that a percent script describes, without outputs.

    The script's header holds the notebook's record, which goes to `metadata.course` beside the script's digest:

        # ---
        # jupyter:
        #   course:
        #     minutes: 60
        #     claims: [L4, L5]
        # ---

    Nothing depends on when or where it is converted: the kernel is the plain `python3`, and a cell's id comes from its
    text, so that a change of one cell changes one id.

    Raises:
        CourseError: there is no such file, or jupytext cannot read it.
    """
    try:
        script = jupytext.reads(_text(source), fmt="py:percent")
    except FileNotFoundError:
        raise CourseError(f"There is no notebook source {source}.") from None
    except Exception as error:
        raise CourseError(f"{source} is not a percent script that jupytext can read: {error}") from error
    notebook = nbformat.v4.new_notebook(cells=script.cells, metadata={"kernelspec": dict(_KERNEL)})
    notebook.metadata.language_info = {"name": "python"}
    notebook.metadata.course = {**script.metadata.get("course", {}), "source_sha256": digest(source)}
    seen = set()
    for cell in notebook.cells:
        text, copies = f"{cell.cell_type}\n{cell.source}", 0
        while (name := hashlib.sha256(f"{text}\n{copies}".encode()).hexdigest()[:12]) in seen:
            copies += 1
        seen.add(name)
        cell.id = name
    return notebook


def with_outputs(source: NotebookNode, executed: NotebookNode) -> NotebookNode:
    """The notebook of a source with the cleaned outputs of its execution, and nothing else from it."""
    for cell, run in zip(source.cells, executed.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = run.outputs, run.execution_count
            clean_outputs(cell)
    return source


def clean_outputs(cell: NotebookNode):
    """Join the pieces of each stream, and keep only the picture of a widget that comes with one.

    A live widget needs the kernel that made it; a stored notebook can only show its picture.
    """
    if cell.cell_type != "code":
        return
    CoalesceStreamsPreprocessor().preprocess_cell(cell, {}, 0)
    for output in cell.outputs:
        if "image/png" in output.get("data", {}):
            output.data.pop(_WIDGET, None)


def differences(notebook: NotebookNode, source: Path) -> list[str]:
    """How a notebook differs from its source, one line each; empty when it is up to date.

    Compares the type, text and metadata of each cell, and the digest. A source has no outputs: nbval compares those of
    marked cells.
    """
    expected, found = read_source(source), []
    if notebook.metadata.get("course") != expected.metadata.course:
        found.append("the source has changed since the notebook was made (metadata.course.source_sha256)")
    if notebook.metadata.get("kernelspec") != _KERNEL:
        found.append(f"metadata.kernelspec is not the neutral {_KERNEL}")
    if len(notebook.cells) != len(expected.cells):
        found.append(f"{len(notebook.cells)} cells in the notebook, {len(expected.cells)} in the source")
    for number, (cell, wanted) in enumerate(zip(notebook.cells, expected.cells, strict=False), 1):
        for part in ("cell_type", "source", "metadata"):
            if cell[part] != wanted[part]:
                found.append(f"cell {number}: {part} differs from the source")
                break
    return found


def read_notebook(path: Path) -> NotebookNode:
    """A notebook of somebody's.

    Raises:
        Exception: of many kinds; nbformat looks into whatever JSON it is given.
    """
    return nbformat.reads(read_bytes(path, _LARGEST).decode("utf-8-sig"), as_version=4)


def write_notebook(notebook: NotebookNode, path: Path):
    """Write a notebook, whole or not at all."""
    write_whole(path, nbformat.writes(notebook) + "\n")
