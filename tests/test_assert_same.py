import numpy as np
import pytest

from course_utils.checks import adopt, assert_same

RIGHT = np.array([[1.0, 2.0], [np.nan, 4.0]])


@pytest.mark.parametrize(
    "answer",
    [RIGHT, RIGHT.tolist(), tuple(map(tuple, RIGHT)), RIGHT.astype(np.float32), RIGHT * (1 + 1e-7)],
    ids=["array", "list", "tuple", "float32", "rounding"],
)
def test_right_answers_of_any_shape_of_code_pass(answer):
    assert_same(answer, RIGHT)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "None"),
        ("text", "should hold floating-point numbers"),
        (RIGHT.T, "is NaN, expected 2"),
        (RIGHT.ravel(), r"shape \(2, 2\)"),
        (RIGHT[None], r"shape \(2, 2\)"),
        (np.ones((2, 2), int), "holds integers"),
        (np.zeros((2, 2)), "is 0, expected NaN"),
        (RIGHT + np.array([[0, 0], [0, 1e-3]]), r"at \(1, 1\) is 4.001, expected 4"),
        (np.array([[np.inf, 2], [np.nan, 4]]), "is inf, expected 1"),
        ([[1.0, 2.0], [3.0]], "not an array"),
    ],
)
def test_wrong_answers_fail_and_the_message_says_why(answer, words):
    with pytest.raises(AssertionError, match=words):
        assert_same(answer, RIGHT)


def test_integers_are_compared_exactly_and_true_is_no_integer():
    assert_same(np.uint8([3, 4]), [3, 4])
    with pytest.raises(AssertionError, match="1 of 2 values differ"):
        assert_same([3, 5], [3, 4])
    with pytest.raises(AssertionError, match="true or false"):
        assert_same([True, False], [1, 0])
    with pytest.raises(AssertionError, match="is False, expected True"):
        assert_same([True, False], [True, True])


def test_an_object_that_claims_to_equal_everything_fails():
    class Liar:
        def __eq__(self, other):
            return True

    with pytest.raises(AssertionError):
        assert_same(Liar(), 3.0)


def doubled(values):
    return 2 * values


def spoils(values):
    values += values
    return values


@pytest.mark.parametrize(
    ("yours", "taken"),
    [
        (lambda values: values + values, True),
        (lambda values: (2 * values).tolist(), True),
        (lambda values: (2 * values).astype(np.float32), True),
        (spoils, True),  # each call gets a copy, so that the next one is not spoiled
        (lambda values: 3 * values, False),
        (lambda values: 2 * values[:-1], False),
        (lambda values: None, False),
        (lambda values: 1 / 0, False),
        (lambda values: "no", False),
        (lambda: 0, False),
        (7, False),
    ],
)
def test_the_lesson_goes_on_with_the_right_function(yours, taken, capsys):
    trials = [(np.array([1.0, 2.0]),), (np.array([3.0, -1.0, 0.5]),)]
    function = adopt("twice", {"twice": yours}, ours=doubled, trials=trials)
    assert function is (yours if taken else doubled)
    assert ("your twice" if taken else "not right yet") in capsys.readouterr().out
    assert trials[0][0].tolist() == [1.0, 2.0]


def not_begun(values):
    raise NotImplementedError


@pytest.mark.parametrize("cells", [{}, {"twice": not_begun}])
def test_without_the_function_the_lesson_goes_on_as_well(cells, capsys):
    assert adopt("twice", cells, ours=doubled, trials=[(1.0,)]) is doubled
    assert "not written yet" in capsys.readouterr().out


def test_every_part_of_an_answer_has_to_be_right():
    def pair(values):
        return values, 2 * values

    for wrong in (lambda values: values, lambda values: (values,), lambda values: (values, values)):
        assert adopt("pair", {"pair": wrong}, ours=pair, trials=[(1.0,)]) is pair
    for right in (lambda v: (v, v + v), lambda v: [v, v + v]):
        assert adopt("pair", {"pair": right}, ours=pair, trials=[(1.0,)]) is right
