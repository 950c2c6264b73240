"""Six students' answers to the small lab, the points that they must get, and a way to run `course grade` on them."""

import copy
import subprocess
import sys
import time

import nbformat

from course_utils.tools.labs.lab.release import student_version
from course_utils.tools.labs.marking.grading import load_results

TRUTH = {"ada": (3, 3, 2), "bob": (0, 0, 0), "cy": (3, 0, 2), "dan": (0, 3, 2), "eve": (0, 0, 0), "fay": (3, 3, 0)}
WRONG = {"cy": ("count", "def count_even(numbers):\n    return 2"), "dan": ("double", "import os\nos._exit(0)")}
WRONG["fay"] = ("ends", "def ends(values):\n    return [min(values), max(values)]")
SLOW = "def ends(values):\n    import time\n    time.sleep(1.5)\n    return min(values), max(values)"


def write_class(folder, lab):
    """Write the released small lab to `labs/` in a folder, and a class of six to `in/`."""
    source = folder / "labs" / "source" / "small" / "small.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(lab.notebook, source)
    (folder / "in").mkdir()
    solved = student_version(lab)
    for cell, original in zip(solved.cells, lab.notebook.cells, strict=True):
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = original.source
    for student in TRUTH:
        notebook = copy.deepcopy(student_version(lab) if student == "bob" else solved)
        for cell in notebook.cells:
            if student in WRONG and cell.metadata.get("nbgrader", {}).get("grade_id") == WRONG[student][0]:
                cell.source = WRONG[student][1]
        nbformat.write(notebook, folder / "in" / f"{student}.ipynb")
    (folder / "in" / "eve.ipynb").write_text("no notebook")


def points(course):
    """The points in every student's result."""
    records = load_results(course / "labs" / "results" / "small")
    return {record["student"]: tuple(mark["points"] for mark in record["marks"][:3]) for record in records}


def write_answer(course, student, grade_id, source):
    """Replace an answer in the notebook of one of the students of `write_class`."""
    path = course / "in" / f"{student}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id:
            cell.source = source
    nbformat.write(notebook, path)


def start(folder, *options):
    """`course grade` in a process group of its own."""
    command = [sys.executable, "-m", "course_utils", "grade", "in", *options]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True, start_new_session=True)


def wait_for(condition, seconds=600):
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)
