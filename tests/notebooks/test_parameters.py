"""Parameters: read as papermill reads them, values as they are written on a command line, mistakes in one line."""

import json

import nbformat
import papermill
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.errors import CourseError
from course_utils.tools.notebooks.parameters import check_parameters, parameters, parse_value

CELL = """\
fast = False  # a comment
seed = 0
rate: float = 1e-3
data_dir = None
sizes = (64, 128)
name = "toy_streets"
"""
KNOWN = {"fast": False, "seed": 0, "rate": 0.001, "data_dir": None, "sizes": (64, 128), "name": "toy_streets"}


def test_names_and_defaults(make_notebook):
    path = make_notebook("known", "other = 1", CELL, "later = 2")
    assert parameters(nbformat.read(path, as_version=4)) == KNOWN
    assert set(papermill.inspect_notebook(str(path))) == set(KNOWN)


def test_only_literals_are_parameters(make_notebook):
    path = make_notebook("computed", "fast = False\nhalf = 1 / 2\nimport os\na, b = 1, 2\nwidth = -0.5")
    assert parameters(nbformat.read(path, as_version=4)) == {"fast": False, "width": -0.5}


def test_no_parameters_cell(make_notebook):
    assert parameters(nbformat.read(make_notebook("none", "fast = False", tags=()), as_version=4)) == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("False", False), ("null", None), ("None", None), ("3", 3), ("-1e-3", -0.001), ("0.5", 0.5),
        ("[1, 2]", [1, 2]), ("'5'", "5"), ("camvid", "camvid"), ("no", "no"), ("../runs", "../runs"), ("", ""),
    ],
)  # fmt: skip
def test_values_from_a_command_line(text, value):
    parsed = parse_value(text)
    assert parsed == value and type(parsed) is type(value)


@pytest.mark.parametrize(
    "text",
    ["{[]:1}", "1j", "...", "{1, 2}", "b'x'", "NaN", "[Infinity]", "1e999", "(" * 500, "[" * 100_000, "9" * 5000,
     "{" * 300, "\0", "'\\ud800", "-" * 100_000 + "1"],
    ids=lambda text: text[:9].replace("\0", "0")
)  # fmt: skip
def test_what_no_notebook_can_be_given_is_text(text):
    assert parse_value(text) == text


@given(st.text() | st.text(alphabet="[]{}()'\",:0123456789.jeE+-_ \n", max_size=30))
def test_every_text_has_a_value(text):
    json.dumps(parse_value(text), allow_nan=False)


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("rate", 1, 1.0), ("name", 5, "5"), ("data_dir", "x", "x"), ("data_dir", 3, 3), ("seed", None, None),
        ("sizes", [1, 2], [1, 2]), ("fast", True, True),
    ],
)  # fmt: skip
def test_fitting_values(name, given, value):
    checked = check_parameters({name: given}, KNOWN, "x")
    assert checked == {name: value} and type(checked[name]) is type(value)


@pytest.mark.parametrize(("name", "given"), [("fast", 1), ("fast", "yes"), ("seed", "x"), ("seed", True), ("sizes", 3)])
def test_values_of_another_type_are_refused(name, given):
    with pytest.raises(CourseError, match=name):
        check_parameters({name: given}, KNOWN, "05_x.ipynb")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(CourseError, match=r"05_x\.ipynb has no parameter 'sede'; it has fast, seed, rate"):
        check_parameters({"sede": 1}, KNOWN, "05_x.ipynb")
