"""Fields of a few nodes: against sums by hand, and against the layer."""

import itertools

import numpy as np
import pytest

from course_utils.layers import DenseCRF
from course_utils.layers.random_fields.gaussian_filters import exact_appearance_filter, smoothness_filter
from course_utils.layers.random_fields.small_fields import free_energy, labelling_energy, mean_field


@pytest.fixture
def field():
    generator = np.random.default_rng(3)
    pairwise = np.triu(generator.uniform(0, 2, (5, 5)), 1)
    compatibility = generator.normal(size=(3, 3))
    return generator.normal(size=(5, 3)), pairwise + pairwise.T, compatibility + compatibility.T


def test_free_energy_of_a_certain_labelling_is_its_energy(field):
    for labels in itertools.product(range(3), repeat=5):
        certain = np.eye(3)[list(labels)]
        assert free_energy(certain, *field) == pytest.approx(labelling_energy(np.array(labels), *field))


def test_the_lowest_free_energy_is_no_lower_than_minus_log_z(field):
    energies = [labelling_energy(np.array(labels), *field) for labels in itertools.product(range(3), repeat=5)]
    marginals = np.full((5, 3), 1 / 3)
    for _ in range(20):
        before, marginals = free_energy(marginals, *field), mean_field(marginals, *field, in_turn=True)
        assert -np.log(np.sum(np.exp(-np.array(energies)))) <= free_energy(marginals, *field) <= before + 1e-9
    np.testing.assert_allclose(marginals, mean_field(marginals, *field), atol=1e-3)


def test_all_at_once_is_the_layers_iteration():
    generator = np.random.default_rng(0)
    logits, images = generator.normal(size=(1, 3, 4, 2)), generator.uniform(size=(1, 3, 4, 3)).astype("float32")
    units = np.eye(12, dtype="float32").reshape(1, 3, 4, 12)
    pairwise = 1.5 * exact_appearance_filter(images, 2.0, 0.3)(units) + 0.5 * smoothness_filter(images, 1.0)(units)
    layer = DenseCRF(1, 1.5, 2.0, 0.3, 0.5, 1.0)
    start = np.exp(logits.reshape(12, 2)) / np.exp(logits.reshape(12, 2)).sum(1, keepdims=True)
    found = mean_field(start, logits.reshape(12, 2), pairwise.numpy().reshape(12, 12), 1 - np.eye(2))
    refined = layer([logits.astype("float32"), images]).numpy().reshape(12, 2)
    np.testing.assert_allclose(found[:, 0], 1 / (1 + np.exp(refined[:, 1] - refined[:, 0])), rtol=1e-4)
