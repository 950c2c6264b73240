"""Conversion and comparison: the same script gives the same notebook, and no edit of either goes unseen."""

import nbformat
import pytest

from course_utils.errors import CourseError
from course_utils.tools.notebooks import convert
from course_utils.tools.notebooks.convert import differences, read_source


@pytest.fixture
def source(course_folder):
    return course_folder / "source" / "01_small.py"


def test_cells_tags_and_neutral_metadata(source):
    notebook = read_source(source)
    nbformat.validate(notebook)
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", "code", "markdown", "code"]
    assert notebook.cells[1].metadata["tags"] == ["parameters"]
    assert notebook.metadata.kernelspec.display_name == "Python 3"


def test_the_same_script_gives_the_same_notebook(source):
    first = nbformat.writes(read_source(source))
    source.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))
    assert nbformat.writes(read_source(source)) == first


def test_a_change_of_one_cell_changes_one_id(source):
    before = [cell.id for cell in read_source(source).cells]
    source.write_text(source.read_text().replace("## Sums", "## Sums of numbers") + "\n# %%\n1 + 1\n\n# %%\n1 + 1\n")
    after = [cell.id for cell in read_source(source).cells]
    assert [old == new for old, new in zip(before, after, strict=False)] == [True, True, False, True]
    assert len(set(after)) == 6, "equal cells have ids of their own"


def _edit_text(notebook):
    notebook.cells[3].source += "\nprint(1)"


def _edit_tags(notebook):
    notebook.cells[3].metadata["tags"] = []


def _delete_cell(notebook):
    del notebook.cells[2]


def _change_type(notebook):
    notebook.cells[2] = nbformat.v4.new_code_cell(notebook.cells[2].source)


def _change_kernel(notebook):
    notebook.metadata.kernelspec["display_name"] = "Python 3 (ipykernel)"


@pytest.mark.parametrize("edit", [_edit_text, _edit_tags, _delete_cell, _change_type, _change_kernel])
def test_an_edited_notebook_is_found(source, edit):
    notebook = read_source(source)
    assert differences(notebook, source) == []
    edit(notebook)
    assert differences(notebook, source)


def test_an_edited_source_is_found(source):
    notebook = read_source(source)
    source.write_text(source.read_text() + "# a comment\n")
    assert any("source has changed" in line for line in differences(notebook, source))


def test_outputs_are_joined_and_a_widget_yields_to_its_picture():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "m"}}
    cell = nbformat.v4.new_code_cell(
        outputs=[
            nbformat.v4.new_output("stream", text="10 %\r"),
            nbformat.v4.new_output("stream", text="20 %\n"),
            nbformat.v4.new_output("display_data", {**view, "image/png": "AAAA"}),
            nbformat.v4.new_output("display_data", view),
        ]
    )
    convert.clean_outputs(cell)
    assert cell.outputs[0].text == "20 %\n"
    assert [list(output.data) for output in cell.outputs[1:]] == [["image/png"], list(view)]


def test_a_missing_source_is_a_course_error(tmp_path):
    with pytest.raises(CourseError, match="no notebook source"):
        read_source(tmp_path / "01_none.py")
