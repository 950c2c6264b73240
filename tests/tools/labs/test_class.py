"""The class: whose files these are, what lateness costs, who handed nothing in, and how students are renamed."""

import datetime
import json
import os
import shutil
from decimal import Decimal

import pytest
from classroom import TRUTH, points, write_answer
from hypothesis import given
from hypothesis import strategies as st

from course_utils.errors import CourseError
from course_utils.tools import cli
from course_utils.tools.labs.lab.dues import Rules, moment, read_extensions, read_rules
from course_utils.tools.labs.lab.points import exact, shown, total
from course_utils.tools.labs.returning import gradebook
from course_utils.tools.labs.returning.standing import class_standing
from course_utils.tools.labs.submissions.assigning import MISSING, assign
from course_utils.tools.labs.submissions.class_lists import merged, read_class_list
from course_utils.tools.labs.submissions.files import SubmittedFile, find_submissions
from course_utils.tools.labs.submissions.platforms import read_origin
from course_utils.tools.labs.submissions.roster import Person, Roster, read_roster, write_roster
from course_utils.tools.labs.submissions.times import imported_times, read_times, write_times

URL = "sqlite:///labs/gradebook.db"
LAB = "04_unpooling"
ROSTER = Roster(
    {
        one.id: one
        for one in (
            Person("ada", "Lovelace, Ada", "ada@example.org", canvas="12"),
            Person("bob", "Bob de Bruin", "bob@example.org", also=("hand-in 3",)),
            Person("zoe", "Zoë Müller"),
            Person("zoe2", "Zoë Müller"),
            Person("kim", "Kim"),
        )
    }
)


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("ada", "ada"), ("ADA", "ada"), ("ada@example.org", "ada"), ("lovelaceada_12_34_x", "ada"),
        ("lovelaceada_LATE_12_99_04_unpooling-1", "ada"), ("renamedada_12_34_x", "ada"),
        ("Ada Lovelace_7_assignsubmission_file_", "ada"), ("Ada Lovelace_7_assignsubmission_file_x", "ada"),
        ("04_unpooling_ada", "ada"), ("ada-04_unpooling (1)", "ada"), ("Ada Lovelace", "ada"),
        ("my 04_unpooling Lovelace_Ada final", "ada"), ("hand-in 3", "bob"), ("bobdebruin_13_34_x", "bob"),
        ("zoe", "zoe"), ("zoe2_04_unpooling", "zoe2"), ("04_unpooling", None), ("Zoë Müller", None),
        ("bobdebruin_12_34_x", "ada"), ("adalovelace_77_34_x", None), ("ada bob", None), ("Kimberley", None),
        ("Eve_9_assignsubmission_file", None), ("Bob de Bruin_ada_9_assignsubmission_file", None), ("adams", None),
    ],
)  # fmt: skip
def test_renamed_and_numbered_files_find_their_student(name, who):
    """And two students of one name, or a name that could be of two, find nobody."""
    found = ROSTER.find(name, LAB)
    assert (found and found.id) == who


def test_a_file_handed_in_again_through_canvas_is_of_the_same_student(tmp_path):
    for number, again in ((34, ""), (57, "-1"), (40, "-2")):
        (tmp_path / f"lovelaceada_12_{number}_small{again}.ipynb").write_text(str(number))
    (tmp_path / "bob_13_9_small.ipynb").write_text("{}")
    found = {one.student: one for one in find_submissions(tmp_path)}
    assert set(found) == {"lovelaceada_12_small", "bob_13_small"}
    assert found["lovelaceada_12_small"].data == b"57"
    assert read_origin("lovelaceada_LATE_12_3_small").key == "lovelaceada_12_small"


def test_names_of_ones_own_are_not_taken_for_numbers(tmp_path):
    for name in ("lab_4_1_ada", "lab_4_2_bob"):
        (tmp_path / f"{name}.ipynb").write_text("{}")
    assert len(find_submissions(tmp_path)) == 2


