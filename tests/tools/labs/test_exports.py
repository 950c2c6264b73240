"""Exported points reach the right students on Canvas and Moodle, and nobody else: see `platforms` for their rules."""

import csv
import zipfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from platforms import Aborted, CanvasGradebook, MoodleAssignment, MoodleGradebook

from course_utils.tools.labs.lab.points import exact
from course_utils.tools.labs.returning.exports import write_csv
from course_utils.tools.labs.returning.standing import Standing
from course_utils.tools.labs.submissions.files import find_submissions
from course_utils.tools.labs.submissions.platforms import read_origin
from course_utils.tools.labs.submissions.roster import Person

LAB = "04_unpooling"
PEOPLE = ["Lovelace, Ada", "Ørsted, Bjørn 2", "O'Brien, Cy_3_x", "王 小明", "-ada-", "=1+1"]

# What `course grade` makes of file names, and whatever another way into the gradebook may bring.
NAMES = st.one_of(
    st.text("abÅ王019_.@+-", min_size=1, max_size=8),
    st.text(st.characters(codec="utf-8", exclude_characters="\\"), min_size=1, max_size=8),
)
POINTS = st.floats(0, 20)


def row(student, points=0.0, waiting=False, of=10, origin=None):
    """Somebody's standing in a lab of one exercise that checks mark and one that a person does."""
    exercises = {"double": exact(points), "words": exact(0)}
    known = read_origin(origin or student)
    return Standing(
        Person(student), student, exact(points), of=exact(of), waiting="an answer waits" if waiting else "",
        exercises=exercises, unread={"words"} if waiting else set(), origin=known,
        participant=known.number if known.platform == "moodle" else "",
    )  # fmt: skip


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """Where the file goes."""
    return tmp_path_factory.mktemp("exports") / "file.csv"


CLASSES = st.lists(st.builds(row, NAMES, POINTS, st.booleans()), max_size=6, unique_by=lambda one: one.student)
ODD = [row("ada", 9.5), row("0", 3), row("1.2.3", 4), row("007", 5), row("-1", 6), row("anon_a_12_04_x", 7)]


@settings(deadline=None)
@given(CLASSES)
@example(ODD)
def test_canvas_gives_each_student_the_points_and_changes_no_other(place, rows):
    left = write_csv(rows, LAB, "canvas", place)
    logins = {number: ("", one.student) for number, one in enumerate(rows, 1000)}
    before = dict.fromkeys(logins, 1.25)
    canvas = CanvasGradebook(logins, LAB, before)
    canvas.take(place.read_bytes())
    final = {number: float(one.points) for number, one in enumerate(rows, 1000) if one.student not in left}
    assert canvas.grades == before | {number: pytest.approx(points, abs=1e-5) for number, points in final.items()}
    assert not canvas.asked
    assert {one.student for one in rows if one.waiting} <= set(left)


@settings(deadline=None)
@given(CLASSES, st.booleans())
@example(ODD, True)
def test_moodle_gives_each_student_the_points_and_changes_no_other(place, rows, new):
    left = write_csv(rows, LAB, "moodle", place)
    before = {one.student: 1.25 for one in rows}
    moodle = MoodleGradebook(before, before)
    moodle.take(place.read_bytes(), new)
    final = {one.student: float(one.points) for one in rows if one.student not in left}
    assert moodle.grades == before | {name: pytest.approx(points, abs=1e-5) for name, points in final.items()}
    assert {one.student for one in rows if one.waiting} <= set(left)


@pytest.mark.parametrize("style", ["canvas", "moodle"])
@pytest.mark.parametrize("login", ["ada", "Ada.Lovelace", "ada@example.org", "a+b@example.org", "007", "björn_2", "王"])
def test_no_usual_name_is_left_out(style, login, place):
    assert not write_csv([row(login, 9.5)], LAB, style, place)


def packed(paths, folder):
    """A platform's zip file of these notebooks, as `course grade` names the students."""
    with zipfile.ZipFile(folder / "submissions.zip", "w") as archive:
        for path in paths:
            archive.writestr(path, "{}")
    return {one.origin: one.student for one in find_submissions(folder / "submissions.zip")}


