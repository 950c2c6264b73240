"""Whatever comes from a student is read within limits, and checked: replies, notebooks, files that are neither."""

import contextlib
import json
import tracemalloc

import nbformat
import numpy as np
import pytest
from hostile import RIGHT
from hypothesis import given, settings
from hypothesis import strategies as st
from small_lab import small_lab
from test_hostile import FULL, cell_of, points

from course_utils.tools.labs.sandbox.replies import Reply, Reported, checked
from course_utils.tools.labs.sandbox.values import MAX_KEYS, MAX_LISTS, NotPlain, dumps, loads
from course_utils.tools.labs.submissions.safe_copy import SafeCopy
from course_utils.tools.labs.submissions.submission import read_submission

LAB = small_lab()
IDS = st.sampled_from(sorted(LAB.grade_ids)) | st.text(max_size=5)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
    st.sampled_from(["array", "tuple", "dict", "cells", "source", "metadata", "nbgrader", "outputs", "data", "text"])
    | st.text(max_size=3), inner, max_size=3), max_leaves=12)  # fmt: skip
DESCRIPTIONS = st.tuples(st.sampled_from(["<f8", "|u1", "|O", "<U1"]) | SCALARS, st.lists(st.integers(-1, 4)) | SCALARS,
                         st.booleans() | SCALARS).map(lambda parts: {"array": list(parts)})  # fmt: skip
VALUES = st.recursive(SCALARS | DESCRIPTIONS, lambda inner: st.lists(inner, max_size=4) | st.fixed_dictionaries(
    {"tuple": st.lists(inner, max_size=3)}) | st.fixed_dictionaries(
    {"dict": st.lists(st.lists(inner, max_size=3), max_size=3)}) | ANYTHING, max_leaves=12)  # fmt: skip
OUTPUTS = st.lists(st.dictionaries(
    st.sampled_from(["output_type", "name", "text", "data", "ename", "evalue", "traceback"]),
    st.sampled_from(["stream", "display_data", "error"]) | ANYTHING
    | st.dictionaries(st.sampled_from(["text/plain", "image/png", "text/html"]), ANYTHING, max_size=3),
    max_size=4) | ANYTHING, max_size=3)  # fmt: skip
CELLS = st.fixed_dictionaries({}, optional={
    "cell_type": st.sampled_from(["code", "markdown", "raw"]) | ANYTHING, "id": ANYTHING, "outputs": OUTPUTS | ANYTHING,
    "source": st.text(max_size=60) | st.lists(st.text(max_size=20) | ANYTHING, max_size=3) | ANYTHING,
    "metadata": st.fixed_dictionaries({}, optional={"nbgrader": st.fixed_dictionaries({}, optional={
        "grade_id": IDS | ANYTHING, "solution": ANYTHING, "points": ANYTHING}) | ANYTHING}) | ANYTHING,
})  # fmt: skip
NOTEBOOKS = st.fixed_dictionaries({"cells": st.lists(CELLS | ANYTHING, max_size=6) | ANYTHING}) | ANYTHING


@settings(max_examples=300)
@given(VALUES, st.binary(max_size=64))
def test_whatever_arrives_is_a_value_or_refused(value, arrays):
    try:
        found = loads(json.dumps(value).encode(), arrays)
    except NotPlain:
        return
    dumps(found)


@settings(max_examples=300)
@given(st.binary(max_size=64) | ANYTHING.map(lambda value: json.dumps(value).encode()), st.data())
def test_bytes_that_were_changed_on_the_way_are_a_value_or_refused(text, data):
    text = dumps([text.decode("latin-1"), (1, {"a": np.eye(2)}), 2.5])[0] + text
    place = data.draw(st.integers(0, len(text)))
    text = text[:place] + data.draw(st.binary(max_size=4)) + text[place + data.draw(st.integers(0, 3)) :]
    with contextlib.suppress(NotPlain):
        loads(text, bytes(64))


@settings(max_examples=300)
@given(VALUES, st.sampled_from(["prepare", "run", "define", "call"]), st.data())
def test_a_reply_has_the_form_of_one_or_is_refused(value, kind, data):
    keys = st.sampled_from(["error", "refused", "defined", "value", "arguments"])
    errors = st.tuples(SCALARS, SCALARS, SCALARS).map(list)
    raw = data.draw(st.dictionaries(keys, SCALARS | errors | st.lists(SCALARS, max_size=2) | st.just(np.zeros(2))
                                    | st.just((1,)), max_size=3) | st.just(value))  # fmt: skip
    try:
        reply = checked(raw, kind)
    except NotPlain:
        return
    assert isinstance(reply, Reply) and all(type(name) is str for name in reply.defined)
    assert reply.error is None or (isinstance(reply.error, Reported) and type(reply.error.text) is str)
    assert reply.refused is None or type(reply.refused) is str
    assert kind != "call" or reply.error or reply.refused is not None or type(reply.arguments) is tuple


