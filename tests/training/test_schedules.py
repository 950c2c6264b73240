import itertools

import pytest

from course_utils.training.schedules import SCHEDULES, WARM_UP, constant, learning_rate, poly


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_start_at_the_peak_and_never_rise(name):
    factors = [SCHEDULES[name](i / 100) for i in range(101)]
    assert factors[0] == pytest.approx(1.0)
    assert all(later <= earlier + 1e-12 for earlier, later in itertools.pairwise(factors))
    assert all(0.0 <= factor <= 1.0 for factor in factors)


@pytest.mark.parametrize("name", sorted(set(SCHEDULES) - {"constant"}))
def test_schedules_end_at_zero(name):
    assert SCHEDULES[name](1.0) == pytest.approx(0.0, abs=1e-9)


def test_poly_is_the_published_formula():
    # Chen et al. 2017: (1 - iter/max_iter) ** 0.9 at half time.
    assert learning_rate(poly, 0.01, 0.5) == pytest.approx(0.01 * 0.5**0.9)


def test_warm_up_rises_to_the_schedule():
    rates = [learning_rate(constant, 1.0, share * WARM_UP) for share in (0.0, 0.5, 1.0)]
    assert 0 < rates[0] < rates[1] < rates[2] == 1.0
