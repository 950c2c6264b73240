"""Executed notebooks become one HTML page: what passed, how long it took, what went wrong, and every figure and table.

The page is one file that refers to nothing outside itself but the executed notebooks beside it.
"""

import itertools
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import nbformat
from markupsafe import Markup
from nbconvert.preprocessors.sanitize import SanitizeHTML

from course_utils.files import write_whole
from course_utils.tools.notebooks.execution.execute import plain_text
from course_utils.tools.notebooks.execution.result import Result
from course_utils.tools.notebooks.headings import headings
from course_utils.tools.reports.pages import render

_LONGEST_TEXT = 60  # lines of printed output shown; the rest is in the executed notebook
_TABLE_TAGS = "table thead tbody tfoot tr th td caption b strong em i code sub sup"


@dataclass(frozen=True)
class _Item:
    """An output: a PNG file in base64 with its alternative text, tables, or text."""

    text: str = ""
    png: str = ""
    tables: Sequence[Markup] = ()


def write_report(results: list[Result], folder: Path) -> Path:
    """Write `index.html` for the results into the folder, and return its path."""
    passed = sum(result.status == "passed" for result in results)
    title = f"Notebooks: {passed} of {len(results)} passed"
    page = render("notebooks.html", title, notebooks=[_described(result, folder) for result in results])
    write_whole(folder / "index.html", page)
    return folder / "index.html"


def _described(result: Result, folder: Path) -> dict:
    """What the template says about a notebook."""
    return {
        "title": result.title or result.name,
        "status": result.status,
        "minutes": result.seconds / 60,
        "memory": result.peak_memory / 2**20,
        "cells": result.cells,
        "executed": result.output and _relative(result.output, folder),
        "parameters": {name: repr(value) for name, value in result.parameters.items()},
        "produced": [_relative(run, folder) for run in result.runs],
        "error": result.error,
        "shown": list(_shown(result.output)) if result.output else [],
    }


def _relative(target: Path, folder: Path) -> str:
    return Path(os.path.relpath(target.resolve(), folder.resolve())).as_posix()


def _shown(executed: Path) -> Iterator[tuple[str, list[_Item]]]:
    """The figures, tables and printed text of an executed notebook, under its headings."""
    notebook = nbformat.read(executed, as_version=4)
    items = (
        (heading, item)
        for cell, heading in zip(notebook.cells, headings(notebook.cells), strict=True)
        for item in map(_item, cell.get("outputs", []))
        if item != _Item()
    )
    for heading, group in itertools.groupby(items, itemgetter(0)):
        yield heading, [item for _, item in group]


def _item(output: nbformat.NotebookNode) -> _Item:
    data = output.get("data", {})
    if "image/png" in data:
        alt = output.metadata.get("image/png", {}).get("alt", "")
        return _Item(alt, png="".join(data["image/png"].split()))
    if tables := re.findall(r"<table\b.*?</table>", data.get("text/html", ""), re.S | re.I):
        return _Item(tables=[_safe_table(table) for table in tables])
    is_text = output.output_type == "stream" and output.name == "stdout"
    lines = plain_text(output.text if is_text else data.get("text/plain", "")).rstrip().splitlines()
    if len(lines) > _LONGEST_TEXT:
        lines[_LONGEST_TEXT:] = [f"... and {len(lines) - _LONGEST_TEXT} more lines in the executed notebook"]
    return _Item("\n".join(lines))


def _safe_table(table: str) -> Markup:
    """The bare table: no scripts, styles, pictures or links, which could reach outside the page."""
    table = re.sub(r"<(script|style)\b.*?</\1\s*>", "", table, flags=re.S | re.I)
    allowed = {"*": ["scope", "colspan", "rowspan"]}
    cleaner = SanitizeHTML(tags=_TABLE_TAGS.split(), attributes=allowed, strip=True)
    return Markup(cleaner.sanitize_html_tags(table))
