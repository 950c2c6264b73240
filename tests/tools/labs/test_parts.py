"""Points per part of a check: exact shares, a reason for each, in marks, feedback and release."""

import json
import shutil

import nbformat
import pytest
from small_lab import SOURCE, small_lab

from course_utils.errors import CourseError
from course_utils.tools import cli
from course_utils.tools.labs.lab.parts import fault, split
from course_utils.tools.labs.lab.release import student_version
from course_utils.tools.labs.lab.source import read_lab
from course_utils.tools.labs.marking.marker import Marker
from course_utils.tools.labs.marking.marks import Mark, PartMark, settle
from course_utils.tools.labs.marking.trial import problems
from course_utils.tools.labs.returning import gradebook
from course_utils.tools.labs.submissions.submission import read_submission

PARTS = SOURCE.replace(
    'assert_same(count_even([1, 2, 4]), 2, name="the even ones of 1, 2 and 4")\n### BEGIN HIDDEN TESTS\n',
    """given = [1, 2, 4]
### PART 1.3 points: short lists
assert_same(count_even(given), 2, name="the even ones of 1, 2 and 4")
### BEGIN HIDDEN TESTS
assert_same(count_even(given + [6]), 3, name="the even ones of four")
### PART 0.7 points: no numbers at all
assert_same(count_even([]), 0, name="the even ones of none")
### PART 1 point: long lists
""",
)
LAB = small_lab(PARTS)
ANSWERS = {
    "right": ("return sum(n % 2 == 0 for n in numbers)", 3, ""),
    "two": ("return 2", 0, "the even ones of four is wrong: it is 2, expected 3."),
    "some": ("return max(1, sum(n % 2 == 0 for n in numbers))", 2.3,
             "Correct for short lists and long lists, not for no numbers at all: the even ones of none is wrong: "
             "it is 1, expected 0."),
    "stops": ("import os\n    return sum(n % 2 == 0 for n in numbers) if numbers else os._exit(1)", 2.3,
              "Correct for short lists and long lists, not for no numbers at all: count_even ended its process"),
    "short": ("return sum(n % 2 == 0 for n in numbers) if len(numbers) < 5 else 'many'", 2,
              "Correct for short lists and no numbers at all, not for long lists: the even ones of"),
}  # fmt: skip


def answered(body):
    """A submission with this body of `count_even`."""
    notebook = student_version(LAB)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "count":
            cell.source = f"def count_even(numbers):\n    {body}"
    return notebook


@pytest.mark.parametrize("name", ANSWERS)
def test_each_part_brings_its_share_and_says_why_not(name, sandbox):
    body, points, message = ANSWERS[name]
    submission = read_submission(nbformat.writes(answered(body)).encode(), LAB)
    [exercise] = [one for one in LAB.exercises if one.grade_id == "count"]
    [mark] = Marker(LAB, submission, sandbox).mark([exercise])
    assert mark.points == points and mark.message.startswith(message) and bool(message) == bool(mark.message)
    assert mark.hidden == (name != "right") and len(mark.parts) == 3
    for line in mark.lines:
        assert "count_even" in exercise.check.splitlines()[line - 1]


def test_shares_are_summed_exactly():
    mark = Mark("x", 1)
    settle(mark, [PartMark(str(k), 0.1, 0.1) for k in range(3)] + [PartMark("last", 0.7, 0, "wrong")])
    assert mark.points == 0.3 != 0.1 + 0.1 + 0.1
    settle(mark, [PartMark("a", 0.3, 0.3), PartMark("b", 0.7, 0.7)])
    assert mark.points == 1


def test_lines_stay_those_of_the_cell_and_what_stands_above_is_in_every_part():
    check = next(one.check for one in LAB.exercises if one.grade_id == "count")
    before, parts = split(check, 3)
    assert before == "given = [1, 2, 4]" and [part.name for part in parts][1] == "no numbers at all"
    for part in parts:
        for number, line in enumerate(part.source.splitlines()):
            assert line in ("", check.splitlines()[number])


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("0.7 points", "0.6 points", "its parts add up to 2.9 points, not 3"),
        ("0.7 points", "O.7 points", "line 6 is not '### PART 1 point"),
        ("long lists", "short lists", "the same name"),
        ("0.7 points", "0 points", "a part brings no points"),
    ],
)
def test_parts_that_do_not_add_up_are_not_released(old, new, complaint, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nbformat.write(
        small_lab(PARTS.replace(f"PART {old}", f"PART {new}").replace(f": {old}", f": {new}")).notebook, "s.ipynb"
    )
    assert cli.main(["release", "s.ipynb"]) == 2
    assert complaint in capsys.readouterr().err and not (tmp_path / "labs").exists()
    with pytest.raises(CourseError, match=complaint):
        read_lab(tmp_path / "s.ipynb")


def test_a_check_without_parts_has_no_fault():
    assert all(fault(one.check, one.points) is None for one in small_lab().marked)


def test_a_lab_with_parts_is_sound_and_students_see_the_visible_ones(sandbox):
    assert problems(LAB, sandbox) == []
    shown = nbformat.writes(student_version(LAB))
    assert "PART 1.3 points: short lists" in shown and "no numbers" not in shown and "long lists" not in shown


def test_feedback_says_what_each_part_brought(tmp_path, empty_gradebook, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("source/small", "results/small"):
        (tmp_path / "labs" / folder).mkdir(parents=True)
    nbformat.write(LAB.notebook, tmp_path / "labs" / "source" / "small" / "small.ipynb")
    shutil.copy(empty_gradebook, tmp_path / "labs" / "gradebook.db")
    marks = [Mark(one.grade_id, one.points, None if one.written else one.points) for one in LAB.exercises]
    parts = [PartMark("short lists", 1.3, 1.3), PartMark("none", 0.7, 0, "it is 1", True), PartMark("long", 1, 1)]
    settle(marks[1], parts)
    record = {"student": "ada", "marks": [mark.as_record() for mark in marks]}
    (tmp_path / "labs" / "results" / "small" / "ada.json").write_text(json.dumps(record))
    gradebook.enter("sqlite:///labs/gradebook.db", LAB, [record], {"ada"})
    assert cli.main(["feedback", "small"]) == 0 and cli.main(["export", "small"]) == 0
    page = (tmp_path / "labs" / "feedback" / "ada" / "small" / "small.html").read_text("utf-8")
    assert "✓ short lists: 1.3 of 1.3" in page and "✗ none: 0 of 0.7. it is 1" in page and "2.3 of 3" in page
    assert "ada,7.3,10,yes,2.3,3,2," in (tmp_path / "labs" / "exports" / "small-csv.csv").read_text("utf-8-sig")
