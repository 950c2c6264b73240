"""Executed notebooks become one HTML page: what passed, how long it took, what went wrong, and every figure and table.

The page is one file that refers to nothing outside itself but the executed notebooks beside it.
"""

import os
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote

import nbformat
from nbconvert.preprocessors.sanitize import SanitizeHTML

from course_utils.tools.notebooks.execute import Result, plain_text
from course_utils.tools.notebooks.worker import headings

_STYLE = """
:root { color-scheme: light dark; --line: light-dark(#c8ccd0, #4a4f55); --soft: light-dark(#f4f6f8, #24282c);
  --good: light-dark(#116329, #6fdd8b); --bad: light-dark(#a40e26, #ff9a9a); }
body { font: 1rem/1.55 system-ui, sans-serif; max-width: 68rem; margin: 0 auto; padding: 1.5rem 1rem 4rem;
  background: light-dark(#fff, #16191c); color: light-dark(#1b1f23, #e6e9ec); }
a { color: light-dark(#0550ae, #8cc2ff); }
h1, h2, h3 { line-height: 1.25; } h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .8rem .3rem 0; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { background: var(--soft); padding: .8rem; overflow-x: auto; font-size: .875rem; }
figure { margin: 1rem 0; } figure img { max-width: 100%; background: #fff; }
figcaption { font-size: .9rem; } .passed { color: var(--good); } .failed { color: var(--bad); font-weight: bold; }
"""
_LONGEST_TEXT = 60  # lines of printed output shown; the rest is in the executed notebook


def write_report(results: list[Result], folder: Path) -> Path:
    """Write `index.html` for the results into the folder, and return its path."""
    green = sum(result.status == "passed" for result in results)
    rows = "".join(_row(number, result, folder) for number, result in enumerate(results, 1))
    sections = "".join(_section(number, result, folder) for number, result in enumerate(results, 1))
    columns = "".join(
        f'<th scope="col">{name}</th>' for name in ("Notebook", "Status", "Minutes", "Peak memory", "Cells", "Executed")
    )
    page = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Notebooks: {green} of {len(results)} passed</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>Notebooks: {green} of {len(results)} passed</h1>
<table>
<thead><tr>{columns}</tr></thead>
<tbody>
{rows}</tbody>
</table>
{sections}</main>
</body>
</html>
"""
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "index.html"
    index.write_text(page, "utf-8")
    return index


def _row(number: int, result: Result, folder: Path) -> str:
    return (
        f'<tr><th scope="row"><a href="#notebook-{number}">{escape(result.title or result.name)}</a></th>'
        f"<td>{_status(result)}</td>"
        f'<td class="number">{result.seconds / 60:.1f}</td>'
        f'<td class="number">{result.peak_memory / 2**20:,.0f} MiB</td>'
        f'<td class="number">{result.cells}</td>'
        f"<td>{_link(result.output, folder) if result.output else ''}</td></tr>\n"
    )


def _section(number: int, result: Result, folder: Path) -> str:
    parts = [f'<h2 id="notebook-{number}">{escape(result.title or result.name)}</h2>', f"<p>{_status(result)}"]
    if result.parameters:
        given = ", ".join(f"<code>{escape(f'{name} = {value!r}')}</code>" for name, value in result.parameters.items())
        parts.append(f" with {given}")
    parts.append("</p>\n")
    if result.runs:
        runs = "".join(f"<li>{_link(run, folder)}</li>" for run in result.runs)
        parts.append(f"<p>It produced:</p><ul>{runs}</ul>\n")
    if error := result.error:
        parts.append(f'<h3>What went wrong</h3><p class="failed">{escape(str(error))}</p>\n')
        parts += [f"<pre><code>{escape(text)}</code></pre>\n" for text in (error.source, error.traceback) if text]
    if result.output:
        parts += _gallery(result.output)
    return "".join(parts)


def _gallery(executed: Path) -> Iterator[str]:
    """The figures, tables and printed text of an executed notebook, under its headings."""
    notebook = nbformat.read(executed, as_version=4)
    shown = None
    for cell, heading in zip(notebook.cells, headings(notebook.cells), strict=True):
        for item in filter(None, map(_item, cell.get("outputs", []))):
            if heading != shown:
                yield f"<h3>{escape(heading)}</h3>\n"
                shown = heading
            yield item


def _item(output: nbformat.NotebookNode) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        alt = escape(output.metadata.get("image/png", {}).get("alt", ""), quote=True)
        source = "data:image/png;base64," + "".join(data["image/png"].split())
        return f'<figure><img src="{source}" alt="{alt}"><figcaption>{alt}</figcaption></figure>\n'
    if tables := re.findall(r"<table\b.*?</table>", data.get("text/html", ""), re.S | re.I):
        return "".join(map(_safe_table, tables))
    is_text = output.output_type == "stream" and output.name == "stdout"
    lines = plain_text(output.text if is_text else data.get("text/plain", "")).rstrip().splitlines()
    if len(lines) > _LONGEST_TEXT:
        lines[_LONGEST_TEXT:] = [f"... and {len(lines) - _LONGEST_TEXT} lines more in the executed notebook"]
    return f"<pre>{escape(chr(10).join(lines))}</pre>\n" if lines else ""


def _safe_table(table: str) -> str:
    """The bare table: no scripts, styles, pictures or links, which could reach outside the page."""
    table = re.sub(r"<(script|style)\b.*?</\1\s*>", "", table, flags=re.S | re.I)
    tags = [
        "table",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "th",
        "td",
        "caption",
        "b",
        "strong",
        "em",
        "i",
        "code",
        "sub",
        "sup",
    ]
    cleaner = SanitizeHTML(tags=tags, attributes={"*": ["scope", "colspan", "rowspan"]}, strip=True)
    return cleaner.sanitize_html_tags(table) + "\n"


def _status(result: Result) -> str:
    return f'<span class="{"passed" if result.status == "passed" else "failed"}">{escape(result.status)}</span>'


def _link(target: Path, folder: Path) -> str:
    relative = Path(os.path.relpath(target.resolve(), folder.resolve())).as_posix()
    return f'<a href="{quote(relative)}">{escape(relative)}</a>'
