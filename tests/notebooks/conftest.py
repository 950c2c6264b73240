"""Small notebooks for the tests of the machinery, and the list of the course's own."""

from pathlib import Path

import nbformat
import psutil
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

SOURCE = """\
# ---
# jupyter:
#   course:
#     minutes: 1
#     claims: [L1]
# ---

# %% [markdown]
# # A small notebook
#
# **Time:** about 1 minute. **Lecture claims:** L1

# %% tags=["parameters"]
fast = False
seed = 0
sizes = (1, 2)
output_dir = "runs"

# %% [markdown]
# ## Sums

# %% tags=["nbval-check-output"]
print(sum(range(10)))
"""


def pytest_generate_tests(metafunc):
    """Every committed notebook, by file, for tests with an argument `committed`."""
    if "committed" in metafunc.fixturenames:
        found = sorted(NOTEBOOKS.glob("*.ipynb"))
        metafunc.parametrize("committed", found, ids=[path.stem for path in found])


@pytest.fixture
def course_folder(tmp_path) -> Path:
    """A `notebooks` folder with one source, `01_small.py`."""
    folder = tmp_path / "notebooks"
    (folder / "source").mkdir(parents=True)
    (folder / "source" / "01_small.py").write_text(SOURCE)
    return folder


@pytest.fixture
def make_notebook(tmp_path):
    """A function that writes a notebook of the given cells: text that starts with '#' and a space is markdown."""

    def make(name: str, *cells: str, tags: tuple[str, ...] = ("parameters",)) -> Path:
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
        for text in cells:
            new = nbformat.v4.new_markdown_cell if text.startswith("# ") else nbformat.v4.new_code_cell
            notebook.cells.append(new(text))
            if text.startswith("fast = "):
                notebook.cells[-1].metadata["tags"] = list(tags)
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(notebook, path)
        return path

    return make


@pytest.fixture
def living():
    """A function that says which living processes have the given word among their arguments."""

    def find(word: str) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if word in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                pass
        return found

    return find