def test_canvas_knows_those_whose_files_it_has_named(place, tmp_path):
    files = {
        number: CanvasGradebook.file_name(name, number, number % 2, 10 * number, f"{LAB}-1.ipynb")
        for number, name in enumerate(PEOPLE, 1234)
    }
    students = packed(files.values(), tmp_path)
    points = {file.removesuffix(".ipynb"): number - 1230.5 for number, file in files.items()}
    rows = [row(student, points[origin], origin=origin) for origin, student in students.items()]
    assert not write_csv(rows, LAB, "canvas", place)
    canvas = CanvasGradebook({number: (name, "login") for number, name in enumerate(PEOPLE, 1234)}, LAB)
    canvas.take(place.read_bytes())
    assert canvas.grades == {number: number - 1230.5 for number in files} and not canvas.asked


@pytest.mark.parametrize("folders", [True, False], ids=["folders", "files"])
def test_moodles_assignment_knows_those_whose_files_it_has_named(folders, place, tmp_path):
    files = [
        MoodleAssignment.path(name, n, f"{LAB}.ipynb", folders) for n, name in enumerate([*PEOPLE, "Participant"], 1)
    ]
    students = packed(files, tmp_path)
    assert len(students) == len(PEOPLE) + 1

    def number(student):
        return int(student.split("_assignsubmission_file")[0].rpartition("_")[2])

    rows = [row(student, number(student) + 0.5, origin=origin) for origin, student in students.items()]
    left = write_csv([*rows, row("late", 3)], LAB, "moodle", place)
    assert list(left) == ["late"]
    moodle = MoodleAssignment(range(1, 20), 10, {2: 8.0})
    moodle.take(place.read_bytes())
    assert moodle.grades == {2: 8.0} | {n: n + 0.5 for n in range(1, len(students) + 1) if n != 2}
    moodle.take(place.read_bytes(), overwrite=True)
    assert moodle.grades[2] == 2.5


def test_two_submissions_of_one_person_are_for_the_instructor_to_choose(place):
    again = [row("lovelaceada_12_34_x", 3), row("lovelaceada_LATE_12_56_x", 9), row("bob_13_57_x", 4)]
    assert list(write_csv(again, LAB, "canvas", place)) == ["lovelaceada_12_34_x", "lovelaceada_LATE_12_56_x"]
    canvas = CanvasGradebook({12: ("", ""), 13: ("", "")}, LAB)
    canvas.take(place.read_bytes())
    assert canvas.grades == {13: 4}


def test_a_new_assignment_of_canvas_has_the_labs_points(place):
    write_csv([row("ada", 9.5, of=12)], LAB, "canvas", place)
    canvas = CanvasGradebook({1: ("", "ada")}, None)
    canvas.take(place.read_bytes())
    assert canvas.created == {LAB: "12"}


def test_the_model_platforms_have_the_traps_that_the_files_avoid():
    """Else the tests above could not fail."""
    head = b"Student,ID,SIS User ID,SIS Login ID,Section,04_unpooling\r\n"
    canvas = CanvasGradebook({1: ("", "ada"), 2: ("", "1.2.3")}, LAB, {1: 8.0})
    canvas.take(head + b"ada,,,ada,,\r\n1.2.3,,,1.2.3,,4\r\n")
    assert canvas.grades == {1: None} and canvas.asked == ["12.3"]
    moodle = MoodleGradebook({"ada", "0"}, {})
    moodle.take(b"username,lab\nada,9\n0,3\n")
    assert moodle.grades == {"ada": 3.0}
    moodle.take(b"username,lab\nada,\n", new=True)
    assert moodle.grades == {"ada": 0.0}
    with pytest.raises(Aborted):
        moodle.take(b"username,lab\nada,9\nbob,3\n")


@settings(deadline=None)
@given(CLASSES)
@example(ODD)
def test_a_spreadsheet_sees_every_student_no_formula_and_no_0_for_what_waits(place, rows):
    assert write_csv(rows, LAB, "csv", place) == {}
    assert place.read_bytes().startswith(b"\xef\xbb\xbf")
    with place.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["student"].removeprefix("'") for line in lines] == [one.student.removeprefix("'") for one in rows]
    assert not any(field[:1] in tuple("=+-@\t\r") for line in lines for field in line.values() if field)
    for line, one in zip(lines, rows, strict=True):
        assert line["words"] == ("" if one.waiting else "0")
        assert float(line["points"]) == pytest.approx(float(one.points), abs=1e-5)
