"""`course check`, `course submit`, and what `course grade` makes of the file."""

import json
import shutil

import pytest
from small_lab import small_lab

from course_utils.errors import CourseError
from course_utils.tools.labs.sandbox.bubblewrap import require_sandbox
from course_utils.tools.students.submitting import student_name


def states(student, capsys, *arguments):
    """Exit status, and state and message by grade id."""
    capsys.readouterr()
    status = student.course("check", *arguments, "--json")
    found = json.loads(capsys.readouterr().out)["05_small"]
    return status, {state["grade_id"]: (state["state"], state["message"]) for state in found}


def test_check_tells_passed_failed_and_open(student, right, capsys):
    student.answer(double=right["double"], count="def count_even(numbers):\n    return 7")
    assert student.course("check", "05") == 1
    out = capsys.readouterr().out
    assert "double" in out and "3 of 3" in out and "expected 2" in out
    assert "3 of 8 points by the checks that you see" in out
    status, found = states(student, capsys, "05")
    assert status == 1 and found["double"] == ("passed", "") and found["ends"] == ("open", "")
    assert found["count"][0] == "failed" and "is 7, expected 2" in found["count"][1] and found["words"][0] == "open"


def test_untouched_notebook_is_open_and_runs_nothing(student, capsys, monkeypatch):
    monkeypatch.setattr("course_utils.tools.students.checking._marks", None)
    assert states(student, capsys, "05") == (0, dict.fromkeys(["double", "count", "ends", "words"], ("open", "")))


def test_state_is_kept_and_a_changed_answer_is_seen(student, right, capsys):
    student.answer(**right)
    assert student.course("check", "05") == 0
    capsys.readouterr()
    assert student.course("check") == 0
    assert "8 of 8 points" in (out := capsys.readouterr().out) and "changed since" not in out
    student.answer(ends="def ends(values):\n    return 1")
    student.course("check")
    assert "(changed since)" in capsys.readouterr().out
    (student.workspace.records / "checks.json").write_text('{"05_small": [{"grade_id": 3}]}')
    assert student.course("check") == 2
    assert "Nothing has been checked yet" in capsys.readouterr().err


def test_check_decides_by_the_courses_checks_not_the_students_copy(student, capsys):
    student.answer(double="def double(values):\n    return 0", double_check="assert True")
    status, found = states(student, capsys, "05")
    assert status == 1 and found["double"][0] == "failed"


def test_submit_writes_what_grade_takes(student, right, capsys, tmp_path, monkeypatch):
    """From the workspace to marks: lab, answers, check, submit, grade."""
    try:
        require_sandbox()
    except CourseError as error:
        pytest.skip(str(error))
    student.answer(**(right | {"count": "def count_even(numbers):\n    return 2"}))
    assert student.course("check", "05") == 0  # the visible check of `count` asks once, and 2 is right there
    capsys.readouterr()
    assert student.course("submit", "05", "--student", "Ada Lovelace") == 0
    handed_in = student.workspace.folder / "hand-in" / "05_small" / "Ada_Lovelace.ipynb"
    assert str(handed_in) in capsys.readouterr().out and handed_in.read_bytes() == student.path.read_bytes()
    office = tmp_path / "office"
    kept = office / "labs" / "source" / "05_small" / "05_small.ipynb"
    kept.parent.mkdir(parents=True)
    shutil.copy(student.folder / "notebooks" / "05_small.ipynb", kept)
    shutil.copytree(handed_in.parent, office / "in")
    monkeypatch.chdir(office)
    assert student.course("grade", "in", "--json") == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert result["student"] == "Ada_Lovelace"
    marks = {mark["grade_id"]: mark["points"] for mark in result["marks"]}
    assert marks == {"double": 3, "count": 0, "ends": 2, "words": None}
    text = next(mark["text"] for mark in result["marks"] if mark["grade_id"] == "words")
    assert text == right["words"] and small_lab().points == 10


def test_submit_says_what_is_open_failed_or_not_checked(student, right, capsys):
    student.answer(double=right["double"], count="def count_even(numbers):\n    return 7")
    student.course("check", "05")
    student.answer(ends=right["ends"])
    capsys.readouterr()
    assert student.course("submit", "05", "--output", "out", "--student", "ada") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("ada.ipynb") and len(lines) == 4
    assert "failed its check" in lines[1] and "not checked" in lines[2] and "open" in lines[3]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"cells": 3}', '{"metadata": {"course": {"lab": "../x"}}}', "\xff"]
)
@pytest.mark.parametrize("command", ["check", "submit"])
def test_what_could_not_be_marked_is_refused_with_one_line(command, content, student, capsys):
    student.path.write_text(content, "latin-1")
    capsys.readouterr()
    assert student.course(command, "05") == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "05_small.ipynb" in err and not (student.workspace.folder / "hand-in").exists()


@pytest.mark.parametrize(("arguments", "said"), [
    (("check", "77"), "There is no notebook '77'"),
    (("check", "05", "--workspace", "none"), "course lab"),
    (("check", "--all", "05"), "--all"),
    (("submit", "05", "--student", "///"), "--student"),
    (("lab", "--instructor", "--prepare"), "--instructor"),
])  # fmt: skip
def test_wrong_use_is_one_line(arguments, said, student, capsys):
    capsys.readouterr()
    assert student.course(*arguments) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and said in err


def test_check_takes_the_path_of_a_notebook(student, right, monkeypatch, capsys):
    student.answer(**right)
    monkeypatch.chdir(student.workspace.folder)
    assert student.course("check", "05_small.ipynb") == 0
    assert "8 of 8" in capsys.readouterr().out


def test_on_a_hub_the_file_is_called_after_who_is_logged_in_there(monkeypatch):
    """In a hub's containers everybody has the same name."""
    monkeypatch.setenv("JUPYTERHUB_USER", "ada@example.org")
    assert student_name(None) == "ada@example.org" and student_name("bob") == "bob"
    monkeypatch.delenv("JUPYTERHUB_USER")
    monkeypatch.setenv("LOGNAME", "cy")
    assert student_name(None) == "cy"
