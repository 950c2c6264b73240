"""Arrays out of a weights file that `torch.save` wrote, without torch and without running what the file says.

Such a file is a program for a stack machine (a pickle), which may call anything. Here its instructions are read one by
one with the standard library's `pickletools`, and only those are obeyed that a dictionary of arrays needs: none of them
calls or imports anything, so a hostile file can at worst be refused.

The format is the one before torch 1.6: five pickles (a magic number, a version, the machine, the dictionary, the names
of the storages), then for each storage its count and its values. A tensor is a view of a storage, with an offset, sizes
and strides of its own.
"""

import io
import math
import pickletools
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from course_utils.errors import CourseError
from course_utils.files import read_bytes

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001
LARGEST = 2**28
"""Bytes of the largest file that is read."""

LONGEST = 10**6
"""Instructions of the longest pickle that is read, some hundred times that of a network: each may fill memory."""

ORDERED_DICT = "collections OrderedDict"
TENSOR = "torch._utils _rebuild_tensor_v2"
STORAGES = {"torch FloatStorage": "<f4", "torch LongStorage": "<i8"}
"""What a storage is called in the file, and NumPy's name for its values."""


@dataclass(frozen=True)
class _Global:
    """A name that a pickle would import; here it only stands for itself."""

    name: str


@dataclass(frozen=True)
class _Storage:
    key: str
    kind: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]


class _Refused(Exception):
    """What is wrong with the file."""


def read_torch_file(path, content: bytes | None = None) -> dict[str, np.ndarray]:
    """The arrays of a state dictionary.

    Args:
        path: a file of `torch.save(network.state_dict(), ...)` in the format before torch 1.6, at most 256 MiB,
            whose tensors are of 32-bit floats or 64-bit integers.
        content: what the file holds, for callers that have read it.

    Returns:
        name to array, in the file's order; the arrays are contiguous and of their own.

    Raises:
        CourseError: there is no such file, or it holds anything else.
    """
    path = Path(path)
    try:
        if content is None:
            content = read_bytes(path, LARGEST)
        return _read(content)
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error.strerror}): check the path of the weights.") from None
    except _Refused as error:
        raise CourseError(
            f"{path} is damaged or no file of weights in torch's format before 1.6: {error}. "
            "Fetch it again, or save it with torch.save(network.state_dict(), path, "
            "_use_new_zipfile_serialization=False)."
        ) from None


def _read(content: bytes) -> dict[str, np.ndarray]:
    file = io.BytesIO(content)
    for what, expected in (("magic number", MAGIC), ("version", VERSION)):
        if _unpickle(file) != expected:
            raise _Refused(f"its {what} is another")
    machine = _unpickle(file)
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise _Refused("it is not of a little-endian machine")
    tensors, keys = _unpickle(file), _unpickle(file)
    if not isinstance(tensors, dict) or not all(isinstance(tensor, _Tensor) for tensor in tensors.values()):
        raise _Refused("it holds no dictionary of tensors")
    values = _read_storages(file, keys, {tensor.storage for tensor in tensors.values()})
    if sum(math.prod(tensor.sizes) for tensor in tensors.values()) > sum(array.size for array in values.values()):
        raise _Refused("its tensors together are larger than its storages")
    return {name: _view(tensor, values[tensor.storage.key]) for name, tensor in tensors.items()}


def _read_storages(file, keys, storages: set[_Storage]) -> dict[str, np.ndarray]:
    by_key = {storage.key: storage for storage in storages}
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise _Refused("it does not list its storages")
    if not len(by_key) == len(storages) == len(keys) or set(keys) != set(by_key):
        raise _Refused("the storages it lists are not those of its tensors")
    values = {}
    for key in keys:
        storage, head = by_key[key], file.read(8)
        if len(head) < 8 or struct.unpack("<q", head)[0] != storage.count:
            raise _Refused(f"storage {key!r} is not as long as its tensors say")
        dtype = np.dtype(STORAGES[storage.kind])
        if storage.count * dtype.itemsize > len(file.getbuffer()) - file.tell():
            raise _Refused(f"it ends in the middle of storage {key!r}")
        values[key] = np.frombuffer(file.read(storage.count * dtype.itemsize), dtype)
        if not np.isfinite(values[key]).all():
            raise _Refused(f"storage {key!r} holds values that are no finite numbers")
    if file.read(1):
        raise _Refused("something follows its last storage")
    return values


def _view(tensor: _Tensor, values: np.ndarray) -> np.ndarray:
    strides = [stride * values.itemsize for stride in tensor.strides]
    view = np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.sizes, strides, writeable=False)
    return view.astype(values.dtype.newbyteorder("="), order="C")


