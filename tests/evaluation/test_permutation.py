"""The permutation test: by simulation, and on cases with a known answer."""

import numpy as np
import pytest
from random_counts import SKILL, draw

from course_utils.errors import CourseError
from course_utils.evaluation import paired_test


def test_equal_systems_are_rarely_told_apart_and_unequal_ones_are():
    p_values = [
        paired_test(draw(40, [7, sample]), draw(40, [8, sample]), resamples=199).p_value for sample in range(300)
    ]
    assert np.mean(np.array(p_values) <= 0.05) < 0.09  # standard error 1.3 points
    assert 0.4 < np.mean(p_values) < 0.6
    better = paired_test(draw(40, 9, np.minimum(SKILL + 0.15, 0.95)), draw(40, 9))
    assert better.p_value < 0.01 and 0 < better.low < better.difference < better.high


def test_paired_test_of_a_system_with_itself_and_with_its_sides_changed():
    first, second = draw(25, 10), draw(25, 11)
    same = paired_test(first, first)
    assert same == (0.0, 0.0, 0.0, 1.0)
    one, other = paired_test(first, second), paired_test(second, first)
    assert (one.difference, one.low, one.high) == pytest.approx((-other.difference, -other.high, -other.low))
    assert one.p_value == other.p_value


def test_p_value_of_few_images_counts_all_exchanges():
    """With three images there are eight ways to exchange, two of which are as extreme as the truth."""
    good, bad = draw(3, 12, np.full(4, 0.95)), draw(3, 12, np.full(4, 0.3))
    assert paired_test(good, bad, resamples=20_000).p_value == pytest.approx(2 / 8, abs=0.02)


def test_the_same_number_of_images_is_asked_for():
    with pytest.raises(CourseError, match="same images twice, got 3 and 4"):
        paired_test(draw(3, 0), draw(4, 0))
