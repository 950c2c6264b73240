"""What a check is: an answer compared with what it should be, and words that say what differs.

A check raises `AssertionError`, never prints "correct" and never returns a verdict that could be ignored. It looks at
the kind of the answer first, then at its shape, its finiteness and last at its values.
"""

import numpy as np

_KINDS = {"b": "true or false", "i": "integers", "u": "integers", "f": "floating-point numbers"}


def assert_same(actual, expected, *, name: str = "the answer", rtol: float = 1e-5, atol: float = 1e-7) -> None:
    """Check an answer against the expected value.

    Lists, tuples, NumPy arrays and TensorFlow tensors are all welcome as answers; their precision may differ from that
    of `expected`, their kind (integers, floating-point numbers, true or false) may not.

    Args:
        actual: the answer.
        expected: what it should be: a number or an array; NaN where the answer should be NaN.
        name: what the message calls the answer.
        rtol, atol: an element may differ by `atol + rtol * abs(expected)`; integers must be equal.

    Raises:
        AssertionError: the answer differs; the message says how.
    """
    expected = np.asarray(expected)
    if actual is None:
        raise AssertionError(f"{name} is None: does the function return its result?")
    try:
        actual = np.asarray(actual)
    except (ValueError, TypeError) as error:
        raise AssertionError(f"{name} is not an array of numbers: {error}") from None
    kind, wanted = _KINDS.get(actual.dtype.kind), _KINDS[expected.dtype.kind]
    if kind != wanted:
        raise AssertionError(f"{name} should hold {wanted}, but it holds {kind or actual.dtype}.")
    if actual.shape != expected.shape:
        raise AssertionError(f"{name} should have shape {expected.shape}, but it has shape {actual.shape}.")
    if wanted == _KINDS["f"]:
        _assert_finite(actual, expected, name)
        wrong = ~np.isclose(actual.astype(np.float64), expected, rtol=rtol, atol=atol, equal_nan=True)
    else:
        wrong = actual != expected
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        where = f" at {place}" if place else ""
        count = f"{wrong.sum()} of {wrong.size} values differ; the first{where}" if wrong.size > 1 else "it"
        raise AssertionError(f"{name} is wrong: {count} is {actual[place]:.7g}, expected {expected[place]:.7g}.")


def _assert_finite(actual, expected, name):
    missing = np.isnan(actual) != np.isnan(expected)
    if missing.any():
        place = tuple(int(i) for i in np.argwhere(missing)[0])
        got = "NaN" if np.isnan(actual[place]) else f"{actual[place]:.7g}"
        want = "NaN" if np.isnan(expected[place]) else f"{expected[place]:.7g}"
        raise AssertionError(f"{name} at {place} is {got}, expected {want}.")
