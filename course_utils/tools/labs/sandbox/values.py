"""Plain data as bytes and back: numbers, text, lists, tuples, dictionaries and arrays of numbers, and nothing else.

What arrives from a student's process is not trusted, so nothing here unpickles or evaluates: the structure is JSON, an
array is its type, one of a fixed list, its shape, and its bytes.
"""

import json
import math

import numpy as np

MAX_TEXT = 4 * 2**20
"""Bytes of structure (numbers, text, lists) in one value."""
MAX_ARRAYS = 64 * 2**20
"""Bytes of arrays in one value."""

_NAMES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 complex128"
_DTYPES = {np.dtype(name).str: np.dtype(name) for name in _NAMES.split()}


class NotPlain(Exception):
    """A value that cannot be sent, or bytes that are no value; the text says why in the student's words."""


def dumps(value) -> tuple[bytes, bytes]:
    """The structure and the arrays of a value, as bytes.

    Tensors and other things that NumPy makes an array of become arrays; a range becomes a list.

    Raises:
        NotPlain: the value holds something that is not plain data, or is too large.
    """
    arrays: list[bytes] = []
    size = 0

    def array(data, scalar):
        nonlocal size
        data = np.asarray(data)
        if data.dtype.newbyteorder("=").str not in _DTYPES:
            raise NotPlain(f"an array of type {data.dtype}, not of numbers")
        data = data.astype(data.dtype.newbyteorder("="), copy=False)
        if size + data.nbytes > MAX_ARRAYS:
            raise NotPlain(f"more than {MAX_ARRAYS // 2**20} MiB of arrays")
        arrays.append(data.tobytes())
        size += data.nbytes
        return {"array": [data.dtype.str, list(data.shape), scalar]}

    def plain(value):
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
            return {"dict": [[plain(key), plain(item)] for key, item in value.items()]}
        if isinstance(value, np.ndarray) or hasattr(value, "__array__"):
            return array(value, False)
        raise NotPlain(f"a {type(value).__name__}")

    try:
        text = json.dumps(plain(value)).encode()
    except RecursionError:
        raise NotPlain("lists nested too deeply") from None
    except ValueError as error:
        raise NotPlain(str(error)) from None
    if len(text) > MAX_TEXT:
        raise NotPlain(f"more than {MAX_TEXT // 2**20} MiB of lists and text; return an array")
    return text, b"".join(arrays)


def loads(text: bytes, arrays: bytes):
    """The value of `dumps`, from bytes that may be anything.

    Raises:
        NotPlain: the bytes are not those of a value.
    """
    used = 0

    def array(record):
        nonlocal used
        kind, shape, scalar = record
        if kind not in _DTYPES or len(shape) > 32 or not all(type(n) is int and 0 <= n < 2**40 for n in shape):
            raise NotPlain("an array of no known kind")
        size = math.prod(shape) * _DTYPES[kind].itemsize
        if used + size > len(arrays):
            raise NotPlain("an array without its bytes")
        data = np.frombuffer(arrays, np.uint8, size, used).view(_DTYPES[kind]).reshape(shape).copy()
        used += size
        return data[()] if scalar is True and not shape else data

    def value(node):
        if isinstance(node, list):
            return [value(item) for item in node]
        if not isinstance(node, dict):
            return node
        if len(node) != 1:
            raise NotPlain("a record of no known kind")
        [(kind, content)] = node.items()
        if kind == "tuple":
            return tuple(value(item) for item in content)
        if kind == "dict":
            return {value(key): value(item) for key, item in content}
        if kind == "array":
            return array(content)
        raise NotPlain("a record of no known kind")

    try:
        return value(json.loads(text))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise NotPlain(f"bytes that are no value ({type(error).__name__})") from None
