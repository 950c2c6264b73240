"""Files as `torch.save` wrote them before torch 1.6, made without torch."""

import collections
import io
import pickle
import struct
import sys
import types

import numpy as np

from course_utils.models.encoders.imagenet.torch_file import MAGIC, VERSION

KINDS = {"float32": "FloatStorage", "int64": "LongStorage", "float64": "DoubleStorage"}


def _module(name, *functions):
    module = types.ModuleType(name)
    for function in functions:
        made = type(function, (), {"__module__": name, "__qualname__": function})
        setattr(module, function, made)
    return module


TORCH = {
    "torch": _module("torch", *KINDS.values()),
    "torch._utils": _module("torch._utils", "_rebuild_tensor_v2"),
}
"""Stand-ins with the names that go into a file: pickle looks them up while it writes."""


class _Reference:
    """A storage, of which a pickle holds only the description."""

    def __init__(self, *description):
        self.description = ("storage", *description)


class _Rebuilt:
    """A tensor: a call that torch would make."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __reduce__(self):
        return TORCH["torch._utils"]._rebuild_tensor_v2, self.arguments


class _Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.description if isinstance(value, _Reference) else None


def pickled(value) -> bytes:
    """A value as a pickle in which storages are described and torch's names stand for themselves."""
    missing = {name: module for name, module in TORCH.items() if name not in sys.modules}
    sys.modules.update(missing)
    try:
        file = io.BytesIO()
        _Pickler(file, protocol=2).dump(value)
        return file.getvalue()
    finally:
        for name in missing:
            del sys.modules[name]


def described(array, key, *, offset=0, sizes=None, strides=None, count=None, kind=None):
    """A tensor that views the storage `key` as `array` views its memory, or as is said."""
    kind = getattr(TORCH["torch"], kind or KINDS[str(array.dtype)])
    storage = _Reference(kind, key, "cpu", array.size if count is None else count, None)
    strides = tuple(stride // array.itemsize for stride in array.strides) if strides is None else strides
    return _Rebuilt(storage, offset, sizes or array.shape, strides, False, collections.OrderedDict())


def joined(tensors, storages, *, magic=MAGIC, version=VERSION, machine=None, keys=None) -> bytes:
    """A whole file of any such parts.

    Args:
        tensors: the object that is saved.
        storages: key to values, an array as it lies in memory.
        magic: of the file.
        version: of the format.
        machine: of the writer.
        keys: that the file lists, if not those of `storages`.
    """
    machine = {"protocol_version": version, "little_endian": True, "type_sizes": {}} if machine is None else machine
    head = (magic, version, machine, tensors, sorted(storages) if keys is None else keys)
    values = (struct.pack("<q", storages[key].size) + storages[key].ravel("K").tobytes() for key in sorted(storages))
    return b"".join([*map(pickled, head), *values])


def torch_file(arrays) -> bytes:
    """A state dictionary of these arrays, each in a storage of its own, in the memory order that it has."""
    tensors = collections.OrderedDict((name, described(array, name)) for name, array in arrays.items())
    tensors._metadata = collections.OrderedDict({"": {"version": 1}})
    return joined(tensors, {name: np.asarray(array) for name, array in arrays.items()})
