"""Copies of notebooks are complete, bounded, and safe in Formgrader, which does not clean the notebooks it shows."""

import base64
import io
import json

import nbformat
import pytest
from hostile_text import CALL, EVIL, TAMPERED, Page
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers
from PIL import Image

from course_utils.tools.labs.submissions.safe_copy import MAX_CELLS, MAX_TEXT, SafeCopy
from course_utils.tools.labs.submissions.sanitize import cut, rendered
from course_utils.tools.labs.submissions.submission import read_submission


@pytest.fixture
def copied(lab):
    """A function that gives the safe copy of a notebook (a dictionary, or bytes)."""

    def copy(notebook):
        data = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
        made = SafeCopy(lab, read_submission(data, lab)).notebook()
        nbformat.validate(made)
        return made

    return copy


def cell(notebook, grade_id):
    """The only cell with a grade id."""
    [found] = [one for one in notebook.cells if one.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
    return found


def formgrader(notebook):
    """The page that Formgrader makes of a notebook."""
    exporter = HTMLExporter(template_name="formgrade", extra_template_basedirs=[handlers.template_path])
    known = dict.fromkeys(("assignment_id", "notebook_id", "submission_id", "student", "last_name", "first_name"), "x")
    resources = {**known, "index": 0, "total": 1, "base_url": "", "notebook_path": "x"}
    return Page(exporter.from_notebook_node(notebook, resources=resources)[0])


def hostile(notebook):
    """The notebook with scripts wherever a student can write."""
    text = nbformat.v4.new_markdown_cell(EVIL)
    text.id = f'x"><script>{CALL}</script>'
    raw = nbformat.v4.new_raw_cell(EVIL, metadata={"format": "text/html"})
    code = nbformat.v4.new_code_cell(f"# {EVIL}")
    code.outputs = TAMPERED
    notebook.cells[2:2] = [text, raw, code]
    cell(notebook, "words").update(source=EVIL, attachments={"x.png": {"image/svg+xml": EVIL}})
    cell(notebook, "double").update(source=f"# {EVIL}", outputs=TAMPERED)
    cell(notebook, "double_check").update(source=EVIL, outputs=TAMPERED)
    notebook.metadata = {"title": EVIL, "language_info": {"name": EVIL}, "kernelspec": {"name": EVIL}}
    return notebook


def test_every_graded_cell_is_there_as_the_lab_describes_it(notebook, copied, lab):
    cell(notebook, "ends").metadata.nbgrader.points = 99
    cell(notebook, "count_check").source = "assert True"
    notebook.cells.remove(cell(notebook, "double"))
    made = copied(notebook)
    for exercise in lab.exercises:
        record = cell(made, exercise.grade_id).metadata.nbgrader
        assert record.solution and record.grade == exercise.written
        if not exercise.written:
            assert cell(made, f"{exercise.grade_id}_check").metadata.nbgrader.points == exercise.points
    assert "no answer" in cell(made, "double").source and "count_even([1, 2, 4])" in cell(made, "count_check").source
    assert "points" not in cell(made, "ends").metadata.nbgrader
    assert "HIDDEN" not in nbformat.writes(made) and "4711" not in nbformat.writes(made)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"cells": []}', b"[" * 9999], ids=["nothing", "no-cells", "empty", "deep"]
)
def test_what_cannot_be_read_still_has_its_graded_cells(data, copied, lab):
    made = copied(data)
    assert all("no answer" in cell(made, exercise.grade_id).source for exercise in lab.exercises)


def test_of_copied_answers_the_one_that_counts_is_the_answer(notebook, copied):
    first = cell(notebook, "double")
    second = nbformat.from_dict({**first, "source": "def double(values):\n    return 'the last'"})
    notebook.cells.append(second)
    made = copied(notebook)
    assert "the last" in cell(made, "double").source
    assert any(one.source == first.source and "nbgrader" not in one.metadata for one in made.cells)


def test_formgrader_runs_nothing_of_a_students(notebook, copied):
    honest = formgrader(copied(notebook)).dangers()
    page = formgrader(copied(hostile(notebook)))
    assert page.dangers() == honest
    assert CALL in page.text, "what was written can be read"
    assert sum(attributes.get("id") == "words" for _, attributes in page.tags) == 1


def test_formgrader_would_run_it_without_the_copy(notebook):
    """The test above can fail."""
    honest = formgrader(notebook).dangers()
    cell(notebook, "words").source = EVIL
    assert len(formgrader(notebook).dangers()) > len(honest)


def test_text_stays_readable(copied, notebook):
    cell(
        notebook, "words"
    ).source = "**Bold** and `code`, 1 < 2\n\n```python\na = 1\n\nb = 2\n```\n\n- x\n\n| a |\n|---|\n| b |"
    html = cell(copied(notebook), "words").source
    for part in (
        "<strong>Bold</strong>",
        "<code>code</code>",
        "1 &lt; 2",
        "<li>x</li>",
        "<td>b</td>",
        "a = 1&#10;&#10;b",
    ):
        assert part in html
    assert "\n" not in html and rendered(html).count("<strong>Bold</strong>") == 1


def test_pictures_that_are_pictures_stay(notebook, copied):
    drawn = io.BytesIO()
    Image.new("RGB", (3, 2)).save(drawn, "PNG")
    good = base64.b64encode(drawn.getvalue()).decode()
    huge = base64.b64encode(drawn.getvalue()[:16] + (10**5).to_bytes(4) * 2 + drawn.getvalue()[24:]).decode()
    pictures = [{"output_type": "display_data", "data": {"image/png": text}} for text in (good, huge, "AAAA", 7)]
    cell(notebook, "double").outputs = pictures
    assert [output.data for output in cell(copied(notebook), "double").outputs] == [{"image/png": good}]


def test_everything_has_a_limit(notebook, copied):
    long = "a line of text\n" * 10**4
    cell(notebook, "words").source = long
    cell(notebook, "double").update(source=f"# {long}", outputs=[{"output_type": "stream", "text": long}] * 100)
    notebook.cells[2:2] = [nbformat.v4.new_code_cell(text) for text in [long] * 60 + ["x = 1"] * 900]
    made = copied(notebook)
    assert len(nbformat.writes(made)) < 4 * MAX_TEXT and len(made.cells) < MAX_CELLS + 20
    assert "characters left out" in cell(made, "words").source and "more cells are not shown" in made.cells[-1].source


@pytest.mark.parametrize(
    "text", [">" * 10**5, "[" * 10**5, "<div>" * 1000, "*a " * 10**4, "- " * 10**4, "\0\x1b[2J\ud800"]
)
def test_texts_that_parsers_choke_on(text):
    assert not Page(rendered(text)).dangers() and rendered(text).encode()


def test_cutting_keeps_both_ends():
    assert cut("short", 100) == "short"
    text = cut("a" * 500 + "b" * 500, 100)
    assert text.startswith("aaa") and text.endswith("bbb") and "900 characters left out" in text and len(text) < 200
