"""`course train --backend jax`: the same pipeline and recipe, another backend."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

from course_utils.training import Run

WITH_JAX = importlib.util.find_spec("jax") is not None


def course_train(data_dir, output, *options):
    """A finished process of `course train`."""
    command = [sys.executable, "-m", "course_utils", "train", "SegNetBasic", "--backend", "jax", *options]
    command += ["--dataset", "toy_streets", "--data-dir", str(data_dir), "--option", "width=0.1", "--image-size"]
    command += ["96x192", "--batch-size", "3", "--output", str(output), "--json"]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.skipif(not WITH_JAX, reason="JAX is not installed")
def test_a_run_of_jax_goes_on_and_is_read_by_tensorflow(tiny_streets, tmp_path):
    """By the whole recipe: Muon, growing images, the average of the weights."""
    for epochs in ("2", "3"):
        done = course_train(tiny_streets, tmp_path / "run", "--epochs", epochs, *["--resume"] * (epochs == "3"))
        assert done.returncode == 0, done.stderr
    run = Run(tmp_path / "run")
    assert json.loads(done.stdout)["epochs"] == len(run.log) == 3
    assert run.load_model()(np.zeros((1, 96, 192, 3), "float32")).shape == (1, 96, 192, 19)


@pytest.mark.skipif(WITH_JAX, reason="JAX is installed")
def test_without_jax_one_line_says_how_to_get_it(tiny_streets, tmp_path):
    done = course_train(tiny_streets, tmp_path / "run", "--epochs", "1")
    assert done.returncode == 2
    assert "pip install jax" in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()
