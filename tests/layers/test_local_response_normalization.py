"""`LocalResponseNormalization` against its formula."""

import numpy as np
import pytest
from layer_checks import check_layer

from course_utils.layers import LocalResponseNormalization


@pytest.mark.parametrize("size", [1, 3, 5])
def test_equals_the_formula(size):
    inputs = np.random.default_rng(0).normal(size=(2, 3, 4, 7)).astype("float32") * 20
    expected = np.empty_like(inputs)
    for channel in range(7):
        around = inputs[..., max(0, channel - size // 2) : channel + size // 2 + 1]
        energy = (around**2).sum(-1)
        expected[..., channel] = inputs[..., channel] / (2 + 0.1 / size * energy) ** 0.6
    layer = LocalResponseNormalization(size=size, alpha=0.1, beta=0.6, bias=2.0)
    np.testing.assert_allclose(layer(inputs), expected, rtol=1e-4)


def test_layer_contract():
    inputs = np.random.default_rng(0).uniform(size=(2, 5, 7, 3)).astype("float32")
    arguments = {"size": 3, "alpha": 0.1, "beta": 0.6, "bias": 2.0}
    check_layer(LocalResponseNormalization, arguments, inputs, tolerance=1e-5)


def test_float16_survives_the_energy_of_8_bit_images():
    inputs = np.full((1, 1, 1, 3), 255.0, "float32")
    exact = LocalResponseNormalization()(inputs)
    np.testing.assert_allclose(LocalResponseNormalization(dtype="mixed_float16")(inputs), exact, rtol=1e-3)
