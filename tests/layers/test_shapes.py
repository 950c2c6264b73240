"""`layers.shapes.window` against indexing."""

import math

import numpy as np
import pytest

from course_utils.backend import tf
from course_utils.layers.shapes import window


@pytest.mark.parametrize("rest", [(), (3,), (2, 3)], ids=str)
@pytest.mark.parametrize("known", [True, False], ids=["sizes known", "sizes unknown"])
def test_a_window_and_its_gradient_are_those_of_indexing(known, rest):
    maps = np.random.default_rng(0).normal(size=(2, 6, 7, *rest)).astype("float32")
    shape = maps.shape if known else [None, None, None, *rest]

    @tf.function(input_signature=[tf.TensorSpec(shape)])
    def both(maps):
        found = []
        for cut in (lambda maps: window(maps, 1, 2, 4, 3), lambda maps: maps[:, 1:5, 2:5]):
            with tf.GradientTape() as tape:
                tape.watch(maps)
                part = cut(maps)
                total = tf.reduce_sum(
                    tf.sin(part) * tf.reshape(tf.range(24 * math.prod(rest), dtype=tf.float32), tf.shape(part))
                )
            found += [part, tape.gradient(total, maps)]
        assert found[0].shape[1:] == (4, 3, *rest)
        return found

    part, gradient, indexed, its_gradient = both(tf.constant(maps))
    np.testing.assert_array_equal(part, indexed)
    np.testing.assert_array_equal(gradient, its_gradient)
