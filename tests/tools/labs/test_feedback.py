"""Each student's page says what happened and why, reveals nothing, and runs nothing."""

import copy
import json
import shutil
import sys

import nbformat
import pytest
from hostile_text import CALL, EVIL, TAMPERED, Page
from small_lab import SOURCE, small_lab

from course_utils.tools import cli
from course_utils.tools.labs.lab.release import student_version
from course_utils.tools.labs.marking.marks import Mark
from course_utils.tools.labs.returning import gradebook
from course_utils.tools.labs.submissions.safe_copy import SafeCopy
from course_utils.tools.labs.submissions.submission import read_submission

LAB = small_lab(
    SOURCE.replace(
        "# %% [markdown] nbgr", "# %% [markdown]\n# ## Words (2 points)\n# Why four?\n\n# %% [markdown] nbgr"
    )
)


def solved():
    """A notebook with right answers."""
    notebook = student_version(LAB)
    for cell, original in zip(notebook.cells, LAB.notebook.cells, strict=True):
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = original.source
    return notebook


@pytest.fixture
def hand_out(tmp_path, empty_gradebook, monkeypatch, capsys):
    """A function that writes the page of a student with some marks and a notebook, and reads it."""
    monkeypatch.chdir(tmp_path)
    for folder in ("source/small", "results/small"):
        (tmp_path / "labs" / folder).mkdir(parents=True)
    nbformat.write(LAB.notebook, tmp_path / "labs" / "source" / "small" / "small.ipynb")
    shutil.copy(empty_gradebook, tmp_path / "labs" / "gradebook.db")

    def run(notebook=None, student="ada", by_hand=None, comment=None, **changes):
        marks = [Mark(one.grade_id, one.points, None if one.written else one.points) for one in LAB.exercises]
        for mark in marks:
            for name, value in changes.get(mark.grade_id, {}).items():
                setattr(mark, name, value)
        record = {"student": student, "marks": [mark.as_record() for mark in marks]}
        (tmp_path / "labs" / "results" / "small" / f"{student}.json").write_text(json.dumps(record))
        made = SafeCopy(LAB, read_submission(json.dumps(notebook or solved()).encode(), LAB)).notebook()
        path = tmp_path / "labs" / "autograded" / student / "small" / "small.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(made, path)
        gradebook.enter("sqlite:///labs/gradebook.db", LAB, [record], {student})
        with gradebook.opened("sqlite:///labs/gradebook.db") as opened:
            for grade_id, points in (by_hand or {}).items():
                grade = opened.find_grade(grade_id, "small", "small", student)
                grade.manual_score, grade.needs_manual_grade = points, False
            opened.find_comment("words", "small", "small", student).manual_comment = comment
            opened.db.commit()
        assert cli.main(["feedback", "small"]) == 0
        told = capsys.readouterr().err
        return Page((tmp_path / "labs" / "feedback" / student / "small" / "small.html").read_text("utf-8")), told

    return run


def test_points_answers_and_questions(hand_out):
    page, told = hand_out()
    assert "8 of 10 points so far; 1 answer is still to be read" in page.text
    assert "1 of 1 students have an answer that nobody has marked" in told.replace("\n", " ")
    for part in (
        "Feedback for ada",
        "Words",
        "Why four?",
        "two and two are four",
        "✓ right",
        "not read yet",
        "return 2 * values",
    ):
        assert part in page.text
    assert page.text.count("✓ right") == 3


def test_what_a_person_has_given(hand_out):
    page, told = hand_out(by_hand={"words": 1.5, "count_check": 1}, comment=f"**Good**, but why? {EVIL}")
    assert "7.5 of 10 points" in page.text and "so far" not in page.text and "marked yet" not in told
    assert "Good, but why?" in page.text and ("strong", {}) in page.tags
    assert "given by hand" in page.text and "◐ in part" in page.text
    assert not page.dangers()


