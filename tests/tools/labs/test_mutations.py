"""The answers of the notebooks' own tests, marked in the real sandbox.

Right ones get all points, wrong ones none, and those that are partly right the points of the parts that they pass.

Answers to all exercises of a lab go into one submission, the first of each, then the second, and so on.
"""

import inspect
import json
from collections import defaultdict
from importlib import import_module
from itertools import zip_longest

import nbformat
import pytest

from course_utils.machine import checkout
from course_utils.tools.labs.lab.release import student_version
from course_utils.tools.labs.lab.source import find_lab, read_lab
from course_utils.tools.labs.marking.marker import Marker
from course_utils.tools.labs.sandbox.bubblewrap import Sandbox
from course_utils.tools.labs.sandbox.limits import Limits
from course_utils.tools.labs.submissions.submission import read_submission

ANSWERS = sorted((checkout() / "tests" / "notebooks").glob("answers_*.py"))
LABS = [path.stem.removeprefix("answers_") for path in ANSWERS]


@pytest.fixture(scope="module")
def big_sandbox(needs_sandbox):
    """A sandbox with the libraries of all labs."""
    modules = [module for lab in LABS for module in read_lab(find_lab(lab)).imported]
    with Sandbox(modules, Limits()) as running:
        yield running


def rounds(answers):
    """Answers by exercise become submissions: lists of (grade id, place in the list of answers)."""
    by_exercise = defaultdict(list)
    for place, (grade_id, *_) in enumerate(answers):
        by_exercise[grade_id].append((grade_id, place))
    return [[answer for answer in row if answer] for row in zip_longest(*by_exercise.values())]


@pytest.mark.parametrize("kind", ["RIGHT", "PARTLY", "WRONG"])
@pytest.mark.parametrize("number", LABS)
def test_the_grader_tells_right_from_wrong(number, kind, big_sandbox, monkeypatch):
    monkeypatch.syspath_prepend(str(ANSWERS[0].parent))
    answers = import_module(f"answers_{number}")
    text = json.dumps(inspect.getsource(answers))
    lab = read_lab(find_lab(number))
    given, tried = {}, getattr(answers, kind, [])
    for chosen in rounds(tried):
        notebook = student_version(lab)
        for cell in notebook.cells:
            for grade_id, place in chosen:
                if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id:
                    [name] = [exercise.names[-1] for exercise in lab.marked if exercise.grade_id == grade_id]
                    cell.source = f"given = {{}}\nexec({text}, given)\n{name} = given[{kind!r}][{place}][1]"
        exercises = [exercise for exercise in lab.marked if exercise.grade_id in dict(chosen)]
        submission = read_submission(nbformat.writes(notebook).encode(), lab)
        for exercise, mark in zip(exercises, Marker(lab, submission, big_sandbox).mark(exercises), strict=True):
            place = dict(chosen)[exercise.grade_id]
            given[exercise.grade_id, place] = mark
            expected = {"RIGHT": exercise.points, "WRONG": 0}.get(kind, tried[place][-1])
            assert mark.points == expected, (dict(chosen), mark)
            assert mark.message.startswith({"RIGHT": "", "PARTLY": "Correct for "}.get(kind, ""))
            assert bool(mark.message) == (kind != "RIGHT")
    assert len(given) == len(tried)
