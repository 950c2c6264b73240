"""Hostile submissions get the marks that they deserve, and harm nobody."""

import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import numpy as np
import pytest
from hostile import ANSWERS, HARMLESS, RIGHT, SPOILS_ITS_OWN, WRONG
from hostile_requests import MORE

from course_utils.checks import assert_same
from course_utils.tools.labs.lab.release import student_version

pytestmark = pytest.mark.usefixtures("nothing_left")
FULL = {"double": 3, "count": 3, "ends": 2}


def cell_of(notebook, grade_id):
    """The cell with a grade id."""
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def points(marks):
    """The points of the marked exercises."""
    return {grade_id: mark.points for grade_id, mark in marks.items() if mark.points is not None}


def own_cell(source, **metadata):
    """A code cell that a student adds."""
    return nbformat.v4.new_code_cell(source, metadata=metadata)


@pytest.mark.parametrize("name", ANSWERS)
def test_hostile_answers_bring_nothing_and_cost_nobody_else(name, notebook, mark):
    cell_of(notebook, "double").source = ANSWERS[name]
    marks = mark(notebook)
    assert marks["double"].points == 0
    if name not in SPOILS_ITS_OWN:
        assert points(marks) == FULL | {"double": 0}
    assert 0 < len(marks["double"].message) < 2000
    assert "4711" not in marks["double"].message and "seen" not in marks["double"].message


@pytest.mark.parametrize("name", MORE)
def test_what_is_refused_below_python(name, notebook, mark):
    """Each asks for something that it must not get, and would be right if it got it."""
    cell_of(notebook, "double").source = MORE[name] + RIGHT
    marks = mark(notebook)
    assert points(marks) == FULL | {"double": 0}, name
    assert "There is no function double" in marks["double"].message


@pytest.mark.parametrize("name", HARMLESS)
def test_noise_costs_no_points(name, notebook, mark):
    cell_of(notebook, "double").source = HARMLESS[name]
    marks = mark(notebook)
    assert points(marks) == FULL, marks["double"].message


def test_honest_and_untouched_submissions(notebook, mark, lab):
    marks = mark(notebook)
    assert points(marks) == FULL and marks["words"].points is None and "four" in marks["words"].text
    marks = mark(student_version(lab))
    assert points(marks) == dict.fromkeys([*FULL, "words"], 0)
    assert "still to be written" in marks["double"].message


def test_a_slip_of_the_pen_is_found_by_its_line(notebook, mark):
    cell_of(notebook, "double").source = "def double(values)\n    return 2 * values"
    cell_of(notebook, "count").source = "def count_even(numbers):\n    return len(\n    numbers))"
    marks = mark(notebook)
    assert "SyntaxError: expected ':' (line 1 of the cell)" in marks["double"].message
    assert "(line 3 of the cell)" in marks["count"].message and "<" not in marks["count"].message


@pytest.mark.parametrize("source", ["assert True", "", "assert_same = print", "raise SystemExit"])
def test_edited_check_cells_change_nothing(source, notebook, mark):
    cell_of(notebook, "double_check").source = source
    cell_of(notebook, "count").source = "def count_even(numbers):\n    return 0"
    assert points(mark(notebook)) == FULL | {"count": 0}


def test_deleted_and_copied_check_cells_change_nothing(notebook, mark):
    check = cell_of(notebook, "double_check")
    check.metadata.nbgrader.points = 1000
    notebook.cells += [check, check]
    notebook.cells.remove(cell_of(notebook, "count_check"))
    assert points(mark(notebook)) == FULL


def test_a_deleted_answer_brings_nothing_and_says_so(notebook, mark):
    notebook.cells.remove(cell_of(notebook, "double"))
    marks = mark(notebook)
    assert points(marks) == FULL | {"double": 0}
    assert "no answer" in marks["double"].message and "missing" in marks["double"].notes[0]


@pytest.mark.parametrize(("sources", "expected"), [((RIGHT, WRONG), 0), ((WRONG, RIGHT), 3)])
def test_of_copied_answers_the_last_one_counts(sources, expected, notebook, mark):
    original = cell_of(notebook, "double")
    place = notebook.cells.index(original)
    notebook.cells[place : place + 1] = [own_cell(source, **original.metadata) for source in sources]
    marks = mark(notebook)
    assert points(marks) == FULL | {"double": expected} and "last definition counts" in marks["double"].notes[0]


def test_a_retyped_answer_counts(notebook, mark):
    notebook.cells.remove(cell_of(notebook, "double"))
    notebook.cells.append(own_cell(RIGHT))
    marks = mark(notebook)
    assert points(marks) == FULL and "a cell of yours" in marks["double"].notes[0]


def test_a_moved_answer_counts(notebook, mark):
    answer = cell_of(notebook, "double")
    notebook.cells.remove(answer)
    notebook.cells.append(answer)
    assert points(mark(notebook)) == FULL


def test_an_answer_in_a_text_cell_is_named(notebook, mark):
    cell_of(notebook, "double").cell_type = "markdown"
    marks = mark(notebook)
    assert points(marks) == FULL | {"double": 0} and "not in a code cell" in marks["double"].notes[0]


def test_helpers_in_cells_of_their_own_run_and_their_errors_do_not_matter(notebook, mark):
    notebook.cells.insert(3, own_cell("two = 2\n1 / 0"))
    cell_of(notebook, "double").source = "def double(values):\n    return two * values"
    assert points(mark(notebook)) == FULL


