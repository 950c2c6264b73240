"""Docstrings with Google's sections and Markdown become reStructuredText."""

import pytest
from docstrings import to_rst


@pytest.mark.parametrize(
    ("markdown", "rst"),
    [
        ("Adds `a` to `b`.", "Adds ``a`` to ``b``."),
        ("Returns `keras.Model`s.", "Returns ``keras.Model``\\ s."),
        ("Takes *args and name_ of |x|.", "Takes \\*args and name\\_ of \\|x\\|."),
        ("A span `of two\nlines` ends.", "A span ``of two lines`` ends."),
        ("Already ``literal``.", "Already ``literal``."),
    ],
)
def test_text(markdown, rst):
    assert to_rst(markdown) == rst + "\n"


def test_fenced_code_keeps_its_lines():
    rst = to_rst("Example:\n\n```python\na = `b`\n\nc = *d\n```\n\nAfter.")
    assert ".. code-block:: python\n\n    a = `b`\n\n    c = *d\n\nAfter." in rst


def test_indented_lines_after_a_paragraph_are_code():
    assert "::\n\n        train = load(*args)" in to_rst("Use it like this:\n\n    train = load(*args)")


def test_columns_stay_columns():
    assert to_rst("a.py      one thing\nlong.py   another") == "::\n\n    a.py      one thing\n    long.py   another\n"


def test_arguments_are_no_code():
    text = "Args:\n    x: of `[n]`.\n\n    more about x."
    assert "::" not in to_rst(text)


def test_several_results_become_a_list():
    rst = to_rst("Returns:\n    values: the maxima.\n    indices: their places,\n        row by row.")
    assert "    * ``values`` -- the maxima.\n    * ``indices`` -- their places,\n      row by row." in rst


def test_one_result_stays():
    assert to_rst("Returns:\n    The sum: of all.") == "Returns:\n    The sum: of all.\n"
