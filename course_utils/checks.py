"""What graded cells call to compare an answer with the expected value, and to say what differs.

A check raises `AssertionError`; it never prints "correct" and never returns a verdict that could be ignored. It
compares the kind of the answer first, then its shape, its missing values, and finally its values.

`adopt` is for the cells in between: the lesson goes on with the student's own function if it is right.
"""

import copy
from collections.abc import Callable, Mapping

import numpy as np

_KINDS = {"b": "true or false", "i": "integers", "u": "integers", "f": "floating-point numbers"}


def assert_same(actual, expected, *, name: str = "the answer", rtol: float = 1e-5, atol: float = 1e-7) -> None:
    """Check that an answer equals the expected value.

    The answer may be a number, list, tuple, NumPy array or TensorFlow tensor. Its precision may differ from that of
    `expected`; its kind (integers, floating-point numbers, or true and false) may not.

    Args:
        actual: the answer.
        expected: a number or an array, with NaN where the answer should be NaN.
        name: what messages call the answer.
        rtol: relative tolerance; an element may differ by `atol + rtol * abs(expected)`.
        atol: absolute tolerance. Integers must be equal.

    Raises:
        AssertionError: the answer differs; the message says how.
    """
    fault = _fault(actual, np.asarray(expected), name, rtol, atol)
    if fault:
        raise AssertionError(fault)


def adopt(name: str, cells: Mapping[str, object], ours: Callable, trials: list[tuple]) -> Callable:
    """The student's function if it does what the course's own does, the course's own otherwise; says which in a line.

    So the figures after an exercise run on the student's function, and a notebook runs to its end without it, too.

        insert = adopt("insert_zeros", globals(), ours=zeros_by_layer, trials=[(np.ones((2, 3)), 2)])

    Args:
        name: of the function that the exercise asks for.
        cells: what the notebook has defined, `globals()`.
        ours: the course's own function.
        trials: arguments to try both with, a tuple for each call; each call gets copies.

    Returns:
        one of the two functions.
    """
    try:
        yours = cells[name]
        for given in trials:
            found, expected = (function(*copy.deepcopy(given)) for function in (yours, ours))
            found = tuple(found) if isinstance(expected, tuple) else found  # a list of two arrays will do
            for part, wanted in zip(*map(_parts, (found, expected)), strict=True):
                assert_same(np.asarray(part, np.float64), np.asarray(wanted, np.float64), rtol=1e-4, atol=1e-5)
    except Exception as error:  # a student's function may raise anything
        missing = name not in cells or isinstance(error, NotImplementedError)
        reason = "not written" if missing else "not right"
        print(
            f"{name} is {reason} yet: what follows uses the course's own. Come back to the exercise whenever you like."
        )
        return ours
    print(f"What follows runs on your {name}.")
    return yours


def _parts(answer) -> tuple:
    """An answer of several arrays as a tuple of them."""
    return answer if isinstance(answer, tuple) else (answer,)


def _fault(actual, expected, name, rtol, atol) -> str | None:
    """What differs, apart from `assert_same`, whose lines a student sees above the message."""
    if actual is None:
        return f"{name} is None: does the function return its result?"
    try:
        actual = np.asarray(actual)
    except (ValueError, TypeError) as error:
        return f"{name} is not an array of numbers: {error}"
    kind, wanted = _KINDS.get(actual.dtype.kind), _KINDS[expected.dtype.kind]
    if kind != wanted:
        return f"{name} should hold {wanted}, but it holds {kind or actual.dtype}."
    if actual.shape != expected.shape:
        return f"{name} should have shape {expected.shape}, but it has shape {actual.shape}."
    if wanted == _KINDS["f"]:
        missing = np.isnan(actual) != np.isnan(expected)
        if missing.any():
            place = tuple(int(i) for i in np.argwhere(missing)[0])
            found, right = ("NaN" if np.isnan(n[place]) else f"{n[place]:.7g}" for n in (actual, expected))
            return f"{name} at {place} is {found}, expected {right}."
        wrong = ~np.isclose(actual.astype(np.float64), expected, rtol=rtol, atol=atol, equal_nan=True)
    else:
        wrong = actual != expected
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        where = f" at {place}" if place else ""
        count = f"{wrong.sum()} of {wrong.size} values differ; the first{where}" if wrong.size > 1 else "it"
        found, right = (str(n[place]) if n.dtype.kind == "b" else f"{n[place]:.7g}" for n in (actual, expected))
        return f"{name} is wrong: {count} is {found}, expected {right}."
    return None
