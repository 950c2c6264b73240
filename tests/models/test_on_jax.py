"""Networks and losses on JAX: what TensorFlow computes, to float precision. Skipped where JAX is missing."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import one_step
import pytest

from course_utils import losses, models
from course_utils.models import SYSTEMS
from course_utils.weights import shipped

ROOT = Path(__file__).parents[2]

ON_JAX = """
import sys


class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "tensorflow":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Refusing())
import one_step

one_step.main(*sys.argv[1:])
"""
"""Where TensorFlow is installed, Keras looks at it now and then: here it is as if it were not."""

QUICKLY = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
"""Compiling takes nearly all of the time."""

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed"),
    pytest.mark.timeout(1800),  # what JAX compiles for all tests, before the first one, takes minutes
]

PREDICTION = 1e-5
"""Largest difference of two logits, as a share of the largest logit of the network."""

STEP = dict.fromkeys(SYSTEMS, 2e-4) | {"SegNet": 0.05}
"""Norm of the difference of two gradients, as a share of the gradient's; by system.

SegNet pools by places five times: where two values of a window differ by less than rounding, another one wins.
"""


@pytest.fixture(scope="module")
def given():
    """What both sides start from."""
    random = np.random.default_rng(0)
    given = {
        "images": random.random((2, 45, 61, 3), np.float32),
        "labels": random.integers(0, 4, (2, 45, 61)).astype("uint8"),
        "logits": random.normal(size=(2, 45, 61, 4)).astype("float32"),
    }
    given["labels"][:, :3] = 255
    for name in SYSTEMS:
        weights = one_step.narrow(name).get_weights()
        given |= {name: len(weights)} | {f"{name} {index}": weight for index, weight in enumerate(weights)}
    return given


@pytest.fixture(scope="module")
def on_jax(given, tmp_path_factory):
    """What JAX makes of it, where there is no TensorFlow."""
    folder = tmp_path_factory.mktemp("jax")
    np.savez(folder / "given.npz", **given)
    subprocess.run(
        [sys.executable, "-c", ON_JAX, str(folder / "given.npz"), str(folder / "results.npz")],
        check=True,
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": QUICKLY,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(one_step.__file__).parent}",
        },
    )
    with np.load(folder / "results.npz") as results:
        return dict(results)


@pytest.mark.parametrize("address", shipped())
def test_shipped_networks_predict_the_same(address, given, on_jax):
    expected = models.pretrained(*address.split("/"))(given["images"], training=False).numpy()
    assert np.abs(on_jax[address] - expected).max() <= PREDICTION * np.abs(expected).max()


@pytest.mark.parametrize("name", losses.LOSSES)
def test_losses_are_the_same(name, given, on_jax):
    np.testing.assert_allclose(on_jax[f"loss {name}"], losses.LOSSES[name]()(given["labels"], given["logits"]), 1e-5)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_step_of_fit_has_the_same_loss_and_gradient(name, given, on_jax):
    """With all outputs and losses of the training; batch normalisation by the batch, its statistics compared, too."""
    before = [given[f"{name} {index}"] for index in range(given[name])]
    step = one_step.trained(name, before, given["images"], given["labels"], run_eagerly=True)
    np.testing.assert_allclose(on_jax[f"{name} loss"], step["loss"], rtol=1e-5)
    here, there = (
        np.concatenate([np.ravel(after[f"{prefix}{index}"] - start) for index, start in enumerate(before)])
        for after, prefix in ((step, ""), (on_jax, f"{name} "))
    )
    assert np.linalg.norm(there - here) <= STEP[name] * np.linalg.norm(here) > 0
