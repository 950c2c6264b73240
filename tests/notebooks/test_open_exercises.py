"""Exercises that nobody has answered: recognized by their code, passed over by a run, and named."""

import nbformat
import pytest

from course_utils.tools.notebooks.execution.execute import execute
from course_utils.tools.notebooks.open_exercises import CHECK_ALL, is_open

STUB = 'def half(x):\n    """Half of it."""\n    # YOUR CODE HERE\n    raise NotImplementedError'


@pytest.mark.parametrize(
    ("source", "is_it"),
    [
        (STUB, True),
        ("def half(x):\n    raise NotImplementedError()", True),
        (f"def other(x):\n    return x\n\n\n{STUB}", True),
        ("def half(x):\n    return x / 2", False),
        ("def half(x):\n    if x < 0:\n        raise NotImplementedError\n    return x / 2", False),
        ("def half(x):\n    return x / 2\n    raise NotImplementedError", False),
        ("def half(x):\n    raise ValueError", False),
        ("def half(x)", False),
        ("half = 3", False),
        ("", False),
    ],
)
def test_open_is_what_only_raises_not_implemented(source, is_it):
    assert is_open(source) is is_it


def graded(source, grade_id, **record):
    return nbformat.v4.new_code_cell(source, metadata={"nbgrader": {"grade_id": grade_id, **record}})


def test_a_run_passes_over_open_exercises_and_checks_the_others(tmp_path):
    answer = {"solution": True, "grade": False}
    cells = [
        graded(STUB, "half", **answer),
        graded("assert half(4) == 2", "half_check", solution=False, grade=True),
        graded("def twice(x):\n    return 2 * x", "twice", **answer),
        graded("assert twice(4) == 8\nprint('Passed')", "twice_check", solution=False, grade=True),
        nbformat.v4.new_code_cell("raise SystemError('course check')", metadata={"tags": [CHECK_ALL]}),
    ]
    path = tmp_path / "lab.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    result = execute(path, tmp_path / "out" / "lab.ipynb")
    assert (result.status, result.open) == ("passed", ["half"])
    done = nbformat.read(result.output, as_version=4)
    assert [cell.source for cell in done.cells] == [cell.source for cell in cells]
    outputs = ["".join(output.text for output in cell.outputs) for cell in done.cells]
    assert outputs == ["", "Passed over: the exercise is still open.\n", "", "Passed\n", ""]
