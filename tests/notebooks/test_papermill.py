"""papermill on every notebook in its fast setting, as `course run --fast` does it."""

import nbformat
import pytest

from course_utils.machine import checkout
from course_utils.tools.notebooks import checks, convert
from course_utils.tools.notebooks.execution.execute import execute
from course_utils.tools.notebooks.parameters import parameters
from course_utils.tools.notebooks.paths import core_path


@pytest.mark.timeout(420)
def test_fast_setting(committed, tmp_path):
    """It passes, and as quietly as with its defaults: no warnings, no picture without alternative text."""
    known = parameters(nbformat.read(committed, as_version=4))
    values = {"fast": True} | ({"output_dir": str(tmp_path / "runs")} if "output_dir" in known else {})
    result = execute(committed, tmp_path / "executed.ipynb", values, cell_timeout=180, timeout=300)
    assert result.status == "passed", f"{result.error}\n{result.error and result.error.traceback}"
    problems = checks.output_problems(nbformat.read(result.output, as_version=4))
    assert [problem for problem in problems if "path of this machine" not in problem] == []


@pytest.mark.timeout(420)
@pytest.mark.parametrize("number", ["00", "01", "02", "03", "04"])
def test_core_alone(number, tmp_path):
    """The core path needs nothing from the rest."""
    (source,) = (checkout() / "notebooks" / "source").glob(f"{number}_*.py")
    notebook = tmp_path / "core.ipynb"
    convert.write_notebook(core_path(convert.read_source(source), source.stem), notebook)
    result = execute(notebook, tmp_path / "executed.ipynb", {"fast": True}, cell_timeout=180, timeout=300)
    assert result.status == "passed", f"{result.error}\n{result.error and result.error.traceback}"
