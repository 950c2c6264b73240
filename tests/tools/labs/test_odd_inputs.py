"""Odd settings, lists of the class, results, clocks and labs: used as they are meant, or refused by name."""

import csv
import json
import os
import time

import pytest
from classroom import points
from small_lab import SOURCE, small_lab

from course_utils.errors import CourseError
from course_utils.files import one_process
from course_utils.tools import cli
from course_utils.tools.labs.lab.dues import read_rules
from course_utils.tools.labs.submissions.files import find_submissions
from course_utils.tools.labs.submissions.roster import read_roster

LAB = "04_unpooling"


@pytest.mark.parametrize(
    "line",
    ['due = "0001-01-01"', 'due = "9999-12-31"', "grace = 1e300", "per_day = 1e999999", "cap = 1e-999999",
     "weight = 1000001", "due = 23:59:00"],
)  # fmt: skip
def test_settings_that_no_course_has_are_refused_by_name(line, tmp_path):
    (tmp_path / "settings.toml").write_text(f"[{LAB}]\n{line}\n")
    with pytest.raises(CourseError, match=rf"settings.toml: {line.split()[0]} of \[{LAB}\] is"):
        read_rules(tmp_path, LAB)


def test_a_lab_s_number_may_have_a_zero_before_it_or_not(tmp_path):
    (tmp_path / "settings.toml").write_text(f'[{LAB}]\nweight = 3\n[4]\nweight = 2\ndue = "2026-11-20"\n')
    rules = read_rules(tmp_path, LAB)
    assert rules.weight == 3 and rules.due.day == 20
    assert rules.due_with("4:+2", LAB) == rules.due_with("04:+2", LAB) == rules.due_with("+2", LAB) != rules.due
    assert read_rules(tmp_path, "14_other").due is None


@pytest.mark.parametrize(
    "text",
    ["sep=;\nid;name\nada;Ada", "\n\nid,name\nada,Ada", "\ufeff\ufeffid,name\nada,Ada\n", "ID\tName\r\n\tx\r\n",
     "id,name\rada,Ada\r", "id,name\nada,A\0da\n"],
)  # fmt: skip
def test_lists_as_spreadsheets_save_them_are_read(text, tmp_path):
    text = text.replace("\tx", "ada\tAda")
    (tmp_path / "class.csv").write_bytes(text.encode())
    assert [(one.id, one.name) for one in read_roster(tmp_path).people.values()] == [("ada", "Ada")]


def test_letters_are_the_same_however_they_are_encoded(tmp_path):
    (tmp_path / "class.csv").write_bytes("id,also\nzoe\u0301,A\u030angstro\u0308m\n".encode())
    roster = read_roster(tmp_path)
    assert [*roster.people] == ["zo\u00e9"] and roster.find("\u00e5ngstr\u00f6m") == roster.people["zo\u00e9"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("id,name,id\nada,Ada,bob\n", "2 columns 'id'"),
        ("id,name\nada,Lovelace, Ada\n", "line 2 has more columns than the first one"),
        ("id,group\nada,Team A\nbob,team a\n", "line 3: the groups 'Team A' and 'team a' differ in capital letters"),
        ("id,group\nada,A/1\nbob,A 1\n", "line 3: the groups 'A/1' and 'A 1' have the same name for files"),
        ("id,also\nada,bob\nbob,\n", "line 3: 'bob' is a name of 'ada', too"),
        ("id,email\nada,a@x.org\nbob,A@x.org\n", "line 3: 'a@x.org' is a name of 'ada', too"),
        ("id,extension\nada,0001-01-01\n", "line 2: is '0001-01-01"),
    ],
)
def test_lists_that_do_not_say_who_is_who_are_refused(text, complaint, tmp_path):
    (tmp_path / "class.csv").write_text(text)
    with pytest.raises(CourseError) as refused:
        read_roster(tmp_path)
    assert complaint in str(refused.value)


