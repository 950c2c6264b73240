"""Plain values survive the way to the other process and back; nothing else gets through."""

import json
import pickle

import numpy as np
import pytest

from course_utils.tools.labs.sandbox.values import NotPlain, dumps, loads

VALUES = [
    None, True, 3, -(10**30), 10**400, 2.5, "text", "half a letter: \ud800",
    [], [1, [2.0, None]], (1, (2,)), {"a": (1, 2), 3: [4], (5, "b"): None},
    np.arange(6).reshape(2, 3), np.array(2.5, np.float32), np.float64(2.5), np.uint8(7), np.bool_(True),
    np.zeros((0, 5), int), np.array([1 + 2j]), [np.eye(2), (np.zeros(3, bool), "x")], np.arange(6.0).reshape(2, 3).T,
    np.arange(3, dtype=">i4"),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_round_trip(value):
    back = loads(*dumps(value))
    assert type(back) is type(value)
    np.testing.assert_equal(back, value)
    if isinstance(value, np.ndarray):
        assert back.dtype == value.dtype.newbyteorder("=") and back.shape == value.shape and back.flags.writeable


def test_infinities():
    assert np.isnan(loads(*dumps(float("nan")))) and loads(*dumps([float("inf")])) == [float("inf")]


def test_neighbours_of_plain_values():
    class Array:
        def __array__(self, dtype=None, copy=None):
            return np.ones(2)

    assert loads(*dumps(range(3))) == [0, 1, 2]
    assert np.array_equal(loads(*dumps(Array())), [1, 1])


@pytest.mark.parametrize("value", [print, iter([]), {1}, b"x", np.array([{}]), np.array(["x"]), object()])
def test_refused_on_the_way_out(value):
    with pytest.raises(NotPlain):
        dumps([value])


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"\xff", pickle.dumps([1]), b"[" * 10**5, b'{"a": 1, "b": 2}', b'{"set": []}', b'{"tuple": 3}',
        b'{"array": ["|O", [1], false]}', b'{"array": ["<f8", [2], false]}', b'{"array": ["<f8", [-1], false]}',
        b'{"array": ["<f8", ["2"], false]}', b'{"array": ["<f8", [1e9], false]}', b'{"array": [["<f8"], [1], false]}',
        b'{"array": 3}', b'{"array": ["<f8"]}', b'{"dict": [[[1], 2]]}', b'{"dict": [1]}', b'{"tuple": "12"}',
        b'{"tuple": {"array": ["|u1", [8], false]}}', b'{"dict": {"dict": []}}', b"{}",
        json.dumps({"array": ["<f8", [1] * 99, False]}).encode(), b"9" * 5000,
    ],
)  # fmt: skip
def test_refused_on_the_way_in(text):
    with pytest.raises(NotPlain):
        loads(text, b"12345678")
