"""A training step under XLA and in 16 bits is nearly that of float32; `benchmarks/precision.py` tries every system."""

import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def precision():
    folder = str(Path(__file__).parents[2] / "benchmarks")
    sys.path.insert(0, folder)
    try:
        import precision

        yield precision
    finally:
        sys.path.remove(folder)


@pytest.mark.parametrize("name", ["SegNetBasic", "PSPNet"])
def test_prediction_loss_and_gradient(name, precision):
    lines = list(precision.rows(name))
    assert len(lines) == len(precision.WAYS) == 3
    assert all(kept for _, kept in lines), lines
