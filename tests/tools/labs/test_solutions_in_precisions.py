"""Every exercise's check passes its own solution, computed in single precision and on tensors."""

import numpy as np
import pytest

from course_utils.machine import checkout
from course_utils.tools.labs.lab.source import find_lab, read_lab

LABS = sorted(path.stem.removeprefix("answers_") for path in (checkout() / "tests" / "notebooks").glob("answers_*.py"))


def single(value):
    """Arrays of double precision in single precision, inside lists and tuples, too."""
    if isinstance(value, list | tuple):
        return type(value)(single(item) for item in value)
    is_array = isinstance(value, np.ndarray) and value.dtype == np.float64
    return value.astype(np.float32) if is_array else value


def as_tensors(value):
    """Arrays of numbers as tensors, inside lists and tuples, too."""
    import tensorflow as tf

    if isinstance(value, list | tuple):
        return type(value)(as_tensors(item) for item in value)
    return tf.constant(value) if isinstance(value, np.ndarray) and value.dtype != object else value


WAYS = {
    "in single precision": lambda solution: lambda *given, **named: solution(*single(given), **named),
    "rounded to single precision": lambda solution: lambda *given, **named: single(solution(*given, **named)),
    "as tensors": lambda solution: lambda *given, **named: as_tensors(solution(*given, **named)),
}


@pytest.mark.parametrize("number", LABS)
def test_solutions_pass_in_every_precision(number):
    lab = read_lab(find_lab(number))
    setup = {"__name__": "__check__"}
    for source in lab.setup:
        exec(source, setup)
    failed = {}
    for exercise in lab.marked:
        solved = dict(setup)
        exec(exercise.answer, solved)
        for way, wrap in WAYS.items():
            namespace = {**setup, **{name: wrap(solved[name]) for name in exercise.names}}
            try:
                exec(exercise.check, namespace)
            except AssertionError as error:
                failed[exercise.grade_id, way] = str(error)
    assert not failed
