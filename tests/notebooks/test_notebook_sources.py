"""The committed notebooks: equal to their sources, of one form, and clean in what they show."""

import nbformat
import pytest

from course_utils.tools.notebooks import checks, convert
from course_utils.tools.notebooks.folder import notebook_folder


def test_sources_and_notebooks_come_in_pairs():
    folder = notebook_folder()
    sources = {path.stem for path in (folder / "source").glob("*.py")}
    assert {path.stem for path in folder.glob("*.ipynb")} == sources, "make them with `make notebooks`"


@pytest.fixture
def notebook(committed):
    nbformat.validate(nbformat.read(committed, as_version=4))
    return nbformat.read(committed, as_version=4)


def test_equals_its_source(committed, notebook):
    assert convert.differences(notebook, committed.parent / "source" / f"{committed.stem}.py") == []


def test_has_the_common_form(notebook):
    assert checks.structure_problems(notebook) == []


def test_shows_nothing_that_it_must_not(notebook):
    assert checks.output_problems(notebook) == []


def test_was_executed_from_top_to_bottom(notebook):
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_metadata_are_neutral(notebook):
    assert set(notebook.metadata) == {"course", "kernelspec", "language_info"}
    assert notebook.metadata.language_info == {"name": "python"}