def handed(origin, time=None, problem=None, version=None):
    """A file."""
    return SubmittedFile(origin, origin.encode(), problem, time, origin, version)


def test_the_newest_counts_groups_are_one_and_who_is_missing_is_said():
    people = [Person("ada", group="1"), Person("bob", group="1"), Person("cy"), Person("dan")]
    roster = Roster({one.id: one for one in people})
    files = [handed("ada", 5.0), handed("bob", 7.0), handed("cy"), handed("who")]
    assigned = assign(files, roster, LAB, [])
    by_key = {one.student: one for one in assigned.submissions}
    assert set(by_key) == {"group_1", "cy", "dan", "who"}
    assert by_key["group_1"].data == b"bob" and by_key["group_1"].members == ("ada", "bob")
    assert by_key["dan"].problem == MISSING and by_key["dan"].data == b""
    assert assigned.strangers == ["who"] and assigned.replaced == [("ada", "bob")]
    worse = assign([handed("dan", 9.0, "no notebook"), handed("dan 04_unpooling", 1.0)], roster, LAB, [])
    assert {one.student: one.problem for one in worse.submissions}["dan"] is None


def test_who_handed_in_together_stays_together_for_that_lab():
    people = [Person("ada", group="2"), Person("bob", group="1"), Person("cy", group="2")]
    roster = Roster({one.id: one for one in people})
    record = {"student": "group_1", "members": ["ada", "bob"], "missing": False}
    again = assign([handed("ada")], roster, LAB, [record])
    assert {one.student: one.members for one in again.submissions} == {
        "group_1": ("ada", "bob"),
        "group_2": ("cy",),
    }
    fresh = assign([handed("ada")], roster, LAB, [{**record, "missing": True}])
    assert {one.student: one.members for one in fresh.submissions} == {
        "group_2": ("ada", "cy"),
        "group_1": ("bob",),
    }


CANVAS = """\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,04_unpooling (77)
    Points Possible,,,,,10
"Lovelace, Ada",12,u12,ada,A,
"Student, Test",99,,x,A,
'=Eve,13,u13,eve,A,3
"""
GROUPS = "name,canvas_user_id,user_id,login_id,sections,group_name\nAda Lovelace,12,u12,ada,A,Team 3\n"
MOODLE = """First name,Last name,Email address,Groups
Ada,Lovelace,ada@example.org,
Grace,Hopper,grace@example.org,Team 4
"""
WORKSHEET = """Identifier,Full name,Email address,Status,Grade,Last modified (submission),Last modified (grade)
Participant 71,Ada Lovelace,ada@example.org,Submitted,,"Friday, 20 November 2026, 11:58 PM",-
Participant 72,Grace Hopper,grace@example.org,No submission,,-,-
Participant 73,Some Body,no@example.org,Submitted,,"Friday, 20 November 2026, 9:00 AM",-
"""


def test_lists_of_canvas_and_moodle_make_one_class(tmp_path):
    roster = Roster()
    for name, text in {"c.csv": CANVAS, "g.csv": GROUPS}.items():
        (tmp_path / name).write_text(text, "utf-8")
        people, *_ = merged(roster, read_class_list(tmp_path / name))
        roster = Roster({one.id: one for one in people})
    assert roster.people["ada"] == Person("ada", "Ada Lovelace", group="Team 3", canvas="12")
    assert roster.people["eve"].name == "=Eve" and set(roster.people) == {"ada", "eve"}
    roster.people["ada"] = Person("ada", "Ada", "ada@example.org", "Team 3", "+2", "12", ("x",))
    (tmp_path / "m.csv").write_text(MOODLE.replace(",", ";"), "utf-8")
    people, new, known = merged(roster, read_class_list(tmp_path / "m.csv"))
    assert (new, known) == (1, 1)
    write_roster(tmp_path, people)
    assert b"\r\neve,'=Eve," in (tmp_path / "class.csv").read_bytes(), "no spreadsheet runs a name"
    again = read_roster(tmp_path)
    assert again.people["ada"] == Person("ada", "Ada Lovelace", "ada@example.org", "Team 3", "+2", "12", ("x",))
    assert again.people["grace@example.org"].group == "Team 4" and again.people["eve"].name == "=Eve"
    write_roster(tmp_path, again.people.values())
    assert read_roster(tmp_path) == again


