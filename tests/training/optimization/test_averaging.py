"""The average of a network: of weights and statistics, leaving quickly at first."""

import numpy as np
import pytest

from course_utils.backend import keras
from course_utils.layers import BatchNormalization
from course_utils.training.optimization.averaging import WeightAverage


@pytest.fixture
def model():
    inputs = keras.Input((4, 4, 2))
    return keras.Model(inputs, BatchNormalization()(keras.layers.Conv2D(2, 1)(keras.layers.Dropout(0.1)(inputs))))


def fill(model, value):
    for variable in model.weights:
        variable.assign(np.full(variable.shape, value))


def test_weights_and_statistics_are_averaged_and_then_given_back(model):
    fill(model, 0)
    average, expected = WeightAverage(model, 0.2), 0.0
    for step in range(1, 20):
        fill(model, step)
        average.follow(step)
        momentum = min(0.2, step / (step + 50))
        expected = momentum * expected + (1 - momentum) * step
    with average.applied():
        for variable in model.weights:
            np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-5)
    for variable in model.weights:
        np.testing.assert_array_equal(variable.numpy(), 19)


def test_the_weights_come_back_after_an_error(model):
    fill(model, 0)
    average = WeightAverage(model, 0.9)
    fill(model, 3)
    with pytest.raises(KeyError), average.applied():
        raise KeyError
    assert all((variable.numpy() == 3).all() for variable in model.weights)


def test_an_average_goes_on_from_a_file(model, tmp_path):
    fill(model, 2)
    WeightAverage(model, 0.9).save(tmp_path / "average.npz")
    fill(model, 5)
    average = WeightAverage(model, 0.9)
    average.restore(tmp_path / "average.npz")
    with average.applied():
        assert all((variable.numpy() == 2).all() for variable in model.weights)