def _unpickle(file):
    """The value of the next pickle of the file: numbers, texts, lists, tuples, dictionaries, tensors."""
    machine = _Machine()
    try:
        for number, (instruction, argument, _) in enumerate(pickletools.genops(file)):
            if number >= LONGEST:
                raise _Refused(f"one of its pickles has more than {LONGEST} instructions")
            obey = _INSTRUCTIONS.get(instruction.name)
            if obey is None:
                raise _Refused(f"it contains the instruction {instruction.name}")
            obey(machine, argument)
    except (ValueError, IndexError, KeyError) as error:
        # Of pickletools, for what is no pickle; or of the machine, whose stack or memory lacks what is asked for.
        raise _Refused(f"one of its pickles is damaged ({type(error).__name__})") from None
    if len(machine.stack) != 1:
        raise _Refused("one of its pickles is not one value")
    return machine.pop()


class _Machine:
    """The stack of a pickle and its memory."""

    def __init__(self):
        self.stack: list = []
        self.marks: list[int] = []
        self.memory: dict[int, object] = {}

    def push(self, value) -> None:
        self.stack.append(value)

    def pop(self):
        return self.stack.pop()

    def pop_to_mark(self) -> tuple:
        start = self.marks.pop()
        if start > len(self.stack):
            raise _Refused("one of its pickles takes more than it has")
        values = tuple(self.stack[start:])
        del self.stack[start:]
        return values

    def pop_last(self, count: int) -> tuple:
        if count > len(self.stack):
            raise _Refused("one of its pickles takes more than it has")
        values = tuple(self.stack[-count:])
        del self.stack[-count:]
        return values

    def top(self, kind):
        if not isinstance(self.stack[-1], kind):
            raise _Refused(f"it fills something that is no {kind.__name__}")
        return self.stack[-1]

    def append(self, values: tuple) -> None:
        self.top(list).extend(values)

    def set_items(self, pairs: tuple) -> None:
        target = self.top(dict)
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, str) or key in target:
                raise _Refused("the keys of its dictionaries are not different texts")
            target[key] = value

    def call(self) -> None:
        """The two calls that are known, as values: an empty dictionary, a tensor."""
        function, arguments = self.pop_last(2)
        if function == _Global(ORDERED_DICT) and arguments == ():
            self.push({})
        elif function == _Global(TENSOR):
            self.push(_tensor(arguments))
        else:
            _refuse_call(function)

    def ignore_state(self) -> None:
        """Attributes of a dictionary, where torch keeps the versions of its layers."""
        self.pop()
        self.top(dict)


def _global(machine: _Machine, name: str) -> None:
    if name not in (ORDERED_DICT, TENSOR, *STORAGES):
        raise _Refused(f"it wants to import {name[:80]!r}")
    machine.push(_Global(name))


def _refuse_call(function) -> NoReturn:
    raise _Refused(f"it wants to call {function.name if isinstance(function, _Global) else 'what is no function'}")


def _storage(machine: _Machine, _) -> None:
    match machine.pop():
        case ("storage", _Global(kind), str(key), str(), int(count), None) if kind in STORAGES and _is_count(count):
            machine.push(_Storage(key, kind, count))
        case _:
            raise _Refused("one of its storages is not described as such")


def _tensor(arguments) -> _Tensor:
    match arguments:
        case (_Storage() as storage, offset, tuple(sizes), tuple(strides), bool(), dict()) if len(sizes) == len(
            strides
        ) <= 8 and all(map(_is_count, (offset, *sizes, *strides))):
            last = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
            # More elements than the storage has: a few bytes that would become a large array.
            if 0 in sizes or last >= storage.count or math.prod(sizes) > storage.count:
                raise _Refused(f"a tensor reaches beyond storage {storage.key!r}")
            return _Tensor(storage, offset, sizes, strides)
    raise _Refused("one of its tensors is not described as such")


def _is_count(value) -> bool:
    return type(value) is int and 0 <= value < 2**40


_INSTRUCTIONS = {
    "PROTO": lambda machine, version: None,
    "STOP": lambda machine, _: None,
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE"), _Machine.push),
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "MARK": lambda machine, _: machine.marks.append(len(machine.stack)),
    "TUPLE": lambda machine, _: machine.push(machine.pop_to_mark()),
    **{f"TUPLE{count}": lambda machine, _, count=count: machine.push(machine.pop_last(count)) for count in (1, 2, 3)},
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), lambda machine, at: machine.memory.update({at: machine.stack[-1]})),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda machine, at: machine.push(machine.memory[at])),
    "APPEND": lambda machine, _: machine.append(machine.pop_last(1)),
    "APPENDS": lambda machine, _: machine.append(machine.pop_to_mark()),
    "SETITEM": lambda machine, _: machine.set_items(machine.pop_last(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_to_mark()),
    "GLOBAL": _global,
    "BINPERSID": _storage,
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.ignore_state(),
}
"""What each instruction of a pickle does here; any other is refused."""
