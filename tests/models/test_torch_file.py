"""Weights files of torch: read to the bit, and refused in one line whatever else they hold."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from weights_files import described, joined, pickled, torch_file

from course_utils.errors import CourseError
from course_utils.models.encoders.imagenet import torch_file as reader
from course_utils.models.encoders.imagenet.torch_file import read_torch_file

GENERATOR = np.random.default_rng(0)
SQUARE = GENERATOR.normal(size=(4, 5)).astype("float32")
ARRAYS = {
    "plain": SQUARE,
    "permuted": GENERATOR.normal(size=(3, 2, 5, 4)).astype("float32").transpose(3, 2, 0, 1),
    "number": np.array(7),
    "counts": np.arange(6),
}
WHOLE = torch_file(ARRAYS)
VALUES = 8 * len(ARRAYS) + sum(array.nbytes for array in ARRAYS.values())
"""Bytes behind the pickles."""


def write(tmp_path, content):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    return path


def test_arrays_come_back_whatever_their_order_in_memory(tmp_path):
    found = read_torch_file(write(tmp_path, WHOLE))
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype and found[name].flags.c_contiguous and found[name].flags.writeable
        np.testing.assert_array_equal(found[name], array)


def test_tensors_may_share_a_storage(tmp_path):
    tensors = {
        "row": described(SQUARE, "s", offset=5, sizes=(5,), strides=(1,)),
        "column": described(SQUARE, "s", offset=2, sizes=(4,), strides=(5,)),
    }
    found = read_torch_file(write(tmp_path, joined(tensors, {"s": SQUARE})))
    np.testing.assert_array_equal(found["row"], SQUARE[1])
    np.testing.assert_array_equal(found["column"], SQUARE[:, 2])


def one(**described_as):
    """A file of one tensor, described otherwise than it is."""
    return joined({"a": described(SQUARE, "s", **described_as)}, {"s": SQUARE})


def zipped():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
    return file.getvalue()


TENSOR = described(SQUARE, "s")
REFUSED = {
    "nothing": (b"", "damaged"),
    "no pickle": (b"not weights", "damaged|instruction"),
    "newer format": (zipped(), "before 1.6"),
    "another magic number": (joined({}, {}, magic=1), "magic number"),
    "another version": (joined({}, {}, version=1002), "version"),
    "big endian": (joined({}, {}, machine={"little_endian": False}), "little-endian"),
    "no machine": (joined({}, {}, machine=[]), "little-endian"),
    "a list": (joined([TENSOR], {"s": SQUARE}), "no dictionary of tensors"),
    "a number among them": (joined({"a": TENSOR, "b": 1}, {"s": SQUARE}), "no dictionary of tensors"),
    "a nested dictionary": (joined({"a": {"b": TENSOR}}, {"s": SQUARE}), "no dictionary of tensors"),
    "keys that are no texts": (joined({1: TENSOR}, {"s": SQUARE}), "not different texts"),
    "another type": (one(kind="DoubleStorage"), "import 'torch DoubleStorage'"),
    "another class": (pickled(complex(1, 2)), "import"),
    "beyond the storage": (one(strides=(6, 1)), "beyond storage 's'"),
    "an offset beyond it": (one(offset=1), "beyond storage"),
    "a huge stride": (one(strides=(2**62, 1)), "not described as such"),
    "a negative stride": (one(strides=(-1, 1)), "not described as such"),
    "a negative size": (one(sizes=(-4, 5)), "not described as such"),
    "a truth for a number": (one(offset=True), "not described as such"),
    "sizes and strides of two lengths": (one(strides=(1,)), "not described as such"),
    "no size": (one(sizes=(0, 5)), "beyond storage"),
    "larger than the storage": (one(sizes=(2**30, 2**30), strides=(0, 0)), "beyond storage"),
    "many views": (
        joined({f"{i}": TENSOR for i in range(2)} | {"b": described(SQUARE, "s")}, {"s": SQUARE}),
        "larger than its storages",
    ),
    "another count": (one(count=21), "not as long as its tensors say"),
    "a storage described twice": (
        joined({"a": TENSOR, "b": described(SQUARE, "s", count=19, sizes=(19,), strides=(1,))}, {"s": SQUARE}),
        "not those of its tensors",
    ),
    "a storage too few": (joined({"a": TENSOR}, {}), "not those of its tensors"),
    "a storage too many": (joined({"a": TENSOR}, {"s": SQUARE, "t": SQUARE}), "not those of its tensors"),
    "a storage twice": (joined({"a": TENSOR}, {"s": SQUARE}, keys=["s", "s"]), "not those of its tensors"),
    "no list of storages": (joined({"a": TENSOR}, {"s": SQUARE}, keys=("s",)), "does not list"),
    "a storage without a name": (joined({"a": TENSOR}, {"s": SQUARE}, keys=[1]), "does not list"),
    "not a number": (torch_file({"a": np.array([np.nan], "float32")}), "no finite numbers"),
    "an end too early": (WHOLE[:-1], "in the middle of storage"),
    "more at the end": (WHOLE + b"\0", "follows its last storage"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_anything_else_is_refused_in_a_line_that_names_the_file(what, tmp_path):
    content, words = REFUSED[what]
    with pytest.raises(CourseError, match=words) as refused:
        read_torch_file(write(tmp_path, content))
    message = str(refused.value)
    assert "weights.pth" in message and "torch.save" in message and "\n" not in message and len(message) < 500


def test_a_file_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    for path in (tmp_path / "absent.pth", tmp_path):
        with pytest.raises(CourseError, match=f"{path.name} cannot be read"):
            read_torch_file(path)
    monkeypatch.setattr(reader, "LARGEST", len(WHOLE) - 1)
    with pytest.raises(CourseError, match="are not read"):
        read_torch_file(write(tmp_path, WHOLE))


class Touch:
    """Unpickled by the standard library, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


