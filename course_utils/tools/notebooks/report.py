"""Executed notebooks become one HTML page: what passed, how long it took, what went wrong, and every figure and table.

The page is one file that refers to nothing outside itself but the executed notebooks beside it. What a notebook put out
is not trusted: pictures are decoded and encoded anew, tables are stripped, all else is text, and everything has an end.
"""

import base64
import binascii
import itertools
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path

import nbformat
from markupsafe import Markup
from nbconvert.preprocessors.sanitize import SanitizeHTML

from course_utils.errors import CourseError
from course_utils.files import write_whole
from course_utils.images import clean_png
from course_utils.tools.notebooks.execution.execute import plain_text
from course_utils.tools.notebooks.execution.result import Failure, Result
from course_utils.tools.notebooks.headings import headings
from course_utils.tools.reports.pages import render

_LONGEST_TEXT = 60  # lines of printed output shown; the rest is in the executed notebook
_LONGEST_LINE = 1_000  # characters
_LONGEST_TRACEBACK = 20_000
_LARGEST_TABLE = 100_000
_LARGEST_PAGE = 40_000_000
"""Characters of all outputs together: browsers show a page of this size, and mail takes it."""

_LEFT_OUT = "... left out here, since the page is full: see the executed notebook"
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
    room = _Room(_LARGEST_PAGE)
    page = render("notebooks.html", title, notebooks=[_described(result, folder, room) for result in results])
    write_whole(folder / "index.html", page)
    return folder / "index.html"


@dataclass
class _Room:
    """Characters that the page may still hold."""

    left: int

    def take(self, item: _Item) -> _Item:
        """The item, or a note where it no longer fits."""
        size = len(item.text) + len(item.png) + sum(map(len, item.tables))
        if size > self.left:
            return _Item(_LEFT_OUT)
        self.left -= size
        return item


def _described(result: Result, folder: Path, room: _Room) -> dict:
    """What the template says about a notebook."""
    return {
        "title": _line(result.title or result.name),
        "status": result.status,
        "minutes": result.seconds / 60,
        "memory": result.peak_memory / 2**20,
        "cells": result.cells,
        "executed": result.output and _relative(result.output, folder),
        "parameters": {name: _line(repr(value)) for name, value in result.parameters.items()},
        "produced": [_relative(run, folder) for run in result.runs],
        "open": ", ".join(map(_line, result.open)),
        "error": result.error and _shortened(result.error),
        "shown": list(_shown(result.output, room)) if result.output else [],
    }


def _shortened(error: Failure) -> Failure:
    """A failure whose texts end: of a traceback the last part, which says what went wrong."""
    traceback, source = error.traceback, error.source
    if len(traceback) > _LONGEST_TRACEBACK:
        traceback = f"...\n{traceback[-_LONGEST_TRACEBACK:]}"
    if len(source) > _LONGEST_TRACEBACK:
        source = f"{source[:_LONGEST_TRACEBACK]}\n..."
    return replace(error, message=_line(error.message), source=source, traceback=traceback)


def _line(text: str) -> str:
    return text if len(text) <= _LONGEST_LINE else f"{text[:_LONGEST_LINE]}..."


def _relative(target: Path, folder: Path) -> str:
    return Path(os.path.relpath(target.resolve(), folder.resolve())).as_posix()


def _shown(executed: Path, room: _Room) -> Iterator[tuple[str, list[_Item]]]:
    """The figures, tables and printed text of an executed notebook, under its headings."""
    notebook = nbformat.read(executed, as_version=4)
    items = (
        (_line(heading), room.take(item))
        for cell, heading in zip(notebook.cells, headings(notebook.cells), strict=True)
        for item in map(_item, cell.get("outputs", []))
        if item != _Item()
    )
    for heading, group in itertools.groupby(items, itemgetter(0)):
        # Once the page is full, one note under a heading is enough.
        yield heading, [item for item, _ in itertools.groupby(map(itemgetter(1), group))]


def _item(output: nbformat.NotebookNode) -> _Item:
    data = output.get("data", {})
    if "image/png" in data:
        return _picture(data["image/png"], output.get("metadata", {}).get("image/png"))
    if tables := re.findall(r"<table\b.*?</table>", _text(data.get("text/html")), re.S | re.I):
        return _tables(tables)
    is_text = output.output_type == "stream" and output.name == "stdout"
    lines = plain_text(_text(output.text if is_text else data.get("text/plain"))).rstrip().splitlines()
    if len(lines) > _LONGEST_TEXT:
        lines[_LONGEST_TEXT:] = [f"... and {len(lines) - _LONGEST_TEXT} more lines in the executed notebook"]
    return _Item("\n".join(map(_line, lines)))


def _text(content) -> str:
    """An output that should be text: `display(..., raw=True)` puts anything there."""
    return content if isinstance(content, str) else ""


def _picture(content, metadata) -> _Item:
    """A picture that is one, decoded and encoded anew."""
    alt = _line(_text(metadata.get("alt") if isinstance(metadata, dict) else None))
    try:
        png = clean_png(base64.b64decode("".join(_text(content).split()), validate=True))
    except (CourseError, binascii.Error, ValueError):
        return _Item("... a picture that cannot be shown: see the executed notebook")
    return _Item(alt, png=base64.b64encode(png).decode())


def _tables(tables: list[str]) -> _Item:
    if sum(map(len, tables)) > _LARGEST_TABLE:
        return _Item("... a table that is too large to be shown here: see the executed notebook")
    return _Item(tables=[_safe_table(table) for table in tables])


def _safe_table(table: str) -> Markup:
    """The bare table: no scripts, styles, pictures or links, which could reach outside the page."""
    table = re.sub(r"<(script|style)\b.*?</\1\s*>", "", table, flags=re.S | re.I)
    allowed = {"*": ["scope", "colspan", "rowspan"]}
    cleaner = SanitizeHTML(tags=_TABLE_TAGS.split(), attributes=allowed, strip=True)
    return Markup(cleaner.sanitize_html_tags(table))
