"""What graded cells call to compare an answer with the expected value, and to say what differs.

A check raises `AssertionError`; it never prints "correct" and never returns a verdict that could be ignored. It
compares the kind of the answer first, then its shape, its missing values, and finally its values.
"""

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
        _assert_nans_match(actual, expected, name)
        wrong = ~np.isclose(actual.astype(np.float64), expected, rtol=rtol, atol=atol, equal_nan=True)
    else:
        wrong = actual != expected
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        where = f" at {place}" if place else ""
        count = f"{wrong.sum()} of {wrong.size} values differ; the first{where}" if wrong.size > 1 else "it"
        raise AssertionError(f"{name} is wrong: {count} is {actual[place]:.7g}, expected {expected[place]:.7g}.")


def _assert_nans_match(actual, expected, name):
    missing = np.isnan(actual) != np.isnan(expected)
    if missing.any():
        place = tuple(int(i) for i in np.argwhere(missing)[0])
        got = "NaN" if np.isnan(actual[place]) else f"{actual[place]:.7g}"
        want = "NaN" if np.isnan(expected[place]) else f"{expected[place]:.7g}"
        raise AssertionError(f"{name} at {place} is {got}, expected {want}.")
