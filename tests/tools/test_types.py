"""Values of options: right ones are read as meant, others refused with a message that says what to give."""

import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.tools import types

TYPES = {
    "whole_number": types.whole_number(1),
    "seed": types.whole_number(0),
    "share": types.whole_number(1, 100),
    "number": types.number(),
    "positive": types.number(above=0),
    "percent": types.number(least=0, most=1),
    "size": types.size,
    "numbers": types.numbers(),
    "counts": types.counts,
    "assignment": types.assignment,
}
NONSENSE = [
    "",
    " ",
    "abc",
    "nan",
    "inf",
    "-inf",
    "\u0663",
    "\u0661x\u0662",
    "1_000",
    "+3",
    "0x10",
    "1,,2",
    "a=b=",
    "\udcff",
]
NONSENSE += ["=", "=3", "train=", "\u00b2", "1e999", "-" * 70, "x" * 5000]


def complaint(kind, text: str, capsys) -> str:
    """What `--thing` says about a value; None where it takes the value."""
    parser = argparse.ArgumentParser(prog="course")
    parser.add_argument("--thing", type=kind)
    try:
        parser.parse_args([f"--thing={text}"])
    except SystemExit as stop:
        assert stop.code == 2
        return capsys.readouterr().err.splitlines()[-1]
    return None


@pytest.mark.parametrize("kind", TYPES.values(), ids=TYPES)
@pytest.mark.parametrize("text", NONSENSE, ids=lambda text: ascii(text)[:12])
def test_nonsense_is_refused_by_name_with_a_remedy(kind, text, capsys):
    told = complaint(kind, text, capsys)
    if kind is types.assignment and text == "a=b=":
        assert told is None  # an option whose value has an equals sign
        return
    assert told.startswith("course: error: argument --thing: ") and "; give " in told and len(told) < 250
    assert "parse" not in told and "invalid" not in told


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        (types.whole_number(1), "0", "'0' is out of range; give a whole number of at least 1"),
        (types.whole_number(1), "-3", "'-3' is out of range; give a whole number of at least 1"),
        (types.whole_number(1), "2.5", "'2.5' is not a whole number; give a whole number of at least 1"),
        (types.whole_number(1), "9" * 5000, "is out of range; give a whole number of at least 1"),
        (types.whole_number(1), "1000000001", "give a whole number from 1 to 1000000000"),
        (types.whole_number(1, 9), "10", "'10' is out of range; give a whole number from 1 to 9"),
        (types.number(above=0), "0", "'0' is out of range; give a number above 0"),
        (types.number(above=0), "1e400", "is out of range; give a number above 0"),
        (types.number(least=0, most=1), "1.5", "give a number of at least 0 and of at most 1"),
        (types.number(), "five", "'five' is not a number; give a number"),
        (types.size, "128", "'128' is not HEIGHTxWIDTH; give a size in pixels such as 128x256"),
        (types.size, "0x0", "'0x0' is out of range; give sides of 1 to 32768 pixels"),
        (types.size, "1x99999", "is out of range"),
        (types.size, "1x2x3", "is not HEIGHTxWIDTH"),
        (types.numbers(), "1,0", "'0' is out of range; give a number above 0"),
        (types.counts, "train=1,train=2", "names something twice; give one count per name"),
        (types.counts, "train=-1", "is not NAME=N,...; give counts such as train=400,val=100"),
        (types.counts, f"train={10**12}", "is out of range; give counts from 0 to 1000000000"),
        (types.assignment, "width", "'width' is not NAME=VALUE; give an option such as width=0.5"),
    ],
)
def test_messages_say_what_is_wrong_and_what_to_give(kind, text, told, capsys):
    assert told in complaint(kind, text, capsys)


@given(st.integers(1, 10**9))
def test_whole_numbers_are_read_back(value):
    assert types.whole_number(1)(str(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_back(value):
    assert types.number()(str(value)) == value


@given(st.integers(1, 2**15), st.integers(1, 2**15))
def test_sizes_are_read_back(height, width):
    assert types.size(f"{height}x{width}") == types.size(f"{height}X{width}") == (height, width)


@given(st.lists(st.floats(1e-300, 1e300), min_size=1))
def test_lists_of_numbers_are_read_back(values):
    assert types.numbers()(",".join(map(str, values))) == tuple(values)


@given(st.dictionaries(st.from_regex(r"[a-z]+", fullmatch=True), st.integers(0, 10**9), min_size=1))
def test_counts_are_read_back(values):
    assert types.counts(",".join(f"{name}={count}" for name, count in values.items())) == values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("width=0.5", 0.5),
        ("rates=[6, 12]", [6, 12]),
        ("encoder=slim", "slim"),
        ("skip=true", True),
        ("name=a=b", "a=b"),
        ("x=" + "9" * 5000, "9" * 5000),
        ("x=" + "[" * 100_000, "[" * 100_000),
    ],
    ids=lambda value: str(value)[:12],
)
def test_an_assignment_is_json_or_text(text, value):
    assert types.assignment(text) == (text.partition("=")[0], value)


@pytest.mark.parametrize("text", ["x=NaN", "x=Infinity", "x=[1e999]"])
def test_an_assignment_holds_no_number_that_is_none(text):
    value = types.assignment(text)[1]
    assert value == text[2:]
