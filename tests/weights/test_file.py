"""Packed weights: 16 bits of each number of a kernel, and nothing else lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from course_utils import weights
from course_utils.errors import CourseError

FLOATS = st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False)


@given(arrays.arrays(np.float32, (2, 3, 4), elements=FLOATS))
def test_kernels_are_rounded_as_tensorflow_rounds_to_bfloat16(kernel):
    import tensorflow as tf

    found = weights.unpack(weights.pack({"kernel": kernel}))
    np.testing.assert_array_equal(found["kernel"], tf.cast(tf.cast(kernel, tf.bfloat16), tf.float32).numpy())


def test_vectors_and_names_are_kept():
    rng = np.random.default_rng(0)
    shapes = {"a/kernel": (3, 3, 2, 5), "a/bias": (5,), "b/c/scale": (), "b/kernel": (5, 7), "b/bias": (7,)}
    given = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    found = weights.unpack(weights.pack(given))
    assert {name: array.shape for name, array in found.items()} == shapes
    for name in ("a/bias", "b/c/scale", "b/bias"):
        np.testing.assert_array_equal(found[name], given[name])


def test_a_kernel_of_a_trained_kind_takes_less_than_fourteen_bits_a_weight():
    kernel = np.random.default_rng(0).normal(0, 0.05, (3, 3, 64, 64)).astype(np.float32)
    assert 8 * len(weights.pack({"kernel": kernel})) / kernel.size < 14


@pytest.mark.parametrize("content", [b"", b"PK", weights.pack({"kernel": np.zeros((2, 2))})[:-9]])
def test_damage_is_refused(content):
    with pytest.raises(CourseError, match="cannot be read"):
        weights.unpack(content)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_weights_of_a_training_that_diverged_are_not_packed(wrong):
    with pytest.raises(CourseError, match="b/bias is not finite"):
        weights.pack({"a": np.zeros((2, 2)), "b/bias": np.array([1.0, wrong])})


def test_equal_weights_make_equal_files(monkeypatch):
    given = {"a/kernel": np.ones((3, 4), np.float32), "a/bias": np.zeros(4, np.float32)}
    first = weights.pack(given)
    monkeypatch.setattr("time.localtime", lambda *seconds: (2031, 5, 6, 7, 8, 9, 0, 0, 0))
    assert weights.pack(given) == first