@pytest.mark.parametrize("source", ["import os; os._exit(3)", "while True: pass", "import ctypes; ctypes.string_at(0)"])
def test_a_deadly_cell_of_their_own_costs_nothing_else(source, notebook, mark):
    notebook.cells.insert(3, own_cell(source))
    assert points(mark(notebook)) == FULL


def test_changed_imports_change_nothing_for_the_checks(notebook, mark):
    notebook.cells[2].source = "import math as np\nassert_same = print"
    marks = mark(notebook)
    assert points(marks) == FULL


def test_a_later_cell_does_not_answer_for_an_exercise(notebook, mark):
    """What counts is the function as the answer's own cell left it."""
    cell_of(notebook, "double").source = WRONG
    notebook.cells.append(own_cell(RIGHT))
    assert points(mark(notebook)) == FULL | {"double": 0}


@pytest.mark.parametrize(
    "metadata",
    [
        {"nbgrader": 7},
        {"nbgrader": {"grade_id": ["double"]}},
        {"nbgrader": {"grade_id": "double", "solution": "no", "grade": 1, "points": -5, "checksum": "x"}},
        {"nbgrader": {"grade_id": "words_check", "points": 99, "grade": True}},
        7,
    ],
)
def test_tampered_metadata(metadata, notebook, mark):
    cells = [*notebook.cells, {**own_cell(RIGHT), "metadata": metadata}, 7, {}, {"source": [1, None]}]
    assert points(mark({"cells": cells, "metadata": {"course": {"lab": "other"}}})) == FULL


@pytest.mark.parametrize(
    "data", [b"", b"not JSON", b"[]", b"{}", b'{"cells": 7}', b"[" * 10**6, b"\xff\xfe\x00", b'{"worksheets": []}']
)
def test_what_is_no_notebook_brings_nothing_and_says_so(data, mark):
    marks = mark(data)
    assert set(points(marks).values()) == {0} and len(points(marks)) == len(marks), "nor has a person anything to read"
    assert "not a readable notebook" in marks["double"].message


LOOK = """
import os, sys

def look():
    seen = [os.environ.get("COURSE_SECRET", "")]
    # The course itself may be installed there.
    seen += [name for name in os.listdir("/tmp") if not sys.prefix.startswith(f"/tmp/{name}/")]
    for folder, folders, files in os.walk("/"):
        if folder in ("/proc", "/usr", sys.prefix, sys.base_prefix):
            folders.clear()
        seen += [f"{folder}/{name}" for name in files if name.endswith((".ipynb", ".db")) or "hidden" in name]
    return seen

def double(values):
    raise SystemError(repr(look()))
"""


def test_nothing_of_the_graders_is_in_sight(notebook, mark, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_SECRET", "a password")
    (tmp_path / "gradebook.db").write_text("all marks")
    (tmp_path / "hidden").write_text("all checks")
    cell_of(notebook, "double").source = LOOK
    assert mark(notebook)["double"].message.startswith("double stopped with SystemError: [''] ")


def test_nothing_is_left_for_the_next_student(notebook, mark):
    cell_of(notebook, "double").source = (
        "open('/scratch/left', 'w').write('x'); open('/dev/shm/left', 'w').write('x'); np.left = 1" + RIGHT
    )
    assert points(mark(notebook)) == FULL
    cell_of(notebook, "double").source = (
        "import os\nassert not os.listdir('/scratch') and not os.listdir('/dev/shm') and not hasattr(np, 'left')"
        + RIGHT
    )
    marks = mark(notebook)
    assert points(marks) == FULL, marks["double"].message
    cell_of(notebook, "double").source = "assert False\n" + RIGHT
    assert points(mark(notebook)) == FULL | {"double": 0}


def test_there_is_no_network(notebook, mark):
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cell_of(notebook, "double").source = (
        f"import socket\nsocket.create_connection(('127.0.0.1', {server.server_port}), 3)" + RIGHT
    )
    marks = mark(notebook)
    server.shutdown()
    assert points(marks) == FULL | {"double": 0} and "PermissionError" in marks["double"].message


def test_the_trusted_side_keeps_its_own_state(notebook, mark):
    """What the submissions above have patched is not patched here."""
    assert not np.isclose(1, 2) and not hasattr(np, "left")
    with pytest.raises(AssertionError):
        assert_same(1.0, 2.0)


def test_a_marker_who_is_not_root(needs_sandbox):
    """As an ordinary user: the same isolation, by a user namespace per student."""
    if os.getuid() != 0:
        pytest.skip("the tests above have run as an ordinary user already")
    user = [
        "bwrap",
        "--unshare-user",
        "--uid",
        "1000",
        "--gid",
        "1000",
        "--bind",
        "/",
        "/",
        "--dev-bind",
        "/dev",
        "/dev",
    ]
    some = "neighbour or below_python or every_other or honest or fork or processes or network or sight"
    some += " or next_student or shared or memory"
    walls = str(Path(__file__).with_name("test_walls.py"))
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, walls, "-k", some]
    done = subprocess.run(
        [*user, "--bind", "/proc", "/proc", *tests], capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )
    if "bwrap: " in done.stderr:
        pytest.skip(f"no user namespaces here: {done.stderr}")
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout
