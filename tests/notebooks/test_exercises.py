"""The checks of every notebook's exercises: solutions and right answers of another shape pass, wrong ones fail.

`answers_NN.py` holds the answers to notebook NN: `RIGHT` and `WRONG`, lists of grade id and function, and `PARTLY`,
where a third entry says which points the answer brings.
"""

from importlib import import_module

import pytest
from exercises import Exercises

from course_utils.machine import checkout

NAMES = sorted(path.stem for path in (checkout() / "notebooks" / "source").glob("*.py"))
NOTEBOOKS = {name[:2]: exercises for name in NAMES if (exercises := Exercises(name)).points}


def answers(kind):
    """Every answer of a kind, "RIGHT", "PARTLY" or "WRONG", as parameters: notebook, grade id, function."""
    return [
        pytest.param(number, grade_id, *answer, id=f"{number}-{grade_id}-{count}")
        for number in NOTEBOOKS
        for count, (grade_id, *answer) in enumerate(getattr(import_module(f"answers_{number}"), kind, []))
    ]


EXERCISES = [(number, grade_id) for number, exercises in NOTEBOOKS.items() for grade_id in exercises.grade_ids]


@pytest.mark.parametrize(("number", "grade_id"), EXERCISES)
def test_solutions_pass(number, grade_id):
    NOTEBOOKS[number].check(grade_id)


@pytest.mark.parametrize(("number", "grade_id", "answer"), answers("RIGHT"))
def test_right_answers_of_another_shape_pass(number, grade_id, answer):
    NOTEBOOKS[number].check(grade_id, answer)


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:overflow")
@pytest.mark.parametrize(("number", "grade_id", "answer"), answers("WRONG"))
def test_wrong_answers_fail(number, grade_id, answer):
    assert NOTEBOOKS[number].brought(grade_id, answer) == 0


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:overflow", "ignore:divide by zero")
@pytest.mark.parametrize(("number", "grade_id", "answer", "points"), answers("PARTLY"))
def test_answers_that_are_partly_right_bring_their_part(number, grade_id, answer, points):
    with pytest.raises((AssertionError, TypeError, ValueError, IndexError, MemoryError)):
        NOTEBOOKS[number].check(grade_id, answer)
    assert NOTEBOOKS[number].brought(grade_id, answer) == points


@pytest.mark.parametrize(("number", "grade_id"), EXERCISES)
def test_untouched_exercises_fail(number, grade_id):
    def untouched(*arguments):
        raise NotImplementedError

    with pytest.raises(NotImplementedError):
        NOTEBOOKS[number].check(grade_id, untouched)


@pytest.mark.parametrize("number", NOTEBOOKS)
def test_every_notebook_is_marked_out_of_ten_and_tried(number):
    exercises, tried = NOTEBOOKS[number], import_module(f"answers_{number}")
    assert exercises.points == 10 and list(exercises.written) == ["words"] and all(exercises.written["words"])
    for kind in (tried.RIGHT, tried.WRONG):
        assert {grade_id for grade_id, _ in kind} == set(exercises.grade_ids)
    assert len(tried.WRONG) >= 20
