"""Plain data as bytes and back: numbers, text, lists, tuples, dictionaries and arrays of numbers, and nothing else.

What a student's process sends is not trusted, so nothing is unpickled or evaluated: the structure is JSON, in which
integers may have any size and text may hold lone surrogates; an array is a type from a fixed list, a shape, and bytes.
A record with one key stands for what JSON lacks: `{"tuple": [...]}`, `{"dict": [[key, value], ...]}` and
`{"array": [type, shape, scalar]}`, its bytes being the next ones of those that travel beside the structure.
"""

import json
import math

import numpy as np

MAX_TEXT = 4 * 2**20
"""Bytes of structure (numbers, text, lists) in one value."""
MAX_ARRAYS = 64 * 2**20
"""Bytes of arrays in one value."""
MAX_LISTS = 400_000
"""Brackets in the structure of one value: an empty list takes many times the memory of its text."""
MAX_KEYS = 2000
"""Entries of dictionaries in one value: keys can be chosen such that finding one among many takes for ever."""
_MAX_PARTS = 8
"""Items of a tuple that is a key, for the same reason."""

_NAMES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128"
_DTYPES = {np.dtype(name).str: np.dtype(name) for name in _NAMES.split()}


class NotPlain(Exception):
    """A value that cannot be sent, or bytes that are not a value; for students, the text completes "it returned"."""


def dumps(value) -> tuple[bytes, bytes]:
    """The structure and the arrays of a value, as bytes.

    Tensors, and everything else that NumPy can turn into an array, become arrays; a range becomes a list.

    Raises:
        NotPlain: the value holds something that is not plain data, or is too large.
    """
    arrays: list[bytes] = []
    size = keys = 0

    def array(data, scalar):
        nonlocal size
        data = np.asarray(data)
        if data.dtype.newbyteorder("=").str not in _DTYPES:
            raise NotPlain(f"an array of type {data.dtype}, not of numbers")
        data = data.astype(data.dtype.newbyteorder("="), copy=False)
        size += data.nbytes
        if size > MAX_ARRAYS:
            raise NotPlain(f"more than {MAX_ARRAYS // 2**20} MiB of arrays")
        arrays.append(data.tobytes())
        return {"array": [data.dtype.str, list(data.shape), scalar]}

    def plain(value):
        nonlocal keys
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, np.generic) and not isinstance(value, str | bytes):
            return array(value, True)
        if isinstance(value, complex):
            return array(np.complex128(value), True)
        for kind in (int, float, str):
            if isinstance(value, kind):
                return kind(value)
        if isinstance(value, tuple):
            return {"tuple": [plain(item) for item in value]}
        if isinstance(value, list | range):
            return [plain(item) for item in value]
        if isinstance(value, dict):
            keys += len(value)
            if keys > MAX_KEYS:
                raise NotPlain(f"more than {MAX_KEYS} entries of dictionaries")
            return {"dict": [[plain(key), plain(item)] for key, item in value.items()]}
        if isinstance(value, np.ndarray) or hasattr(value, "__array__"):
            return array(value, False)
        raise NotPlain(f"an object of type {type(value).__name__}")

    try:
        text = json.dumps(plain(value)).encode()
    except RecursionError:
        raise NotPlain("lists nested too deeply") from None
    except ValueError as error:
        raise NotPlain(f"a value that cannot be sent ({error})") from None
    if len(text) > MAX_TEXT:
        raise NotPlain(f"more than {MAX_TEXT // 2**20} MiB of lists and text; return an array")
    if _brackets(text) > MAX_LISTS:
        raise NotPlain("too many lists; return an array")
    return text, b"".join(arrays)


def loads(text: bytes, arrays: bytes):
    """The value of `dumps`, from bytes that may be anything.

    Raises:
        NotPlain: the bytes are not those of a value.
    """
    used = keys = 0
    if len(text) > MAX_TEXT or _brackets(text) > MAX_LISTS:
        raise NotPlain("a structure that is too large")

    def array(description):
        nonlocal used
        kind, shape, scalar = description
        if kind not in _DTYPES or len(shape) > 32 or not all(type(n) is int and 0 <= n < 2**40 for n in shape):
            raise ValueError("an array of another kind")
        start, used = used, used + math.prod(shape) * _DTYPES[kind].itemsize
        if used > len(arrays):
            raise ValueError("an array without its bytes")
        data = np.frombuffer(memoryview(arrays)[start:used], _DTYPES[kind]).reshape(shape).copy()
        return data[()] if scalar is True and not shape else data

    def dictionary(pairs):
        nonlocal keys
        keys += len(pairs)
        if keys > MAX_KEYS or not all(_can_be_key(key) for key, _ in pairs):
            raise ValueError("a dictionary of another kind")
        return dict(pairs)

    readers = {"tuple": tuple, "dict": dictionary, "array": array}

    def record(pairs):
        [(kind, content)] = pairs
        if type(content) is not list:  # an array, say, whose elements would become objects of many times its size
            raise ValueError("a record without a list")
        return readers[kind](content)

    try:
        return json.loads(text, object_pairs_hook=record)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, MemoryError) as error:
        raise NotPlain(f"bytes that are not a value ({type(error).__name__})") from None


def _brackets(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{")


def _can_be_key(key) -> bool:
    if isinstance(key, tuple):
        return len(key) <= _MAX_PARTS and not any(isinstance(part, tuple) or not _can_be_key(part) for part in key)
    return key is None or isinstance(key, str | int | float | np.generic)
