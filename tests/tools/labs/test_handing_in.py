"""Files as students and platforms hand them in: several notebooks, damaged archives, odd names, older ones."""

import json
import os
import zipfile

import nbformat
import pytest
from classroom import TRUTH, points, write_answer
from small_lab import small_lab

from course_utils.tools.labs.lab.release import student_version
from course_utils.tools.labs.returning import gradebook
from course_utils.tools.labs.submissions.files import find_submissions

LAB = small_lab()


def found(path, **options):
    """By student, what was found."""
    return {one.student: one for one in find_submissions(path, **options)}


def put(path, notebook=None):
    """Write the students' notebook, or any other content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(student_version(LAB)) if notebook is None else notebook)


@pytest.mark.parametrize("other", ["._small.ipynb", "Untitled.ipynb", ".ipynb_checkpoints/small-checkpoint.ipynb"])
def test_the_lab_counts_whatever_lies_beside_it(other, tmp_path):
    put(tmp_path / "ada" / "small.ipynb")
    put(tmp_path / "ada" / other, '{"cells": []}')
    one = found(tmp_path)["ada"]
    assert one.problem is None and b"double_check" in one.data


def test_of_two_labs_the_one_that_is_marked_counts(tmp_path):
    put(tmp_path / "ada" / "small.ipynb")
    put(tmp_path / "ada" / "other.ipynb", json.dumps({"cells": [], "metadata": {"course": {"lab": "other"}}}))
    assert found(tmp_path, lab="small")["ada"].problem is None
    assert "2 notebooks" in found(tmp_path)["ada"].problem
    put(tmp_path / "ada" / "again.ipynb")
    assert "3 notebooks" in found(tmp_path, lab="small")["ada"].problem


def test_what_is_no_notebook_is_said(tmp_path):
    put(tmp_path / "ada" / "LAB.IPYNB")
    put(tmp_path / "bob" / "essay.pdf", "%PDF")
    put(tmp_path / "list.csv", "ada")
    left = []
    submissions = found(tmp_path, ignored=left.append)
    assert submissions["ada"].problem is None and left == ["list.csv"]
    assert "No notebook" in submissions["bob"].problem and "essay.pdf" in submissions["bob"].problem


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_entry_is_its_author_s(method, tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w", method) as archive:
        for student in ("ada", "bob"):
            archive.writestr(f"{student}.ipynb", nbformat.writes(student_version(LAB)) * 9)
        start = archive.getinfo("ada.ipynb").header_offset + 30 + len("ada.ipynb")
    data = bytearray((tmp_path / "in.zip").read_bytes())
    data[start + 5 : start + 200] = bytes(255 for _ in range(195))
    (tmp_path / "in.zip").write_bytes(data)
    submissions = found(tmp_path / "in.zip")
    assert "cannot be unpacked" in submissions["ada"].problem and submissions["bob"].problem is None


@pytest.mark.parametrize("name", ["สมชาย ใจดี", "अनिल कुमार", "李" * 80, "Ådé O'Neil", "a" * 300])
def test_names_of_every_script_are_kept_and_fit(name, tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for end in ("ก่", "กุ"):
            archive.writestr(f"{name}{end}/x.ipynb", "{}")
    students = list(found(tmp_path / "in.zip"))
    assert len(students) == 2 and all(len(one) <= 100 and len(one.encode()) <= 150 for one in students)
    if len(name) < 20:
        assert all(part in students[0] for part in name.replace("'", " ").split())


def test_a_notebook_of_another_lab_is_not_marked(grade, course):
    other = json.dumps({"cells": [], "metadata": {"course": {"lab": "other"}}})
    put(course / "in" / "ada.ipynb", other)
    assert "This is a notebook of the lab other, not of small" in grade("--lab", "small")[1]
    for student in TRUTH:
        put(course / "in" / f"{student}.ipynb", other)
    status, _, err = grade("--lab", "small")
    assert status == 2 and "give --lab other" in err


def test_the_newest_submission_counts(grade, course):
    """Marking the first ones again, for a complaint, does not bring back a mark that a later one has replaced."""
    late = course / "late"
    late.mkdir()
    (late / "cy.ipynb").write_bytes((course / "in" / "cy.ipynb").read_bytes())
    os.utime(course / "in" / "cy.ipynb", (1_000_000, 1_000_000))
    (course / "in").rename(course / "first")
    late.rename(course / "in")
    write_answer(course, "cy", "count", "def count_even(numbers):\n    return sum(n % 2 == 0 for n in numbers)")
    (course / "in").rename(late)
    assert grade(submissions="first")[0] == grade(submissions="late")[0] == 0
    assert points(course)["cy"] == (3, 3, 2)
    status, _, err = grade(submissions="first")
    assert status == 0 and points(course)["cy"] == (3, 3, 2)
    assert "cy keeps the marks of a newer notebook" in err and "--older" in err
    assert grade("--older", submissions="first")[0] == 0 and points(course)["cy"] == TRUTH["cy"]


def test_totals_are_those_of_the_lab_as_it_is(grade, course):
    grade()
    source = course / "labs" / "source" / "small" / "small.ipynb"
    notebook = nbformat.read(source, as_version=4)
    notebook.cells = [
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") not in ("ends", "ends_check")
    ]
    nbformat.write(notebook, source)
    assert "ada: 6 of 8 (double 3, count 3, words to be read)" in grade()[1]
    rows = gradebook.student_rows("sqlite:///labs/gradebook.db", "small")
    assert {row["of"] for row in rows} == {8} and all("ends" not in row["exercises"] for row in rows)


def test_an_overruled_mark_is_ticked_when_its_answer_changes(grade, course):
    def overruled(student):
        with gradebook.opened("sqlite:///labs/gradebook.db") as opened:
            found = opened.find_grade("count_check", "small", "small", student)
            return found.manual_score, bool(found.needs_manual_grade)

    grade()
    with gradebook.opened("sqlite:///labs/gradebook.db") as opened:
        for student in ("cy", "dan"):
            opened.find_grade("count_check", "small", "small", student).manual_score = 1
        opened.db.commit()
    write_answer(course, "cy", "count", "def count_even(numbers):\n    return 7")
    write_answer(course, "dan", "ends", "def ends(values):\n    return 7")
    grade()
    assert overruled("cy") == (1, True) and overruled("dan") == (1, False)
    write_answer(course, "cy", "ends", "def ends(values):\n    return 8")
    grade()
    assert overruled("cy") == (1, True), "until a person has looked"
