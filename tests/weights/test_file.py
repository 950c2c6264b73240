"""Packed weights: 16 bits of each number of a kernel, and nothing else lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from course_utils import weights
from course_utils.errors import CourseError

FLOATS = st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False)


def there_and_back(*arrays):
    return weights.unpack(weights.pack(arrays), [array.shape for array in arrays])


@given(arrays.arrays(np.float32, (2, 3, 4), elements=FLOATS))
def test_kernels_are_rounded_as_tensorflow_rounds_to_bfloat16(kernel):
    import tensorflow as tf

    (found,) = there_and_back(kernel)
    np.testing.assert_array_equal(found, tf.cast(tf.cast(kernel, tf.bfloat16), tf.float32).numpy())


def test_vectors_and_order_are_kept():
    rng = np.random.default_rng(0)
    given = [rng.normal(size=shape).astype(np.float32) for shape in ((3, 3, 2, 5), (5,), (), (5, 7), (7,))]
    found = there_and_back(*given)
    assert [array.shape for array in found] == [array.shape for array in given]
    for number in (1, 2, 4):
        np.testing.assert_array_equal(found[number], given[number])


def test_a_kernel_of_a_trained_kind_takes_less_than_fourteen_bits_a_weight():
    kernel = np.random.default_rng(0).normal(0, 0.05, (3, 3, 64, 64)).astype(np.float32)
    assert 8 * len(weights.pack([kernel])) / kernel.size < 14


@pytest.mark.parametrize(
    ("content", "shapes", "complaint"),
    [
        (b"", [(2, 2)], "cannot be read"),
        (weights.pack([np.zeros((2, 2))])[:-9], [(2, 2)], "cannot be read"),
        (weights.pack([np.zeros((2, 2))]), [(2, 2), (2,)], "holds 1 weights, the network has 2"),
        (weights.pack([np.zeros((2, 3))]), [(3, 2)], r"Weight 0 has the shape \[2, 3\], that of the network \[3, 2\]"),
        (weights.pack([np.zeros(2)]), [(2, 1)], "Weight 0 has the shape"),
    ],
)
def test_other_weights_and_damage_are_refused(content, shapes, complaint):
    with pytest.raises(CourseError, match=complaint):
        weights.unpack(content, shapes)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_weights_of_a_training_that_diverged_are_not_packed(wrong):
    with pytest.raises(CourseError, match="Weight 1 of 2 is not finite"):
        weights.pack([np.zeros((2, 2)), np.array([1.0, wrong])])
