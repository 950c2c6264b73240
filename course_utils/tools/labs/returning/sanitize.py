"""A copy of a student's notebook that is safe to look at: in Formgrader, with an instructor's rights, or on a page.

What a student wrote may hold scripts, forged ids, gigantic outputs or pictures. The copy is a new notebook: graded
cells get the lab's own metadata and checks, text becomes HTML of a few harmless tags, of outputs only text and PNG
pictures stay, and everything has a limit.
"""

import base64
import contextlib
import re
import struct

import nbformat
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat import NotebookNode

from course_utils.tools.labs.lab.assignment import HIDDEN, Assignment, Exercise, without_region
from course_utils.tools.labs.marking.submission import RawCell, Submission, squeezed

MAX_SOURCE = 20_000
"""Characters of a cell."""
MAX_OUTPUT = 4_000
"""Characters of one output: of more, the beginning and the end."""
MAX_TEXT, MAX_PICTURES, MAX_CELLS = 10**6, 8 * 2**20, 500
"""Characters, bytes of pictures and cells of a notebook; answers are always shown."""
_MAX_PIXELS = 25 * 10**6

_TAGS = "a b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i kbd li ol p pre strong sub summary"
_TAGS += " sup table tbody td th thead tr ul"
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def rendered(markdown: str) -> str:
    """HTML of a Markdown text, one line of harmless tags: no scripts, styles, pictures, classes or ids."""
    text = cut(markdown, MAX_SOURCE)
    try:
        html = cleaned(MarkdownWithMath(renderer=_Renderer(escape=False, exclude_anchor_links=True)).render(text))
    except (RecursionError, ValueError, IndexError, KeyError, TypeError, AttributeError):
        # Nested beyond all reason.
        html = f"<pre>{_escaped(text)}</pre>"
    # A line of HTML that begins with <div> stays as it is when somebody takes it for Markdown once more.
    return "<div>" + html.strip().replace("\n", "&#10;") + "</div>"


class _Renderer(IPythonRenderer):
    """Names pictures instead of fetching them from wherever they are; code without colours, which need classes."""

    def image(self, text, url, title=None):
        return f"[picture: {_escaped(text)}]"

    def block_code(self, code, info=None):
        return f"<pre><code>{_escaped(code)}</code></pre>"


def cleaned(html: str) -> str:
    """HTML with a few harmless tags; what else looks like a tag becomes text."""
    return SanitizeHTML(tags=_TAGS.split(), attributes={"a": ["href", "title"]}, styles=[]).sanitize_html_tags(html)


def cut(text: str, most: int) -> str:
    """Text of at most about so many characters, its middle left out, without characters that no page can show."""
    if len(text) > most:
        tail = most // 4
        left_out = f"\n[... {len(text) - most:,} characters left out ...]\n"
        text = text[: most - tail] + left_out + text[-tail:]
    return _CONTROL.sub("", text)


