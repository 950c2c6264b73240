"""All pairs at once: the same as each pair by itself, corrected for their number."""

from itertools import combinations

import numpy as np
import pytest
from random_counts import SKILL, draw

from course_utils.errors import CourseError
from course_utils.evaluation import compare_all, holm, images_needed, paired_test
from course_utils.evaluation.measures.score_functions import pixel_accuracy
from course_utils.evaluation.statistics.pairs import PairTests


@pytest.fixture(scope="module")
def systems():
    return {"bad": draw(30, 1, SKILL - 0.15), "good": draw(30, 1), "other": draw(30, 1, SKILL - 0.02)}


def test_each_pair_is_the_paired_test(systems):
    pairs = compare_all(systems, pixel_accuracy, resamples=400, seed=3)
    for i, j in combinations(range(3), 2):
        first, second = (list(systems.values())[k] for k in (i, j))
        one = paired_test(first, second, pixel_accuracy, resamples=400, seed=3)
        found = [values[i, j] for values in (pairs.difference, pairs.low, pairs.high, pairs.p_value)]
        np.testing.assert_allclose(found, one, rtol=1e-9)
        turned = paired_test(second, first, pixel_accuracy, resamples=400, seed=3)
        assert pairs.p_value[j, i] == pairs.p_value[i, j] == turned.p_value
        np.testing.assert_allclose(
            [pairs.difference[j, i], pairs.low[j, i], pairs.high[j, i]], [-one.difference, -one.high, -one.low]
        )


def test_all_pairs_are_corrected_together(systems):
    pairs = compare_all(systems, resamples=300)
    upper = np.triu_indices(3, 1)
    np.testing.assert_allclose(pairs.corrected[upper], holm(pairs.p_value[upper]))
    np.testing.assert_array_equal(pairs.decided, pairs.decided.T)
    assert not pairs.decided.diagonal().any() and np.isnan(pairs.difference.diagonal()).all()


def test_a_system_does_not_differ_from_itself(systems):
    pairs = compare_all({"a": systems["good"], "b": systems["good"].copy()}, resamples=50)
    assert pairs.difference[0, 1] == 0 and pairs.p_value[0, 1] == 1
    assert np.isinf(pairs.images_needed()[0, 1]) and pairs.groups() == [(0, 1)]


def table(scores, decided):
    """Pair tests of which only scores and decisions are of interest."""
    scores, corrected = np.array(scores), np.full((len(scores),) * 2, 1.0)
    for i, j in decided:
        corrected[i, j] = corrected[j, i] = 0.01
    np.fill_diagonal(corrected, np.nan)
    difference = scores[:, None] - scores
    np.fill_diagonal(difference, np.nan)
    names = tuple(map(str, range(len(scores))))
    return PairTests(names, 50, 1, scores, difference, difference - 0.1, difference + 0.1, corrected, corrected)


def test_groups_are_the_longest_stretches_without_a_decided_pair():
    # Ranks: system 2, 0, 3, 1.
    pairs = table([0.6, 0.4, 0.7, 0.5], [(2, 1), (2, 3)])
    assert pairs.ranking().tolist() == [2, 0, 3, 1]
    assert pairs.groups() == [(0, 1), (1, 3)]
    assert table([0.6, 0.5], [(0, 1)]).groups() == []
    assert table([0.6, 0.5, 0.4], []).groups() == [(0, 2)]


def test_what_is_needed_is_asked_of_open_pairs_only():
    pairs = table([0.6, 0.4, 0.59], [(0, 1)])
    needed = pairs.images_needed()
    assert np.isnan(needed[0, 1]) and np.isnan(needed[0, 0])
    assert needed[0, 2] == pytest.approx(images_needed(0.01, -0.09, 0.11, 50, comparisons=3))
    assert needed[2, 1] >= pairs.images  # not decided on so many


def test_wrong_input_is_refused():
    with pytest.raises(CourseError, match="at least two systems, got 1"):
        compare_all({"a": draw(5, 0)})
    with pytest.raises(CourseError, match=r"same images, got \[4, 5\]"):
        compare_all({"a": draw(5, 0), "b": draw(4, 0)})