def test_what_failed_and_why(hand_out):
    page, _ = hand_out(
        double={"points": 0, "message": "the double of 2 x 3 numbers is wrong", "hidden": True},
        count={"points": 0, "message": "return a number", "notes": ["2 cells are answers; the last one counts."]},
        ends={"points": 0, "message": "ends stopped with ValueError"},
    )
    for part in (
        "The double of 2 x 3 numbers is wrong",
        "a hidden check failed",
        "Return a number",
        "ends stopped with",
        "the last one counts",
    ):
        assert part in page.text or part[0].upper() + part[1:] in page.text
    assert "Ends stopped" not in page.text, "a function keeps its name"
    assert page.text.count("✗ not right yet") == 3 and "0 of 10 points" in page.text
    assert page.text.lower().count("a hidden check failed") == 1


def test_no_hidden_check_no_solution_and_no_folder_of_the_graders(hand_out, tmp_path):
    page, _ = hand_out(
        student_version(LAB), double={"points": 0, "message": f"stopped with {sys.prefix}/lib {tmp_path}/x"}
    )
    for secret in ("4711", "HIDDEN", "BEGIN SOLUTION", "two and two", sys.prefix, str(tmp_path)):
        assert secret not in page.text
    assert "stopped with .../lib .../x" in page.text.lower() and 'name="the double of 1 and 2"' in page.text


def test_hostile_notebooks_run_nothing_and_fit_on_a_page(hand_out):
    notebook = solved()
    for cell in notebook.cells:
        cell.source += f"\n# {EVIL}" if cell.cell_type == "code" else EVIL
        if cell.cell_type == "code":
            cell.outputs = [*TAMPERED, {"output_type": "stream", "text": "x" * 10**5}]
    message = {"points": 0, "message": EVIL + "y" * 1000, "notes": [EVIL]}
    page, _ = hand_out(notebook, double=message, count=message)
    assert not page.dangers() and CALL in page.text
    assert len(page.text) < 10**6 and "characters left out" in page.text
    known = "html head meta title style body main h1 h2 h3 p b span table thead tbody tr th td a section header div"
    assert {tag for tag, _ in page.tags} <= {*known.split(), "details", "summary", "pre", "code", "em", "strong"}
    [policy] = [
        attributes["content"]
        for tag, attributes in page.tags
        if "content-security" in attributes.get("http-equiv", "").lower()
    ]
    assert policy.startswith("default-src 'none'") and "script-src" not in policy


def test_another_file_in_the_place_of_the_copy_runs_nothing_either(hand_out, tmp_path, capsys):
    hand_out()
    notebook = copy.deepcopy(solved())
    notebook.cells[-1].source = EVIL
    notebook.cells[2].outputs = [nbformat.v4.new_output("display_data", {"image/png": f'"><script>{CALL}'})]
    nbformat.write(notebook, tmp_path / "labs" / "autograded" / "ada" / "small" / "small.ipynb")
    assert cli.main(["feedback", "small", "--student", "ada"]) == 0
    path = tmp_path / "labs" / "feedback" / "ada" / "small" / "small.html"
    assert not Page(path.read_text("utf-8")).dangers()
    (tmp_path / "labs" / "autograded" / "ada" / "small" / "small.ipynb").unlink()
    assert cli.main(["feedback", "small"]) == 0
    assert "cannot be shown" in path.read_text("utf-8")
    assert [one.name for one in path.parent.iterdir()] == ["small.html"], "nothing half-written is left"


def test_a_page_shows_nobody_else(hand_out):
    notebook = solved()
    notebook.cells.append(nbformat.v4.new_code_cell("a_secret_of_bob = 1"))
    hand_out(notebook, student="bob", comment="for bob's eyes", by_hand={"words": 2})
    page, _ = hand_out()
    assert "bob" not in page.text


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(["nothing"], "no notebook 'nothing'"), (["small", "--student", "zoe"], "no student 'zoe'")],
    ids=["lab", "student"],
)
def test_wrong_use_in_a_line(arguments, complaint, hand_out, capsys):
    hand_out()
    assert cli.main(["feedback", *arguments]) == 2
    assert complaint in capsys.readouterr().err
