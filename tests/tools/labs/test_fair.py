"""What runs in JupyterLab counts in marking: IPython's ways, split cells, imports anywhere, the lesson's variables."""

import nbformat
import pytest
from hostile import RIGHT, WRONG
from small_lab import SOURCE, small_lab
from test_hostile import FULL, cell_of, own_cell, points

from course_utils.tools.labs.lab.release import student_version
from course_utils.tools.labs.marking.marker import Marker
from course_utils.tools.labs.submissions.submission import read_submission

USES = "\ndef double(values):\n    return {} * values\n"

ANSWERS = {
    "a cell magic": "%%time" + RIGHT,
    "a captured cell": "%%capture out\n" + RIGHT,
    "a line magic": "%time two = 2" + USES.format("two"),
    "a magic that is unknown here": "%load_ext nothing_of_the_kind\n%nonsense" + RIGHT,
    "a program": "!pip list\nfiles = !ls\n%pip list" + RIGHT,
    "a figure": "%matplotlib inline" + RIGHT,
    "help": "print?\nnp.sum??" + RIGHT,
    "a display": "def double(values):\n    display(values, 'text')\n    return 2 * values",
    "a wait": "import asyncio\nawait asyncio.sleep(0.01)\ntwo = 2" + USES.format("two"),
    "a result on the last line": "2" + USES.format("2") + "double(np.ones(2))",
    "a lesson's variable": USES.format("table[2]"),
    "a lesson's function": "def double(values):\n    return helper(values)",
    "a lambda behind the function": "twice = lambda x: 2 * x\ndef double(values):\n    return twice(values)",
    "single precision": "def double(values):\n    return (2 * values).astype(np.float32)",
    "a list": "def double(values):\n    return (2 * values).tolist()",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_runs_in_jupyterlab_counts(name, notebook, mark):
    cell_of(notebook, "double").source = ANSWERS[name]
    marks = mark(notebook)
    assert points(marks) == FULL, marks["double"].message


@pytest.mark.parametrize(
    "halves",
    [
        ("two = 2", "def double(values):\n    return two * values"),
        (RIGHT, "double(np.ones(2))"),
        ("def twice(x):\n    return 2 * x", "def double(values):\n    return twice(values)"),
    ],
)
def test_a_split_cell_is_run_in_both_halves(halves, notebook, mark):
    """JupyterLab's "Split Cell" gives both the same metadata."""
    answer = cell_of(notebook, "double")
    place = notebook.cells.index(answer)
    notebook.cells[place : place + 1] = [own_cell(source, **answer.metadata) for source in halves]
    assert points(mark(notebook)) == FULL


@pytest.mark.parametrize("grade_id", ["double_check", "count_check"])
def test_an_import_in_a_check_cell_is_there(grade_id, notebook, mark):
    """For what comes later in the student's notebook, and at any time when a function is called."""
    check = cell_of(notebook, grade_id)
    check.source = "import math\nthree = 3\n" + check.source
    cell_of(notebook, "double").source = USES.format("math.sqrt(4)") + "\ndef unused():\n    return three"
    assert points(mark(notebook)) == FULL


def test_an_import_among_the_lab_s_imports_is_there(notebook, mark):
    notebook.cells[2].source += "\nimport math"
    cell_of(notebook, "double").source = USES.format("math.sqrt(4)")
    assert points(mark(notebook)) == FULL


def test_a_merged_answer_counts(notebook, mark):
    """Merged with the cell after it, as "Merge Cells" does."""
    cell_of(notebook, "double").source = RIGHT + cell_of(notebook, "count").source
    notebook.cells.remove(cell_of(notebook, "count"))
    assert points(mark(notebook))["double"] == 3


def test_a_lesson_s_variable_that_cannot_be_had_is_named(notebook, mark):
    """The message says what to do, in words that fit JupyterLab."""
    cell_of(notebook, "double").source = "del table\n" + USES.format("table[2]")
    message = mark(notebook)["double"].message
    assert "name 'table' is not defined" in message and "define it in your cell" in message


@pytest.fixture
def mark_beside(lab, sandbox):
    """A function that marks an answer to `double` in a lab whose lesson is another."""

    def mark_answer(lesson: str, answer: str) -> float:
        taught = small_lab(SOURCE.replace("table = np.arange(4)", lesson))
        notebook = student_version(taught)
        cell_of(notebook, "double").source = answer
        submission = read_submission(nbformat.writes(notebook).encode(), taught)
        return Marker(taught, submission, sandbox).mark(taught.exercises[:1])[0].points

    return mark_answer


def test_a_list_is_as_long_as_in_the_lesson(mark_beside):
    assert mark_beside("steps = []\nsteps.append(2)", USES.format("steps[0]")) == 3


@pytest.mark.parametrize("imported", ["import os", "import os.path", "import json as os"])
def test_what_a_lesson_calls_of_a_module_is_not_run(imported, mark_beside):
    """Or whoever uses NumPy would wait for all cells of the lesson that call something of NumPy."""
    lesson = f"{imported}\nlength = 3\nos.fspath(str(length))"
    assert mark_beside(lesson, USES.format("(2 if os and 'length' not in globals() else 0)")) == 3


def test_the_wrong_version_in_front_does_not_help(notebook, mark):
    cell_of(notebook, "double").source = "%%time\n" + WRONG
    assert points(mark(notebook)) == FULL | {"double": 0}