@settings(max_examples=300, deadline=None)
@given(NOTEBOOKS.map(lambda notebook: json.dumps(notebook).encode()) | st.binary(max_size=64))
def test_whatever_was_handed_in_can_be_read_and_shown(data):
    submission = read_submission(data, LAB)
    assert submission.problem or len(submission.raw) >= len(submission.cells)
    nbformat.validate(SafeCopy(LAB, submission).notebook())


REPLIES = {
    "an array as error": "{'error': np.zeros(2)}",
    "an array in an error": "{'error': ['E', np.zeros(2), 1]}",
    "a line beyond all numbers": "{'error': ['E', 'text', 10**400]}",
    "a line that is true": "{'error': ['E', 'text', True]}",
    "an array as reason": "{'refused': np.zeros(2)}",
    "an array as value beside an error": "{'value': np.zeros(2), 'error': np.zeros(2)}",
    "no arguments": "{'value': 2 * np.ones(2)}",
    "arguments in a list": "{'value': np.ones(2), 'arguments': [1]}",
    "a dictionary with an array as error": "{'value': {'error': np.zeros(3)}, 'arguments': np.zeros(1)}",
    "nothing": "{}",
    "a number": "7",
    "a list": "[{'value': 1}]",
    "an array": "np.zeros(3)",
    "keys that all collide": "{i * (2**61 - 1): 0 for i in range(3000)}",
    "a key of many parts": "{'value': {tuple(range(99)): 0}, 'arguments': (1,)}",
    "many lists": "[[]] * 10**6",
}
"""By name: what a student's process answers to a call, as Python."""


@pytest.mark.parametrize("name", REPLIES)
def test_a_malformed_reply_is_a_wrong_answer(name, notebook, mark):
    """Not a failure of the sandbox, which would keep its author from being marked."""
    sends = f"    s.dumps = lambda value, send=s.dumps: send({REPLIES[name]})\n"
    source = f"import course_utils.tools.labs.sandbox.session as s\ndef double(values):\n{sends}    return 2 * values"
    cell_of(notebook, "double").source = source
    marks = mark(notebook)
    assert points(marks) == FULL | {"double": 0} and "double" in marks["double"].message


@pytest.mark.parametrize("reply", ["{'defined': np.zeros(2)}", "{'defined': [np.zeros(2)]}", "{'defined': 'double'}"])
def test_a_malformed_report_on_a_cell_is_its_author_s(reply, notebook, mark):
    """It spoils the cells that come after it, as the process answers so from then on."""
    source = f"import course_utils.tools.labs.sandbox.session as s\ns.dumps = lambda value, send=s.dumps: send({reply})"
    cell_of(notebook, "double").source = source + RIGHT
    marks = mark(notebook)
    assert points(marks) == dict.fromkeys(FULL, 0)
    assert "the cell sent something that is not" in marks["count"].message


@pytest.mark.parametrize(
    ("text", "arrays"),
    [
        (b"[" + b"[]," * MAX_LISTS + b"[]]", b""),
        (json.dumps({"dict": [[number, 0] for number in range(MAX_KEYS + 1)]}).encode(), b""),
        (json.dumps([{"dict": [[0, 0]]}] * (MAX_KEYS + 1)).encode(), b""),
        (json.dumps({"dict": [[{"tuple": [{"tuple": []}]}, 0]]}).encode(), b""),
        (json.dumps({"dict": [[{"tuple": [0] * 9}, 0]]}).encode(), b""),
    ],
    ids=["lists", "keys", "keys of several", "nested keys", "long keys"],
)
def test_structures_beyond_the_limits_are_refused(text, arrays):
    with pytest.raises(NotPlain):
        loads(text, arrays)


def _cell(source):
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}


@pytest.mark.parametrize(
    "notebook",
    [{"cells": [_cell("a;" * 250_000)]}, {"cells": [{}] * 700_000}, {"cells": [_cell("x" * 2_000_000)]},
     {"cells": [], "metadata": [[[]]] * 500_000}, {"cells": ["a"] * 700_000}],
    ids=["many statements", "many cells", "much code", "many lists", "many texts"],
)  # fmt: skip
def test_reading_a_notebook_takes_little_memory(notebook):
    """None of them is parsed as Python, and its parts are counted before they become objects."""
    data = json.dumps(notebook).encode()
    tracemalloc.start()
    read_submission(data, LAB)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * len(data) + 2**20
