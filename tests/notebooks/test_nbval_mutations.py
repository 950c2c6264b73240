"""nbval goes red when the library is wrong: one coefficient changed in a copy, and the cell that shows it fails."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from test_nbval import nbval

ROOT = Path(__file__).parents[2]


@dataclass
class Mutation:
    """One change of one module, and the cells of a notebook that it must turn red.

    `cells` are beginnings of code cells: the last is the compared one, those before are what it needs besides the
    parameters and the imports.
    """

    name: str
    notebook: str
    module: str
    old: str
    new: str
    cells: tuple[str, ...]


MUTATIONS = [
    Mutation(
        "cubic kernel",
        "01",
        "layers/upsampling/interpolation_kernels.py",
        "_cubic(0, 1 / 2)",
        "_cubic(0, 0.51)",
        ("sizes = [", "bounds = ["),
    ),
    Mutation(
        "convolution matrix",
        "02",
        "matrices.py",
        "tap - before\n",
        "tap - before + 1\n",
        ("def centred_matrix", "def matrix_by_library", "regular = ", "signal, taps = "),
    ),
    Mutation(
        "overlap counts",
        "03",
        "matrices.py",
        "((kernel_size - 1 - position)",
        "((kernel_size - position)",
        ("def transposed_convolution", "values = np.zeros(9)"),
    ),
    Mutation(
        "unpooling",
        "04",
        "layers/pooling/pooling_operations.py",
        "np.arange(pool_size**2)",
        "np.array([1, 0, 2, 3])",
        (
            "def max_pool",
            "def pool_by_layer",
            "def max_unpool",
            "def unpool_by_layer",
            "plotting.show(plotting.pooling_arrows(lecture_map",
        ),
    ),
    Mutation(
        "atrous rate",
        "06",
        "models/encoders/slim.py",
        "_residual_block(x, channels, striding.rate,",
        "_residual_block(x, channels, 1,",
        ("def encoder_at", "picture = "),
    ),
    Mutation(
        "mean field",
        "08",
        "layers/random_fields/dense_crf.py",
        "refined = logits - pairwise",
        "refined = logits - 0.99 * pairwise",
        (
            "def appearance_kernel",
            "def kernel_by_filter",
            "def gibbs_energy",
            "unary = ",
            "def mean_field_step",
            "def softmax",
        ),
    ),
    Mutation(
        "gate",
        "09",
        "layers/boundaries/gated_convolution.py",
        "training=training) + features)",
        "training=training))",
        ("scene = ", "from course_utils.layers import Gated", "rng = ", "def normalize"),
    ),
    Mutation(
        "correction",
        "10",
        "evaluation/statistics/multiple_comparisons.py",
        "len(order), 0, -1)",
        "len(order) + 1, 1, -1)",
        ("p_values = ",),
    ),
]


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A copy of the library that kernels import in place of the real one; a function that changes a module of it."""
    copy = tmp_path / "library" / "course_utils"
    shutil.copytree(ROOT / "course_utils", copy, ignore=shutil.ignore_patterns("__pycache__"))
    before = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(copy.parent), before])))

    def change(module: str, old: str, new: str):
        text = (copy / module).read_text()
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {module}: choose another change"
        (copy / module).write_text(text.replace(old, new))

    return change


def excerpt(mutation: Mutation, folder: Path) -> tuple[Path, int]:
    """The cells of a committed notebook that a mutation needs, outputs included, and their number."""
    (committed,) = (ROOT / "notebooks").glob(f"{mutation.notebook}_*.ipynb")
    notebook = nbformat.read(committed, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    notebook.cells = code[:2] + [cell for cell in code[2:] if cell.source.startswith(mutation.cells)]
    assert len(notebook.cells) == 2 + len(mutation.cells)
    assert "nbval-check-output" in notebook.cells[-1].metadata.tags
    path = folder / committed.name
    nbformat.write(notebook, path)
    return path, len(notebook.cells)


def test_an_unchanged_copy_passes(library, tmp_path):
    path, cells = excerpt(MUTATIONS[0], tmp_path)
    status, text = nbval(path, timeout=500)
    assert status == 0 and f"{cells} passed" in text, text[-3000:]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name.replace(" ", "_"))
def test_a_changed_coefficient_turns_its_cell_red(mutation, library, tmp_path):
    library(mutation.module, mutation.old, mutation.new)
    path, cells = excerpt(mutation, tmp_path)
    status, text = nbval(path, timeout=500)
    assert status == 1 and re.findall(r"^FAILED ::Cell (\d+)", text, re.M) == [str(cells - 1)], text[-3000:]
    assert f"1 failed, {cells - 1} passed" in text
