"""A class of six who answer the small lab, and the points that they must get."""

import copy

import nbformat

from course_utils.labs import grading
from course_utils.labs.release import student_version

TRUTH = {"ada": (3, 3, 2), "bob": (0, 0, 0), "cy": (3, 0, 2), "dan": (0, 3, 2), "eve": (0, 0, 0), "fay": (3, 3, 0)}
WRONG = {"cy": ("count", "def count_even(numbers):\n    return 2"), "dan": ("double", "import os\nos._exit(0)")}
WRONG["fay"] = ("ends", "def ends(values):\n    return [min(values), max(values)]")


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
    """Points of every student, as written."""
    records = grading.load(course / "labs" / "results" / "small")
    return {record["student"]: tuple(mark["points"] for mark in record["marks"][:3]) for record in records}