HOSTILE = {
    "a call": lambda path: pickle.dumps(Touch(path), 2),
    "a call by a newer protocol": lambda path: pickle.dumps(Touch(path), 4),
    "a call in the text protocol": lambda path: pickle.dumps(Touch(path), 0),
    "INST": lambda path: f"(S'{path}'\nS'w'\niio\nopen\n.".encode(),
    "OBJ": lambda path: b"(cio\nopen\n" + f"S'{path}'\nS'w'\no.".encode(),
    "an extension": lambda path: b"\x80\x02\x82\x01.",
    "a state for torch's own": lambda path: b"\x80\x02ctorch\nFloatStorage\n}b.",
    "a call of torch's own": lambda path: b"\x80\x02ctorch\nFloatStorage\n)R.",
    "a memory of 16 GB": lambda path: b"\x80\x02Nr\xff\xff\xff\x7f0.",
    "a text of 4 GB": lambda path: b"\x80\x02X\xff\xff\xff\xffa.",
    "a text of 8 EB": lambda path: b"\x80\x04\x8d" + b"\xff" * 7 + b"\x7fa.",
    "a number of a million digits": lambda path: b"I" + b"9" * 10**6 + b"\n.",
    "a million empty dictionaries": lambda path: b"}" * (10**6 + 1),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_nothing_in_a_file_is_called(what, tmp_path):
    """At each of the five places of a pickle."""
    made = tmp_path / "made"
    places = (reader.MAGIC, reader.VERSION, {"little_endian": True}, {"a": TENSOR}, ["s"])
    pickles = [pickled(value) for value in places]
    if what.startswith("a call by") or what == "a call":
        pickle.loads(HOSTILE[what](made)).close()
        made.unlink()  # the payload does what it is for
    for place in range(len(pickles)):
        parts = [*pickles[:place], HOSTILE[what](made), *pickles[place + 1 :]]
        with pytest.raises(CourseError, match=r"weights\.pth"):
            read_torch_file(write(tmp_path, b"".join(parts)))
    assert not made.exists()


HEAD = len(WHOLE) - VALUES
POSITIONS = st.one_of(st.integers(0, HEAD + 8), st.integers(0, len(WHOLE)))
DAMAGE = st.lists(st.tuples(POSITIONS, st.integers(0, 6), st.binary(max_size=6)), min_size=1, max_size=4)


@given(DAMAGE)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(damage):
    """Bytes replaced, taken out or put in; most of them where the pickles are."""
    content = bytearray(WHOLE)
    for position, length, put_in in damage:
        content[position : position + length] = put_in
    try:
        found = read_torch_file("weights.pth", bytes(content))
    except CourseError as error:
        assert str(error).startswith("weights.pth is damaged")
    else:
        assert sum(array.nbytes for array in found.values()) <= len(content)


@given(st.binary(max_size=300))
def test_random_instructions_are_refused(noise):
    with pytest.raises(CourseError, match=r"^weights\.pth is damaged"):
        read_torch_file("weights.pth", pickled(reader.MAGIC) + pickled(reader.VERSION) + noise)
