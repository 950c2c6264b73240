"""nbval on every notebook as committed: each cell runs, and marked cells (`nbval-check-output`) give what they show."""

import sys
from pathlib import Path

import nbformat
import pytest
from guarded import run_guarded

ROOT = Path(__file__).parents[2]


def nbval(notebook: Path, timeout: float) -> tuple[int, str]:
    """Exit status and output of nbval on a notebook, killed with its kernel after `timeout` seconds."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--rootdir",
        ROOT,
        "-c",
        ROOT / "pyproject.toml",
        "-p",
        "no:cacheprovider",
    ]
    command += ["-q", "--color=no", "--nbval-lax", "--nbval-cell-timeout=600", notebook]
    return run_guarded([str(word) for word in command], timeout, cwd=ROOT)


@pytest.mark.timeout(1260)
def test_committed_notebook(committed):
    status, text = nbval(committed, timeout=1200)
    assert status == 0, text[-5000:]


def test_only_marked_cells_are_compared(make_notebook):
    """A cell that gives another result than stored passes without the mark and fails with it."""
    path = make_notebook("marked", "import random; print(random.random())", "print(6 * 7)", "print(6 * 8)")
    notebook = nbformat.read(path, as_version=4)
    for count, cell in enumerate(notebook.cells, 1):
        cell.execution_count, cell.outputs = count, [nbformat.v4.new_output("stream", text="42\n")]
        cell.metadata["tags"] = ["nbval-check-output"] if count > 1 else []
    nbformat.write(notebook, path)
    status, text = nbval(path, timeout=120)
    assert status == 1 and "1 failed, 2 passed" in text and "FAILED ::Cell 2" in text, text
