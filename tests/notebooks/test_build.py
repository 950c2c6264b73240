"""`make notebooks`: executes what changed and nothing else, and writes nothing that has a problem."""

import nbformat
import pytest

from course_utils.errors import CourseError
from course_utils.tools.notebooks import build, checks
from course_utils.tools.notebooks.build import build_all
from course_utils.tools.notebooks.convert import differences
from course_utils.tools.notebooks.folder import select


@pytest.fixture
def no_execution(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a notebook is executed")

    monkeypatch.setattr(build, "execute", refuse)


def test_made_once_then_up_to_date(course_folder, capsys, monkeypatch):
    notebook, source = course_folder / "01_small.ipynb", course_folder / "source" / "01_small.py"
    assert build_all(course_folder, [], check=True) == 1 and not notebook.exists()
    assert "make notebooks" in capsys.readouterr().err
    assert build_all(course_folder, []) == 0
    made = notebook.read_bytes()
    stored = nbformat.read(notebook, as_version=4)
    assert differences(stored, source) == checks.output_problems(stored) == checks.structure_problems(stored) == []
    assert stored.cells[3].outputs[0].text == "45\n" and stored.cells[3].execution_count == 2

    monkeypatch.setattr(build, "execute", None)  # executing once more would fail
    assert build_all(course_folder, []) == build_all(course_folder, [], check=True) == 0
    assert notebook.read_bytes() == made and "up to date" in capsys.readouterr().out


def test_new_words_leave_the_outputs(course_folder, monkeypatch):
    notebook, source = course_folder / "01_small.ipynb", course_folder / "source" / "01_small.py"
    assert build_all(course_folder, []) == 0
    source.write_text(
        source.read_text().replace("# ## Sums", "# ## Sums\n#\n# Of ten numbers.\n\n# %% [markdown]\n# More.")
    )
    with monkeypatch.context() as patch:
        patch.setattr(build, "execute", None)  # executing would fail
        assert build_all(course_folder, []) == 0
    stored = nbformat.read(notebook, as_version=4)
    assert differences(stored, source) == checks.output_problems(stored) == []
    assert stored.cells[3].source == "More." and stored.cells[4].outputs[0].text == "45\n"
    assert stored.cells[4].execution_count == 2
    source.write_text(source.read_text().replace("range(10)", "range(11)"))
    assert build_all(course_folder, []) == 0
    assert nbformat.read(notebook, as_version=4).cells[4].outputs[0].text == "55\n"


def test_the_same_source_gives_the_same_file(course_folder):
    notebook = course_folder / "01_small.ipynb"
    assert build_all(course_folder, []) == 0
    made = notebook.read_bytes()
    assert build_all(course_folder, ["01"], force=True) == 0
    assert notebook.read_bytes() == made


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import warnings; warnings.warn('careful')", "cell 5 writes to standard error"),
        ("import os; os.write(2, b'from below')", "cell 5 writes to standard error: from below"),
        ("raise ValueError('no')", "cell 5: ValueError: no"),
    ],
)
def test_nothing_is_written_with_a_problem(course_folder, capsys, code, problem):
    source = course_folder / "source" / "01_small.py"
    source.write_text(source.read_text() + f"\n# %%\n{code}\n")
    assert build_all(course_folder, []) == 1
    assert problem in capsys.readouterr().err
    assert not (course_folder / "01_small.ipynb").exists()


def test_a_source_of_the_wrong_form_is_not_executed(course_folder, capsys, no_execution):
    source = course_folder / "source" / "01_small.py"
    source.write_text(source.read_text().replace("seed = 0", ""))
    assert build_all(course_folder, []) == 1 and "seed = 0" in capsys.readouterr().err


def test_names(tmp_path):
    files = [tmp_path / name for name in ("01_a.ipynb", "02_b.ipynb", "12_c.ipynb")]
    assert select(files, []) == files
    assert select(files, ["2", "01", "02_b", "02_b.ipynb", str(files[2])]) == [files[1], files[0], files[2]]
    with pytest.raises(CourseError, match=r"no notebook '03'; there are: 01_a, 02_b, 12_c"):
        select(files, ["03"])
