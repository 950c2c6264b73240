"""papermill on every notebook in its fast setting, as `course run --fast` does it."""

import nbformat
import pytest

from course_utils.tools.notebooks import checks
from course_utils.tools.notebooks.execution.execute import execute
from course_utils.tools.notebooks.parameters import parameters


@pytest.mark.timeout(420)
def test_fast_setting(committed, tmp_path):
    """It passes, and as quietly as with its defaults: no warnings, no picture without alternative text."""
    known = parameters(nbformat.read(committed, as_version=4))
    values = {"fast": True} | ({"output_dir": str(tmp_path / "runs")} if "output_dir" in known else {})
    result = execute(committed, tmp_path / "executed.ipynb", values, cell_timeout=180, timeout=300)
    assert result.status == "passed", f"{result.error}\n{result.error and result.error.traceback}"
    problems = checks.output_problems(nbformat.read(result.output, as_version=4))
    assert [problem for problem in problems if "path of this machine" not in problem] == []