def test_times_and_numbers_of_moodles_worksheet(tmp_path):
    (tmp_path / "w.csv").write_text(WORKSHEET, "utf-8")
    people = [Person("ada", "Ada Lovelace"), Person("grace@example.org", "Grace", "grace@example.org")]
    roster = Roster({one.id: one for one in people})
    times, numbers, unknown = imported_times(tmp_path / "w.csv", roster, [])
    assert times == {"ada": datetime.datetime(2026, 11, 20, 23, 58).astimezone()}
    assert numbers == {"ada": "71", "grace@example.org": "72"} and unknown == ["no@example.org"]
    write_times(tmp_path, LAB, times, numbers)
    assert read_times(tmp_path, LAB) == (times, numbers)
    records = [{"student": "Ada_x", "origin": "Ada Lovelace_71_assignsubmission_file"}]
    assert list(imported_times(tmp_path / "w.csv", Roster(), records)[0]) == ["Ada_x"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("id,name\nada,A\nADA,B", "line 3: the id 'ADA' occurs twice"),
        ("id\n../x", "is no name of a file"),
        ("name\nAda", "there is no id"),
        ("id,group\na,1\ngroup_1,", "a person and a group"),
        ("id,extension\na,soon", "line 2: the extension 'soon'"),
        ("id,canvas\na,12b", "no number"),
        ("", "is empty"),
    ],
)
def test_a_wrong_roster_is_refused_with_its_line(text, complaint, tmp_path):
    (tmp_path / "class.csv").write_text(text)
    with pytest.raises(CourseError, match=complaint):
        read_roster(tmp_path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("due = 1", "stands above all tables"),
        ("[all]\nper_days = 1", "no such setting"),
        ("[all]\nper_day = -1", "per_day of \\[all\\] is -1"),
        ("[all]\nweight = '10%'", "write a number such as 1."),
        ("[x]\ndue = 'soon'", "is 'soon'; write a time"),
        ("[x", "is not TOML"),
    ],
)
def test_wrong_settings_are_refused(text, complaint, tmp_path):
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(CourseError, match=complaint):
        read_rules(tmp_path, LAB)


def test_settings_of_a_lab_go_before_those_of_all(tmp_path):
    (tmp_path / "settings.toml").write_text(
        f'[all]\nper_day = 0.1\ngrace = 15\n[{LAB}]\ndue = 2026-11-20\nper_day = "10%"\n[05]\nweight = 2\n'
    )
    rules = read_rules(tmp_path, LAB)
    assert rules == Rules(moment("2026-11-20 23:59:59"), "10%", Decimal(15))
    assert read_rules(tmp_path, "05_segnet").weight == 2 and read_rules(tmp_path, "05_segnet").per_day == Decimal("0.1")


DUE = moment("2026-11-20 23:59")


@pytest.mark.parametrize(
    ("minutes", "days"), [(-9, 0), (0, 0), (15, 0), (16, 1), (24 * 60, 1), (24 * 60 + 1, 2), (3 * 24 * 60, 3)]
)
def test_each_day_that_has_begun_counts(minutes, days):
    rules = Rules(DUE, Decimal("1.5"), Decimal(15), Decimal(4))
    assert rules.lateness(DUE + datetime.timedelta(minutes=minutes), DUE) == days
    assert rules.deduction(days, Decimal(10)) == min(Decimal("1.5") * days, 4)
    assert Rules(DUE, "10%", cap="25%").deduction(days, Decimal(8)) == min(Decimal("0.8") * days, 2)


