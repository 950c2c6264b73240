"""Corrected p-values, and the number of images that a difference needs."""

import numpy as np
import pytest
from scipy import stats

from course_utils.evaluation import holm, images_needed


def test_holm():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.5, 0.9]), [1.0, 1.0])
    assert holm([]).shape == (0,)


def test_images_needed_has_the_power_it_promises():
    """Of a mean of normal numbers the power is known exactly: Student's test finds it in four of five cases."""
    difference, deviation, images = 0.2, 1.0, 100
    half = stats.norm.ppf(0.975) * deviation / np.sqrt(images)
    needed = images_needed(difference, difference - half, difference + half, images)
    random = np.random.default_rng(0).normal(difference, deviation, size=(2000, round(needed)))
    assert np.mean(stats.ttest_1samp(random, 0, axis=1).pvalue < 0.05) == pytest.approx(0.8, abs=0.03)
    assert images_needed(0.0, -1.0, 1.0, 100) == np.inf