class SafeCopy:
    """Makes the safe copy of one submission.

    Args:
        lab: that it answers.
        submission: read with that lab.
    """

    def __init__(self, lab: Assignment, submission: Submission):
        self._lab, self._submission = lab, submission
        self._text, self._pictures, self._left_out = MAX_TEXT, MAX_PICTURES, 0
        self._unchanged = {squeezed(cell.source) for cell in lab.notebook.cells if cell.cell_type == "markdown"}
        self._checks = {f"{exercise.grade_id}_check": exercise for exercise in lab.marked}

    def notebook(self) -> NotebookNode:
        """The copy: the student's cells in their order, then the graded cells that are missing."""
        exercises = {place: grade_id for grade_id, place in self._submission.answers.items()}
        by_id = {exercise.grade_id: exercise for exercise in self._lab.exercises}
        cells, shown = [], set()
        if self._submission.problem:
            cells.append(nbformat.v4.new_markdown_cell(f"<div>{_escaped(self._submission.problem)}</div>"))
        for place, raw in enumerate(self._submission.raw):
            if place in exercises:
                cells.append(self._answer(by_id[exercises[place]], raw))
                shown.add(exercises[place])
            elif raw.grade_id in self._checks:
                if raw.grade_id not in shown:
                    cells.append(self._check(self._checks[raw.grade_id], raw.outputs))
                    shown.add(raw.grade_id)
            elif len(cells) < MAX_CELLS and min(len(raw.source), MAX_SOURCE) <= self._text:
                cells.append(self._other(raw))
            else:
                self._left_out += 1
        for exercise in self._lab.exercises:
            if exercise.grade_id not in shown:
                cells.append(self._answer(exercise, None))
            if not exercise.written and f"{exercise.grade_id}_check" not in shown:
                cells.append(self._check(exercise, []))
        if self._left_out:
            cells.append(nbformat.v4.new_markdown_cell(f"<div>{self._left_out} more cells are not shown here.</div>"))
        for number, cell in enumerate(cells):
            cell.id = f"cell-{number}"
        return nbformat.v4.new_notebook(cells=cells, metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"}, "course": {"lab": self._lab.name},
        })  # fmt: skip

    def _answer(self, exercise: Exercise, raw: RawCell | None) -> NotebookNode:
        record = {"grade": exercise.written, "solution": True, "locked": False}
        if exercise.written:
            text = rendered(raw.source) if raw else "<div>There is no answer.</div>"
            return nbformat.v4.new_markdown_cell(text, metadata=_metadata(exercise.grade_id, exercise.points, record))
        cell = self._code(raw) if raw else nbformat.v4.new_code_cell("# There is no answer.")
        cell.metadata = _metadata(exercise.grade_id, None, record)
        return cell

    def _check(self, exercise: Exercise, outputs: list) -> NotebookNode:
        """What students see of the lab's own check, whatever they made of it."""
        cell = nbformat.v4.new_code_cell(without_region(exercise.check, HIDDEN), outputs=self._outputs(outputs))
        record = {"grade": True, "solution": False, "locked": True}
        cell.metadata = _metadata(f"{exercise.grade_id}_check", exercise.points, record)
        return cell

    def _other(self, raw: RawCell) -> NotebookNode:
        if raw.kind == "markdown" and squeezed(raw.source) in self._unchanged:
            return nbformat.v4.new_markdown_cell(raw.source)
        self._text -= min(len(raw.source), MAX_SOURCE)
        if raw.kind == "code":
            return self._code(raw)
        return nbformat.v4.new_markdown_cell(rendered(raw.source))

    def _code(self, raw: RawCell) -> NotebookNode:
        return nbformat.v4.new_code_cell(cut(raw.source, MAX_SOURCE), outputs=self._outputs(raw.outputs))

    def _outputs(self, outputs: list) -> list[NotebookNode]:
        kept = []
        for output in outputs[:20]:
            if not isinstance(output, dict):
                continue
            data = output.get("data") if isinstance(output.get("data"), dict) else {}
            text, picture = "", _png(data.get("image/png"))
            if output.get("output_type") == "stream":
                text = _joined(output.get("text"))
            elif output.get("output_type") == "error":
                text = f"{_joined(output.get('ename'))}: {_joined(output.get('evalue'))}"
            elif not picture:
                text = _joined(data.get("text/plain"))
            text = cut(text, MAX_OUTPUT)
            if picture and len(picture) <= self._pictures:
                self._pictures -= len(picture)
                encoded = {"image/png": base64.b64encode(picture).decode()}
                kept.append(nbformat.v4.new_output("display_data", data=encoded))
            elif text.strip() and len(text) <= self._text:
                self._text -= len(text)
                kept.append(nbformat.v4.new_output("stream", name="stdout", text=text))
        return kept


def _metadata(grade_id: str, points: float | None, record: dict) -> NotebookNode:
    """As nbgrader describes a cell."""
    record = {"schema_version": 3, "grade_id": grade_id, "task": False, **record}
    return nbformat.from_dict({"nbgrader": record if points is None else {**record, "points": points}})


def _png(text) -> bytes | None:
    """The bytes of a picture that a browser can be asked to draw."""
    with contextlib.suppress(ValueError, TypeError, struct.error):
        data = base64.b64decode(_joined(text))
        width, height = struct.unpack(">II", data[16:24])
        if data.startswith(b"\x89PNG\r\n\x1a\n") and 0 < width * height <= _MAX_PIXELS:
            return data
    return None


def _joined(text) -> str:
    """Text, or a list of lines, as notebooks hold it; of anything else nothing."""
    if isinstance(text, list):
        text = "".join(line for line in text if isinstance(line, str))
    return text if isinstance(text, str) else ""


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