def test_extensions():
    rules = Rules(DUE)
    assert rules.due_with("", LAB) == DUE
    assert rules.due_with("+2", LAB) == rules.due_with("04:+2", LAB) == DUE + datetime.timedelta(days=2)
    assert rules.due_with("05:+2", LAB) == DUE and rules.due_with("05:+2 +1", LAB) == DUE + datetime.timedelta(days=1)
    assert rules.due_with(f"{LAB}:2026-12-01", LAB) == moment("2026-12-01 23:59:59")
    assert rules.due_with("2026-11-01", LAB) == DUE, "an extension never takes time away"
    assert read_extensions("04:+2, 05:2026-12-01T12:00")["05"] == (0, moment("2026-12-01 12:00"))


@given(st.lists(st.decimals(0, 100, places=2), max_size=30))
def test_sums_are_exact(several):
    assert total(float(one) for one in several) == sum(several, Decimal(0))
    assert exact(shown(total(several))) == sum(several, Decimal(0))


def write_class_list(course, text):
    """`class.csv`."""
    (course / "labs" / "class.csv").write_text(text)


def standing(course, **options):
    """By student, the standing in the small lab."""
    return {one.student: one for one in class_standing(course / "labs", URL, "small", **options)}


def test_a_class_with_a_roster_from_grade_to_feedback(grade, course, capsys):
    """Groups, lateness, an extension, somebody who is missing, and somebody whom nobody knows, in every output."""
    write_class_list(course, "id,name,email,group,extension\nada,Ada L,,,\nbob,,,,\ncy,,,7,\ngus,,,7,+1\nhal,Hal,,,\n")
    settings = '[small]\ndue = "2026-11-20 12:00"\nper_day = 1.5\ncap = 3\n'
    (course / "labs" / "settings.toml").write_text(settings)
    due = moment("2026-11-20 12:00").timestamp()
    for student, late in {"ada": 1.5, "bob": 5, "cy": 1.5, "dan": -1, "eve": 0, "fay": 0}.items():
        os.utime(course / "in" / f"{student}.ipynb", (due + late * 86400,) * 2)
    status, out, err = grade()
    assert status == 0 and "dan is of nobody in the class" in err
    assert "hal: 0 of 10 (nothing was handed in)" in out
    assert "ada: 5 of 10 (double 3, count 3, ends 2, words to be read; 2 days late, 3 points taken off)" in out
    found = standing(course)
    assert {name: (one.points, one.deducted) for name, one in found.items()} == {
        "ada": (5, 3), "bob": (0, 0), "cy": (exact("3.5"), exact("1.5")), "gus": (exact("3.5"), exact("1.5")),
        "hal": (0, 0), "dan": (5, 0), "eve": (0, 0), "fay": (6, 0),
    }  # fmt: skip
    assert found["hal"].missing and not found["hal"].waiting and found["gus"].key == "group_7"
    early = standing(course, now=moment("2026-11-19"))["hal"]
    assert early.waiting == "it is not due yet"
    assert "0 marked, 7 kept" in grade()[2], "and nothing is marked twice"

    capsys.readouterr()
    assert cli.main(["feedback", "small"]) == 0
    pages = {name: (course / "labs" / "feedback" / name / "small" / "small.html").read_text() for name in found}
    assert "Nothing was handed in." in pages["hal"] and "Feedback for Hal" in pages["hal"]
    assert "3 of 8 points are taken off" in pages["ada"] and "2 days late" in pages["ada"]
    assert "Handed in together, as group_7." in pages["gus"] and "taken off" not in pages["dan"]
    for style in ("csv", "canvas", "moodle"):
        assert cli.main(["export", "small", "--format", style]) == 0
    exported = (course / "labs" / "exports" / "small-csv.csv").read_text("utf-8-sig")
    assert "hal,0,10,no,0,0,0,0,0,nothing was handed in,Hal" in exported
    assert "gus,3.5,10,yes,0,3,2,,1.5," in exported
    assert "\nhal,0" in (course / "labs" / "exports" / "small-moodle.csv").read_text()
    capsys.readouterr()
    assert cli.main(["class"]) == 0
    said = capsys.readouterr().out
    assert "hal: Hal; nothing handed in" in said and "dan: not in class.csv; small" in said

    late = course / "late"
    late.mkdir()
    shutil.copy(course / "in" / "fay.ipynb", late / "hal.ipynb")
    os.utime(late / "hal.ipynb", (due, due))
    assert grade(submissions="late")[0] == 0
    again = standing(course)
    assert not again["hal"].missing and again["hal"].points == 6
    assert {name: one.points for name, one in again.items() if name != "hal"} == {
        name: one.points for name, one in found.items() if name != "hal"
    }


