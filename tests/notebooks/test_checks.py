"""Each thing that a notebook must have is missed when it is not there; each thing it must not show is found."""

import sys
from pathlib import Path

import nbformat
import pytest

from course_utils.tools.notebooks.checks import output_problems, structure_problems
from course_utils.tools.notebooks.convert import read_source


@pytest.fixture
def notebook(course_folder):
    notebook = read_source(course_folder / "source" / "01_small.py")
    notebook.cells[3].outputs = [nbformat.v4.new_output("stream", text="45\n")]
    return notebook


def test_a_good_notebook_has_no_problems(notebook):
    assert structure_problems(notebook) == [] and output_problems(notebook) == []


@pytest.mark.parametrize(
    ("cell", "old", "new", "problem"),
    [
        (0, "# A small", "A small", "title"),
        (0, "about 1 minute", "about 11 minutes", "'1 minutes'"),
        (0, "L1", "L10", "claims L1"),
        (1, "fast = False", "fast = True", "fast = False"),
        (1, "seed = 0", "", "seed = 0"),
    ],
)
def test_what_is_missing_is_named(notebook, cell, old, new, problem):
    notebook.cells[cell].source = notebook.cells[cell].source.replace(old, new)
    (found,) = structure_problems(notebook)
    assert problem in found


@pytest.mark.parametrize(("key", "value"), [("minutes", 0), ("minutes", "1"), ("claims", []), ("claims", "L1")])
def test_a_wrong_record_is_named(notebook, key, value):
    for record in ({key: value}, {}):
        notebook.metadata.course = {"minutes": 1, "claims": ["L1"]} | record
        if not record:
            del notebook.metadata.course[key]
        (found,) = structure_problems(notebook)
        assert f"no '{key}'" in found


@pytest.mark.parametrize(("cell", "tag"), [(1, "parameters"), (3, "nbval-check-output")])
def test_missing_tags_are_named(notebook, cell, tag):
    notebook.cells[cell].metadata["tags"] = []
    assert any(tag in problem for problem in structure_problems(notebook))


def output(kind="display_data", metadata=None, **data):
    """An output with data by the first part of its type: `text`, `html` or `image`."""
    mimes = {"text": "text/plain", "html": "text/html", "image": "image/png"}
    return nbformat.v4.new_output(kind, {mimes[key]: value for key, value in data.items()}, metadata=metadata or {})


WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "m"}}


@pytest.mark.parametrize(
    ("shown", "problem"),
    [
        (nbformat.v4.new_output("stream", name="stderr", text="x.py:1: UserWarning: no"), "standard error"),
        (nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[]), "fails: ValueError"),
        (nbformat.v4.new_output("stream", text="1/8 - 3s 12ms/step - loss: 1\n"), "timing"),
        (nbformat.v4.new_output("stream", text="50%| 5/10 [00:02<00:02,  2.31it/s]\n"), "timing"),
        (nbformat.v4.new_output("stream", text="WARNING:tensorflow:5 out of the last 5 calls\n"), "warning"),
        (output(text="<Axes at 0x7f1234567890>"), "memory address"),
        (output(html=f"<p>{Path.home() / 'x'}</p>"), "path of this machine"),
        (output(text=f"'{sys.prefix}/lib'"), "path of this machine"),
        (output(text="/home/" + "someone/course"), "path of this machine"),
        (output(text="C:" + "\\Users\\someone"), "path of this machine"),
        (output(image="AAAA"), "alternative text"),
        (output(image="AAAA", metadata={"image/png": {"alt": ""}}), "alternative text"),
        (nbformat.v4.new_output("display_data", WIDGET), "widget"),
    ],
)
def test_what_must_not_be_shown_is_found(notebook, shown, problem):
    notebook.cells[3].outputs.append(shown)
    found = output_problems(notebook)
    assert found and all("cell 4" in line for line in found)
    assert any(problem in line for line in found)


def test_what_may_be_shown_is_not_found(notebook):
    notebook.cells[3].outputs += [
        output(image="/home" + "/AAAA", metadata={"image/png": {"alt": "A line"}}),
        output(text="leftImg8bit/train/hamburg/x.png, 3.5 s a step, and/or the data set's root/leaf"),
    ]
    assert output_problems(notebook) == []


def test_an_error_that_is_meant_may_be_shown(notebook):
    notebook.cells[3].outputs.append(nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[]))
    notebook.cells[3].metadata["tags"].append("raises-exception")
    assert output_problems(notebook) == []


def test_a_graded_cell_that_fails_is_found_whatever_its_tag(notebook):
    notebook.cells[3].outputs.append(nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[]))
    notebook.cells[3].metadata["tags"].append("raises-exception")
    notebook.cells[3].metadata["nbgrader"] = {"grade": True, "grade_id": "sum_check", "solution": False}
    assert any("ValueError" in problem for problem in output_problems(notebook))


def test_a_compared_cell_without_output_is_found(notebook):
    notebook.cells[3].outputs = []
    assert any("no output" in problem for problem in output_problems(notebook))


def test_stored_widget_state_is_found(notebook):
    notebook.metadata["widgets"] = {}
    assert any("state of widgets" in problem for problem in output_problems(notebook))