def test_no_file_is_newer_than_now(tmp_path):
    """Or nothing that is handed in later would ever count."""
    for name, when in (("ada", time.time() + 10**7), ("bob", 2**36), ("cy", -(2**33)), ("dan", 10**9)):
        (tmp_path / f"{name}.ipynb").write_text("{}")
        os.utime(tmp_path / f"{name}.ipynb", (when, when))
    times = {one.student: one.time for one in find_submissions(tmp_path)}
    assert abs(times["ada"] - time.time()) < 60 and abs(times["bob"] - time.time()) < 60
    assert times["cy"] is None and times["dan"] == 10**9


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"points": 3', '"points": -3', "the points of 'double_check' are -3"),
        ('"points": 3', '"points": "3"', "the points of 'double_check' are '3'"),
        ('"points": 3', '"points": null', "the points of 'double_check' are None"),
        ('"points": 3', '"points": true', "the points of 'double_check' are True"),
        ('"points": 3', '"points": NaN', "the points of 'double_check' are nan"),
        ('"grade": false, ', "", "'grade' of 'double' is None"),
        ('"solution": true', '"solution": 1', "'solution' of 'double' is 1"),
        ('"grade_id": "double"', '"grade_id": 7', "no grade_id that is a text"),
        ('"grade_id": "double"', '"grade_id": "../x"', "the grade_id '../x' should consist of letters"),
    ],
)
def test_labs_whose_metadata_cannot_be_used_are_refused(old, new, complaint):
    assert old in SOURCE
    with pytest.raises(CourseError) as refused:
        small_lab(SOURCE.replace(old, new, 1))
    assert complaint in str(refused.value)


def test_damaged_results_are_named(course, monkeypatch, capsys):
    monkeypatch.chdir(course)
    results = course / "labs" / "results" / "small"
    results.mkdir(parents=True)
    for text in ('{"student": "ada"', "[1]", '{"student": "ada"}', '{"student": "../ada", "marks": []}'):
        (results / "ada.json").write_text(text)
        for command in (["export", "small"], ["report", "small"], ["class"]):
            assert cli.main(command) == 2
            said = capsys.readouterr().err
            assert "has no lab" in said or ("ada.json" in said and "run course grade again" in said), (text, command)


@pytest.mark.parametrize("new", ["BOB", "group_1"])
def test_a_name_that_is_refused_changes_nothing(new, course, monkeypatch, capsys):
    monkeypatch.chdir(course)
    (course / "labs" / "class.csv").write_text("id,group\nada,\nbob,\ncy,1\n")
    results = course / "labs" / "results" / "small"
    results.mkdir(parents=True)
    (results / "ada.json").write_text(json.dumps({"student": "ada", "marks": []}))
    assert cli.main(["class", "rename", "ada", new]) == 2
    assert [path.name for path in results.iterdir()] == ["ada.json"]


def test_one_command_at_a_time_changes_marks(grade, course, capsys):
    with one_process(course / "labs"):
        status, _, said = grade()
        assert status == 2 and "is at work there; wait until it has ended" in said
        assert cli.main(["class", "remove", "ada"]) == 2 and "wait until" in capsys.readouterr().err
        assert cli.main(["class"]) == 2 and "wait until" not in capsys.readouterr().err, "who only looks need not wait"
    assert not (course / "labs" / "results").exists()


def test_a_class_that_changes_after_marking_has_everybody_once(grade, course, capsys):
    """Groups that are formed late, and files whose authors become known, replace what was marked before."""
    assert grade("--no-sandbox")[0] == 0
    before = points(course)
    roster = course / "labs" / "class.csv"
    roster.write_text("id,group,also\nada,1,\nbob,1,\ncyril,,cy\ndan,,\neve,,\nfay,,\n")

    def everybody():
        assert cli.main(["export", "small"]) == 0
        capsys.readouterr()
        with (course / "labs" / "exports" / "small-csv.csv").open(encoding="utf-8-sig") as file:
            return {row["student"]: row["points"] for row in csv.DictReader(file)}, file.closed

    assert set(everybody()[0]) == {"ada", "bob", "cyril", "dan", "eve", "fay"}, "without marking again, too"
    os.utime(course / "in" / "ada.ipynb", (time.time(),) * 2)
    os.utime(course / "in" / "bob.ipynb", (10**9,) * 2)
    status, out, said = grade("--no-sandbox")
    assert status == 0 and len(out.splitlines()) == 7 and "the marks of ada are in labs/removed" in said
    assert "words to be read; with group_1)" in out and "with cy" not in out
    now, _ = everybody()
    assert now == {"ada": "8", "bob": "8", "cyril": "5", "dan": "5", "eve": "0", "fay": "6"}
    assert set(points(course)) == {"group_1", "cy", "dan", "eve", "fay"}
    assert points(course)["group_1"] == before["ada"]
    assert sorted(path.name for path in (course / "labs" / "removed" / "small").glob("*.json")) == [
        "ada.json", "bob.json"
    ]  # fmt: skip
    (course / "labs" / "results" / ".small.entered").write_text("{")
    assert grade("--no-sandbox")[0] == 0 and everybody()[0] == now, "what was entered is entered again"
