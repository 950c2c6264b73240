"""Marks reach the gradebook and leave it as tables; points given by people are kept."""

import json
import shutil

import nbformat
import pytest
from small_lab import small_lab

from course_utils.errors import CourseError
from course_utils.tools import cli
from course_utils.tools.labs.marking.grading import load_results
from course_utils.tools.labs.returning import gradebook

LAB = small_lab()


def record(student, *points, digest="a" * 64):
    """A student's result."""
    marks = [
        {
            "grade_id": exercise.grade_id,
            "points": got,
            "of": exercise.points,
            "message": "",
            "notes": [],
            "digest": digest,
        }
        for exercise, got in zip(LAB.exercises, [*points, None], strict=True)
    ]
    return {"student": student, "marks": marks}


@pytest.fixture
def url(tmp_path, empty_gradebook):
    """A gradebook of two students, ada marked by a person, too."""
    url = f"sqlite:///{tmp_path / 'labs' / 'gradebook.db'}"
    (tmp_path / "labs").mkdir()
    shutil.copy(empty_gradebook, tmp_path / "labs" / "gradebook.db")
    gradebook.enter(url, LAB, [record("ada", 3, 3, 2), record("bob", 0, 3, 0)], {"ada", "bob"})
    with gradebook.opened(url) as opened:
        grade = opened.find_grade("words", "small", "small", "ada")
        grade.manual_score, grade.needs_manual_grade = 1.5, False
        opened.db.commit()
    return url


def rows(url):
    """By student, the points and whether a person has still to mark something."""
    return {row["student"]: (row["points"], row["waiting"]) for row in gradebook.student_rows(url, "small")}


def test_marks_and_what_waits_for_a_person(url):
    assert rows(url) == {"ada": (9.5, False), "bob": (3, True)}
    assert gradebook.student_rows(url, "small")[1]["exercises"] == {"count": 3, "double": 0, "ends": 0, "words": 0}


def test_what_a_killed_run_was_writing_is_no_result(tmp_path):
    (tmp_path / "ada.json").write_text(json.dumps(record("ada", 3, 3, 2)))
    (tmp_path / ".bob.1234.partial.json").write_text('{"student": "bo')
    assert [one["student"] for one in load_results(tmp_path)] == ["ada"]


def test_entering_twice_changes_nothing(url):
    gradebook.enter(url, LAB, [record("ada", 3, 3, 2), record("bob", 0, 3, 0)], {"ada", "bob"})
    assert rows(url) == {"ada": (9.5, False), "bob": (3, True)}


def test_a_new_answer_asks_the_person_again_and_keeps_the_old_mark(url):
    gradebook.enter(url, LAB, [record("ada", 0, 3, 2, digest="b" * 64)], {"ada"})
    assert rows(url)["ada"] == (6.5, True)


def test_students_who_are_missing_are_entered(url):
    gradebook.enter(url, LAB, [record("cy", 3, 0, 0), record("ada", 0, 0, 0)], set())
    assert rows(url) == {"ada": (9.5, False), "bob": (3, True), "cy": (3, True)}


@pytest.mark.parametrize(
    ("style", "header", "ada", "said"),
    [
        (
            "csv",
            "student,points,of,waiting,count,double,ends,words,taken off,note,name,email,group",
            "ada,9.5,10,no,3,3,2,1.5,0,,,,",
            "2 of 3 students have an answer",
        ),
        ("canvas", "Student,ID,SIS User ID,SIS Login ID,Section,small", "ada,,,ada,,9.5", "by a person: =1+1, bob\n"),
        ("moodle", "username,small", "ada,9.5", "by a person: =1+1, bob\n"),
    ],
)
def test_exports(style, header, ada, said, url, tmp_path, monkeypatch, capsys):
    gradebook.enter(url, LAB, [record("=1+1", 3, 0, 0)], {"=1+1"})
    monkeypatch.chdir(tmp_path)
    assert cli.main(["export", "small", "--format", style]) == 0
    assert said in capsys.readouterr().err
    lines = (tmp_path / "labs" / "exports" / f"small-{style}.csv").read_text("utf-8-sig").splitlines()
    assert lines[0] == header and ada in lines
    assert ("bob,3,10,yes,3,0,0,,0,,,," in lines) if style == "csv" else not any("bob" in line for line in lines)


def test_unknown_labs_and_databases_are_told_in_a_line(url, capsys):
    assert cli.main(["export", "other", "--gradebook", url]) == 2
    assert "has no lab 'other'" in capsys.readouterr().err
    assert cli.main(["export", "small", "--gradebook", "sqlite:////nowhere/at/all.db"]) == 2
    assert "no gradebook /nowhere/at/all.db: mark a lab first" in capsys.readouterr().err


def test_commands_that_read_make_no_gradebook(tmp_path, monkeypatch, capsys):
    (tmp_path / "labs").mkdir()
    monkeypatch.chdir(tmp_path)
    for arguments in (["export", "small"], ["export", "--all"]):
        assert cli.main(arguments) == 2
        assert "There is no gradebook" in capsys.readouterr().err
    assert not [*(tmp_path / "labs").iterdir()]


@pytest.mark.parametrize("url", ["sqlite:////proc/nowhere/book.db", "sqlite:///small.py"])
def test_a_gradebook_that_cannot_be_used_is_refused_before_marking(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.py").write_text("no database")
    with pytest.raises(CourseError):
        gradebook.check(url)


def test_grading_fills_the_gradebook(needs_sandbox, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labs" / "source" / "small").mkdir(parents=True)
    (tmp_path / "in").mkdir()
    for path in ("labs/source/small/small.ipynb", "in/ada.ipynb"):
        nbformat.write(LAB.notebook, tmp_path / path)
    assert cli.main(["grade", "in", "--lab", "small", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["results"][0]["student"] == "ada"
    assert rows("sqlite:///labs/gradebook.db") == {"ada": (8, True)}


def test_an_address_that_cannot_be_read_is_not_that_of_another_gradebook(tmp_path):
    assert gradebook.address(tmp_path) == f"sqlite:///{tmp_path / 'gradebook.db'}"
    (tmp_path / gradebook.ADDRESS).mkdir()
    with pytest.raises(CourseError, match=r"gradebook\.url: cannot be read \(Is a directory\).*; write it again"):
        gradebook.address(tmp_path)
