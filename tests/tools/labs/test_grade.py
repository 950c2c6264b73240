"""`course grade` on a whole class: marks, continuing, marking again, and what the command refuses."""

import json
import shutil
import sys
import zipfile

import nbformat
import pytest
from classroom import TRUTH, points
from small_lab import SOURCE, small_lab

from course_utils.tools.labs.marking import grading, process
from course_utils.tools.labs.marking.grading import load_results
from course_utils.tools.labs.returning import gradebook
from course_utils.tools.labs.submissions.files import find_submissions


def test_every_student_gets_their_marks(grade, course):
    status, out, err = grade()
    assert status == 0 and "6 marked, 0 kept, 0 not marked" in err
    assert points(course) == TRUTH
    assert "ada: 8 of 10 (double 3, count 3, ends 2, words to be read)" in out
    marks = {record["student"]: record["marks"] for record in load_results(course / "labs" / "results" / "small")}
    assert "is wrong" in marks["cy"][1]["message"] and marks["cy"][1]["hidden"]
    assert "ended its process" in marks["dan"][0]["message"]
    assert "eve: 0 of 10 (The file is not a readable notebook" in out
    assert {mark["points"] for mark in marks["eve"]} == {0}, "no person has to read a missing answer"
    assert marks["fay"][2]["message"] == "return two numbers" and not marks["fay"][2]["hidden"]


def test_what_is_marked_stays_and_what_is_lost_is_marked_again(grade, course):
    grade()
    results = course / "labs" / "results" / "small"
    before = {path.name: path.read_bytes() for path in results.iterdir()}
    times = {path.name: path.stat().st_mtime_ns for path in results.iterdir()}
    with gradebook.opened("sqlite:///labs/gradebook.db") as opened:
        by_hand = opened.find_grade("words", "small", "small", "ada")
        by_hand.manual_score, by_hand.needs_manual_grade = 1.5, False
        opened.db.commit()
    (results / "cy.json").unlink()
    (results / "dan.json").write_text('{"student": "da')
    status, out, err = grade()
    assert status == 0 and "2 marked, 4 kept" in err
    assert "ada: 9.5 of 10 (double 3, count 3, ends 2, words 1.5)" in out
    assert {path.name: path.read_bytes() for path in results.iterdir()} == before
    same = [path.name for path in results.iterdir() if path.stat().st_mtime_ns == times[path.name]]
    assert sorted(same) == ["ada.json", "bob.json", "eve.json", "fay.json"]
    assert "0 marked, 6 kept" in grade()[2]


def test_it_goes_on_after_being_stopped(grade, course, monkeypatch):
    """Stopped after two students: the others have no result, and no result is half-written."""
    original, count = grading._run, []

    def stopping(waiting, engine, outcome, done):
        def stop(student, failure):
            count.append(student)
            if len(count) == 2:
                raise KeyboardInterrupt

        original(waiting, engine, outcome, stop)

    monkeypatch.setattr(grading, "_run", stopping)
    assert grade()[0] == 130
    monkeypatch.setattr(grading, "_run", original)
    done = points(course)
    assert 2 <= len(done) < 6 and all(TRUTH[student] == got for student, got in done.items())
    assert f"{6 - len(done)} marked, {len(done)} kept" in grade()[2]
    assert points(course) == TRUTH


def test_a_new_check_marks_only_its_exercise_again(grade, course, lab):
    grade()
    results = course / "labs" / "results" / "small"
    record = json.loads((results / "ada.json").read_text())
    record["marks"][1]["message"] = "a mark that is kept"
    (results / "ada.json").write_text(json.dumps(record))
    stricter = small_lab(
        SOURCE.replace("assert_same(ends([5])", 'assert ends([5]) == (6, 6), "six"\nassert_same(ends([5])')
    )
    nbformat.write(stricter.notebook, course / "labs" / "source" / "small" / "small.ipynb")
    assert "6 marked" in grade()[2]
    assert points(course) == {student: (*got[:2], 0) for student, got in TRUTH.items()}
    marks = json.loads((results / "ada.json").read_text())["marks"]
    assert marks[1]["message"] == "a mark that is kept" and marks[2]["message"] == "six"


def test_a_zip_file_of_folders(grade, course):
    with zipfile.ZipFile(course / "in.zip", "w") as archive:
        for path in (course / "in").iterdir():
            archive.write(
                path, f"class/../{path.stem}/x.ipynb" if path.stem == "none" else f"{path.stem}/hand in.ipynb"
            )
        archive.write(path, "__MACOSX/._x.ipynb")
        archive.write(path, "ada/.ipynb_checkpoints/hand in.ipynb")
    assert grade(submissions="in.zip")[0] == 0
    assert points(course) == TRUTH


def test_without_a_sandbox_it_refuses_until_one_insists(grade, course, monkeypatch):
    found = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "bwrap" else found(name))
    status, _, err = grade()
    assert status == 2 and "apt install bubblewrap" in err.replace("\n", " ") and not points(course)
    shutil.rmtree(course / "in")
    (course / "in").mkdir()
    nbformat.write(small_lab().notebook, course / "in" / "ada.ipynb")
    assert grade("--no-sandbox", "--lab", "small")[0] == 0
    assert points(course) == {"ada": (3, 3, 2)}


def test_json(grade):
    status, out, _ = grade("--json", "--jobs", "1")
    results = json.loads(out)
    assert status == 0 and results["lab"] == "small" and len(results["results"]) == 6 and not results["failed"]


@pytest.mark.parametrize(
    ("prepare", "arguments", "complaint"),
    [
        (lambda folder: shutil.rmtree(folder), (), "neither a folder nor a zip file"),
        (lambda folder: [path.unlink() for path in folder.iterdir()], (), "no notebooks"),
        (lambda folder: None, ("--lab", "unheard"), "no notebook 'unheard'"),
        (lambda folder: None, ("--jobs", "0"), "argument --jobs: '0' is out of range"),
        (lambda folder: [(folder / f"a{c}b.ipynb").write_text("") for c in "!?"], (), "both be the student"),
        (lambda folder: [path.write_text("{}") for path in folder.iterdir()], (), "add --lab"),
    ],
)
def test_wrong_use_is_told_in_a_line(prepare, arguments, complaint, grade, course, capsys):
    prepare(course / "in")
    try:
        status, _, err = grade(*arguments)
    except SystemExit as error:
        status, err = error.code, capsys.readouterr().err
    assert status == 2 and complaint in err


def test_links_and_several_notebooks_are_no_submission(course):
    (course / "secret.ipynb").write_text("{}")
    (course / "in" / "gus.ipynb").symlink_to(course / "secret.ipynb")
    (course / "in" / "hal").mkdir()
    for name in ("a", "b"):
        (course / "in" / "hal" / f"{name}.ipynb").write_text("{}")
    found = {one.student: one for one in find_submissions(course / "in")}
    assert "a link" in found["gus"].problem and found["gus"].data == b""
    assert "2 notebooks" in found["hal"].problem


@pytest.mark.parametrize("loaded", [True, False])
def test_a_process_with_tensorflow_is_not_forked(loaded, grade, course, monkeypatch):
    """A fork inherits the locks that TensorFlow's threads hold, and its first import may wait for one for ever."""
    forks = []
    with monkeypatch.context() as patch:
        (patch.setitem if loaded else patch.delitem)(sys.modules, "tensorflow", *([object()] if loaded else [False]))
        fork = process._fork
        patch.setattr(process, "_fork", lambda *arguments: forks.append(1) or fork(*arguments))
        assert grade()[0] == 0
    assert points(course) == TRUTH and len(forks) == (not loaded)