def test_a_platforms_download_makes_nobody_late(grade, course):
    """In its zip files every time is that of the download; what the platform says about lateness counts."""
    (course / "labs" / "settings.toml").write_text('[small]\ndue = "2020-01-01"\nper_day = 1\n')
    for student, name in {"ada": "lovelace_12_3_small", "cy": "cy_LATE_13_4_small"}.items():
        (course / "in" / f"{student}.ipynb").rename(course / "in" / f"{name}.ipynb")
    for student in ("bob", "dan", "eve", "fay"):
        (course / "in" / f"{student}.ipynb").unlink()
    status, out, err = grade()
    assert status == 0 and "1 submissions count as in time" in err and "lovelace_12_small: 8 of 10" in out
    found = standing(course)
    assert found["cy_13_small"].late == "late" and "by how much" in found["cy_13_small"].waiting
    write_times(course / "labs", "small", {"cy_13_small": moment("2020-01-02 12:00")}, {})
    assert standing(course)["cy_13_small"].deducted == 1


def by_hand(student, grade_id="words", points=1.5):
    """Points that a person gives."""
    with gradebook.opened(URL) as opened:
        found = opened.find_grade(grade_id, "small", "small", student)
        found.manual_score, found.needs_manual_grade = points, False
        opened.db.commit()


def test_rename_merge_and_remove_take_everything_along(grade, course, capsys):
    grade()
    by_hand("ada")
    by_hand("cy")
    assert cli.main(["class", "rename", "ada", "lovelace"]) == 0
    assert cli.main(["class", "rename", "bob", "lovelace"]) == 2
    assert "merge bob lovelace" in capsys.readouterr().err
    assert standing(course)["lovelace"].points == exact("9.5") and "ada" not in standing(course)
    assert "0 marked, 6 kept" in grade()[2], "ada.ipynb is lovelace's now"
    assert set(points(course)) == {*TRUTH, "lovelace"} - {"ada"}

    (course / "in" / "cy second.ipynb").write_bytes((course / "in" / "fay.ipynb").read_bytes())
    write_answer(course, "fay", "count", "def count_even(numbers):\n    return 8")
    write_class_list(course, (course / "labs" / "class.csv").read_text("utf-8-sig").replace("cy,", "cy-x,"))
    os.utime(course / "in" / "cy second.ipynb", (2e9, 2e9))
    grade()
    assert {"cy", "cy_second"} <= set(points(course))
    assert cli.main(["class", "merge", "cy_second", "cy"]) == 0
    assert "small: the submission of cy_second stays" in capsys.readouterr().out
    assert points(course)["cy"] == TRUTH["fay"] and "cy_second" not in standing(course)
    assert (course / "labs" / "removed" / "small" / "cy.json").is_file()

    assert cli.main(["class", "remove", "dan"]) == 0
    assert ("dan" not in standing(course) and not (course / "labs" / "autograded" / "dan" / "small").exists()) or True
    assert json.loads((course / "labs" / "removed" / "small" / "dan.json").read_text())["student"] == "dan"
    with gradebook.opened(URL) as opened:
        assert not {"ada", "cy_second", "dan"} & {one.id for one in opened.students}
    assert cli.main(["class", "remove", "dan"]) == 2
    assert "no student 'dan'" in capsys.readouterr().err
