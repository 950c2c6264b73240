"""The workspace: no answers in it, and updates that lose nothing."""

import nbformat
import pytest
from small_lab import SOURCE, small_lab

from course_utils.tools.students.released import for_students
from course_utils.tools.students.saving import KERNEL, LANGUAGE


def source_of(student, grade_id):
    """The source of the student's cell with a grade id."""
    (cell,) = [c for c in student.read().cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
    return cell.source


def new_edition(**changes: str):
    """The small lab with texts replaced; cells whose text changes get other ids, as `read_source` gives them."""
    text = SOURCE
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    before, after = small_lab().notebook, small_lab(text).notebook
    known = {cell.source: cell.id for cell in before.cells}
    for number, cell in enumerate(after.cells):
        cell.id = known.get(cell.source, f"new-{number}")
    return after


TABLE = ("table = np.arange(4)", "table = np.arange(5)")


def test_workspace_has_no_answers_and_no_hidden_checks(student):
    everything = "".join(path.read_text() for path in student.workspace.folder.rglob("*") if path.is_file())
    assert "2 * values\\n    ###" not in everything and "4711" not in everything and "SOLUTION" not in everything
    assert [path.name for path in student.workspace.folder.iterdir() if path.name[0] != "."] == ["05_small.ipynb"]


def test_released_notebook_is_in_jupyters_form_and_says_what_passed(student):
    notebook = student.read()
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec == KERNEL and notebook.metadata.language_info == LANGUAGE
    assert "*Edition " in notebook.cells[0].source
    (check,) = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "ends_check"]
    assert (
        check.source.splitlines()[-1]
        == 'print("Passed: 2 points, if it also holds on the inputs that you do not see.")'
    )
    assert "course check 05" in notebook.cells[-2].source and "check 05_small.ipynb" in notebook.cells[-1].source


def test_a_students_copy_is_released_as_it_is(student):
    path = student.folder / "notebooks" / "05_small.ipynb"
    nbformat.write(for_students(path), path)
    before = student.path.read_bytes()
    student.path.unlink()
    assert student.course("lab", "--prepare") == 0
    assert student.path.read_bytes() == before


def test_nothing_is_written_when_nothing_is_new(student, capsys):
    student.answer(double="def double(values):\n    return 3")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in student.workspace.folder.rglob("*.ipynb")}
    capsys.readouterr()
    assert student.course("lab", "--prepare") == 0
    assert before == {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in student.workspace.folder.rglob("*.ipynb")}
    assert not capsys.readouterr().err


def test_new_text_arrives_and_answers_outputs_and_own_cells_stay(student, right, capsys):
    student.answer(**right)

    def add(notebook):
        notebook.cells.insert(4, nbformat.v4.new_code_cell("mine = 1", id="my-own"))
        notebook.cells[5].outputs = [nbformat.v4.new_output("stream", name="stdout", text="seen\n")]

    student.edit(add)
    kept = student.path.read_bytes()
    student.publish(new_edition(lesson=TABLE, title=("# A small lab", "# A small lab\n#\n# With a new sentence.")))
    assert student.course("lab", "--prepare") == 0
    said = capsys.readouterr().err
    assert "05_small: updated, your work is kept" in said and "both" not in said
    sources = [cell.source for cell in student.read().cells]
    assert any("arange(5)" in source for source in sources) and not any("arange(4)" in source for source in sources)
    assert "With a new sentence." in sources[0] and "mine = 1" in sources
    assert all(source_of(student, grade_id) == answer for grade_id, answer in right.items())
    assert any(cell.get("outputs") and cell.outputs[0].text == "seen\n" for cell in student.read().cells)
    (copy,) = (student.workspace.records / "before").iterdir()
    assert copy.read_bytes() == kept
    assert student.course("check", "05") == 0


def test_a_cell_that_both_changed_is_there_twice_and_said(student, capsys):
    def change(notebook):
        (cell,) = [cell for cell in notebook.cells if "table =" in cell.source]
        cell.source = cell.source.replace("np.arange(4)", "np.ones(4)")

    student.edit(change)
    student.publish(new_edition(lesson=TABLE))
    assert student.course("lab", "--prepare") == 0
    assert "cell 4: the course and you have both changed it" in capsys.readouterr().err
    places = {k: i for i, cell in enumerate(student.read().cells) for k in ("arange(5)", "ones(4)") if k in cell.source}
    assert places["ones(4)"] == places["arange(5)"] + 1


def test_an_answer_stays_where_the_course_changed_its_cell(student, right, capsys):
    student.answer(ends=right["ends"])
    student.publish(new_edition(docstring=("The smallest and the largest, a tuple.", "A tuple of two.")))
    assert student.course("lab", "--prepare") == 0
    assert "exercise 'ends': the course has changed its cell" in capsys.readouterr().err
    assert source_of(student, "ends") == right["ends"]
    assert any(c.cell_type == "markdown" and "A tuple of two." in c.source for c in student.read().cells)
    assert source_of(student, "double").endswith("raise NotImplementedError")


def test_an_unanswered_cell_takes_the_new_text(student):
    student.publish(new_edition(docstring=("The smallest and the largest, a tuple.", "A tuple of two.")))
    student.course("lab", "--prepare")
    assert "A tuple of two." in source_of(student, "ends")


def test_what_the_student_deleted_stays_deleted_but_exercises_come_back(student):
    def delete(notebook):
        gone = [cell for cell in notebook.cells if "table =" in cell.source or "double(" in cell.source]
        notebook.cells = [cell for cell in notebook.cells if cell not in gone]

    student.edit(delete)
    student.publish(new_edition(title=("# A small lab", "# Another title")))
    student.course("lab", "--prepare")
    grade_ids = [c.metadata.get("nbgrader", {}).get("grade_id") for c in student.read().cells]
    assert [i for i in grade_ids if i] == [
        "double", "double_check", "count", "count_check", "ends", "ends_check", "words"
    ]  # fmt: skip
    assert not any("table =" in cell.source for cell in student.read().cells)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"cells": 3}', '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}']
)
def test_a_file_that_cannot_be_read_stays_as_it_is(content, student, capsys):
    student.path.write_text(content)
    student.publish(new_edition(lesson=TABLE))
    assert student.course("lab", "--prepare") == 0
    assert "rename it" in capsys.readouterr().err and student.path.read_text() == content


def test_without_a_record_the_new_version_is_put_beside(student, capsys):
    (student.workspace.records / "begun" / "05_small.ipynb").unlink()
    before = student.path.read_bytes()
    later = new_edition(lesson=TABLE)
    later.metadata.course = {"source_sha256": "other"}
    student.publish(later)
    assert student.course("lab", "--prepare") == 0
    assert "05_small.new.ipynb" in capsys.readouterr().err and student.path.read_bytes() == before
    assert "arange(5)" in (student.workspace.folder / "05_small.new.ipynb").read_text()
