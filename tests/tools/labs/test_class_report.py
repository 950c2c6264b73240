"""The report on a class, its written answers, answers that are alike, and feedback as the platforms take it."""

import datetime
import json
import random
import re
import shutil
import zipfile

import nbformat
import numpy as np
import pytest
from hostile_text import EVIL, Page
from small_lab import SOURCE, small_lab

from course_utils.tools import cli
from course_utils.tools.labs.lab.regions import model_answer
from course_utils.tools.labs.lab.release import student_version
from course_utils.tools.labs.marking.marks import Mark
from course_utils.tools.labs.returning import gradebook
from course_utils.tools.labs.returning.likeness import alike_pairs, statements
from course_utils.tools.labs.returning.overview import mean_interval
from course_utils.tools.labs.submissions.safe_copy import SafeCopy
from course_utils.tools.labs.submissions.submission import read_submission

LAB = small_lab(
    SOURCE.replace(
        "# Because two and two are four.\n#",
        "# Because two and two are four.\n#\n# ### RUBRIC\n#\n# 1 point for *four*, 1 point for a reason.\n#",
    ).replace("# %% [markdown] nbgr", "# %% [markdown]\n# ## Words (2 points)\n# Why four?\n\n# %% [markdown] nbgr")
)
COUNTS = [
    "def count_even(numbers):\n    return len([n for n in numbers if n % 2 == 0])",
    "def count_even(numbers):\n    total = 0\n    for n in numbers:\n        total += n % 2 == 0\n    return total",
    "def count_even(numbers):\n    return 2",
]
COPIED = """def count_even(numbers):
    parity = [abs(int(value)) & 1 for value in reversed(numbers)]
    flipped = [1 - bit if bit in (0, 1) else 0 for bit in parity]
    pairs = list(zip(flipped, range(len(flipped) + 7)))
    weights = {index: bit * 3 for bit, index in pairs}
    return sum(weights.values()) // 3"""


def renamed(source):
    """The same code with other names, layout and comments."""
    names = {"numbers": "xs", "value": "v", "parity": "a", "flipped": "b", "bit": "c", "pairs": "d", "weights": "e"}
    text = re.sub(r"\w+", lambda match: names.get(match[0], match[0]), source)
    return text.replace("\n    d =", "\n    # mine\n\n    d =").replace(", ", ",")


def write_student(folder, student, count, words, failed, hour):
    """A student's result and copy; `failed` is the message of `count`."""
    notebook = student_version(LAB)
    for cell, original in zip(notebook.cells, LAB.notebook.cells, strict=True):
        record = cell.metadata.get("nbgrader", {})
        if record.get("solution"):
            cell.source = {"count": count, "words": words}.get(record["grade_id"], original.source)
    marks = [Mark(one.grade_id, one.points, None if one.written else one.points) for one in LAB.exercises]
    if failed:
        marks[1].points, marks[1].message, marks[1].hidden, marks[1].lines = 0.0, failed, True, [4]
    marks[3].text = words
    if not words:
        marks[3].points, marks[3].message = 0.0, "There is no answer to this exercise."
    when = datetime.datetime(2026, 11, 20, hour).timestamp()
    record = {"student": student, "origin": student, "handed_in": when, "members": [], "version": None,
              "missing": False, "marks": [mark.as_record() for mark in marks]}  # fmt: skip
    (folder / "results" / "small" / f"{student}.json").write_text(json.dumps(record))
    path = folder / "autograded" / student / "small" / "small.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(SafeCopy(LAB, read_submission(nbformat.writes(notebook).encode(), LAB)).notebook(), path)
    return record


@pytest.fixture
def folder(tmp_path, empty_gradebook, monkeypatch):
    """A class of twelve with a roster of thirteen: ann and ben have copied, cat's answer is hostile, zed is missing."""
    monkeypatch.chdir(tmp_path)
    labs = tmp_path / "labs"
    for room in ("source/small", "results/small"):
        (labs / room).mkdir(parents=True)
    nbformat.write(LAB.notebook, labs / "source" / "small" / "small.ipynb")
    shutil.copy(empty_gradebook, labs / "gradebook.db")
    students = ["ann", "ben", "cat", *(f"s{number}" for number in range(9))]
    (labs / "class.csv").write_text("id,name\n" + "".join(f"{one},{one.title()} X\n" for one in [*students, "zed"]))
    (labs / "settings.toml").write_text('[small]\ndue = "2026-11-20 13:00"\nper_day = 1\n')
    records = []
    for number, student in enumerate(students):
        count = {"ann": COPIED, "ben": renamed(COPIED)}.get(student, COUNTS[number % 3])
        failed = f"the even ones of [{number}] is wrong: it is 2, expected {number}." if count == COUNTS[2] else ""
        words = {"cat": EVIL, "s0": ""}.get(student, f"Because of {student}.")
        records.append(write_student(labs, student, count, words, failed, 9 + number // 2))
    gradebook.enter("sqlite:///labs/gradebook.db", LAB, records, set(students))
    return tmp_path


def page(folder, name):
    """A page of the class."""
    return (folder / "labs" / "reports" / name).read_text("utf-8")


def test_the_page_says_how_the_class_did(folder, capsys):
    assert cli.main(["report", "small"]) == 0
    text = page(folder, "small.html")
    found = Page(text)
    assert not found.dangers() and "script" not in {tag for tag, _ in found.tags}
    flat = " ".join(found.text.split())
    assert "13 students" in flat and "1 handed nothing in" in flat and "Zed X (zed)" in flat
    assert "4 students : the even ones of" in flat or "4 students: the even ones of" in flat, "values do not count"
    assert "return 2" in flat and "An example, by" in flat
    assert re.search(r"2026-11-20 ?12", flat) and "Due 2026-11-20 13:00" in flat
    assert "an answer has still to be marked by a person" in flat
    [alike] = re.findall(r"<summary>(.*?) exercise", text)
    assert alike.startswith("Ann X (ann) and Ben X (ben): 1")
    assert "Late" in flat and "1 day late" in flat


def test_hidden_checks_that_failed_nobody_are_named(folder):
    cli.main(["report", "small"])
    text = Page(page(folder, "small.html")).text
    assert text.count("decided nothing") == 2, "of double and ends; line 4 of count's check failed somebody"
    assert "the ends of one number" in text


def test_written_answers_stand_beside_model_and_rubric(folder):
    cli.main(["report", "small"])
    text = page(folder, "small-written.html")
    found = Page(text)
    assert not found.dangers() and "Because of ann." in found.text and "two and two are four" in found.text
    assert "1 point for four, 1 point for a reason" in found.text and "Why four?" in found.text
    assert found.text.count("to be read") == 11 and found.text.count("No answer.") == 1
    assert text.index("Because of ann.") < text.index("No answer."), "what has to be read comes first"


def test_students_see_neither_model_nor_rubric():
    assert "RUBRIC" not in nbformat.writes(student_version(LAB)) and model_answer("no markers") == ("no markers", "")
    answer = next(one.answer for one in LAB.exercises if one.written)
    assert model_answer(answer) == ("Because two and two are four.", "1 point for *four*, 1 point for a reason.")


def invented(rng, exercise):
    """An answer as somebody writes it alone: one of a few ways, with details of their own."""
    way, number = rng.randrange(3), rng.randrange(4)
    middle = [f"found = [one + {number} for one in values]", f"found = list(map(lambda one: one * {number}, values))",
              f"found = []\n    for one in values:\n        found.append(one - {number})"][way]  # fmt: skip
    last = rng.choice(
        ["return sum(found) / len(found)", "return np.mean(np.asarray(found))", "return max(found) - min(found)"]
    )
    return f"def f{exercise}(values):\n    {middle}\n    {last}"


def test_independent_answers_are_rarely_told_and_copies_always():
    told, caught = 0, 0
    for seed in range(10):
        rng = random.Random(seed)
        answers = {f"e{k}": {f"s{n}": invented(rng, k) for n in range(40)} for k in range(4)}
        told += bool(alike_pairs(answers, {}))
        answers["e0"]["s0"], answers["e0"]["s1"] = COPIED, renamed(COPIED)
        pairs = alike_pairs(answers, {})
        caught += bool(pairs) and (pairs[0].first, pairs[0].second) == ("s0", "s1")
    assert told <= 1 and caught == 10


def test_names_layout_and_what_everybody_was_given_count_for_nothing():
    assert statements(COPIED) == statements(renamed(COPIED)) and len(statements(COPIED)) == 5
    assert statements("def f(:") == {} == statements("x = " + "-" * 9000 + "1")
    class_ = {f"s{n}": COPIED if n < 2 else f"def count_even(x):\n    return sum(x) + {n} * len(x)" for n in range(30)}
    assert alike_pairs({"count": class_}, {}) and not alike_pairs({"count": class_}, {"count": COPIED})
    assert not alike_pairs({"count": dict.fromkeys(class_, COPIED)}, {}), "what all have written is no hint"


def test_the_interval_holds_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        low, high = mean_interval(rng.choice([0, 1, 3], 25, p=[0.3, 0.2, 0.5]), 3)[1:]
        held += low <= 1.7 <= high
    assert 360 <= held <= 395
    assert mean_interval([2], 3) == (2, 0, 3)


@pytest.mark.parametrize("style", ["moodle", "canvas"])
def test_feedback_goes_back_under_the_platforms_names(style, folder, capsys):
    origins = {"ann": "Ann X_71_assignsubmission_file", "ben": "benx_LATE_12_34_small-1"}
    for student, origin in origins.items():
        path = folder / "labs" / "results" / "small" / f"{student}.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "origin": origin}))
    assert cli.main(["feedback", "small", "--format", style]) == 0
    captured = capsys.readouterr()
    with zipfile.ZipFile(folder / "labs" / "exports" / f"small-feedback-{style}.zip") as archive:
        [name] = archive.namelist()
        shown = archive.read(name).decode()
    who, other = ("Ann", "Ben") if style == "moodle" else ("Ben", "Ann")
    assert f"Feedback for {who} X" in shown and other not in shown and "12 of 13" not in captured.out
    if style == "moodle":  # importziplib.php: explode('_', part, 5)
        assert name.partition("/")[0].split("_")[1:4] == ["71", "assignsubmission", "file"] and name.endswith(
            "small.html"
        )
    else:  # infer_comment_context_from_filename: the first two parts that are numbers
        assert [part for part in name.split("_") if part.isdigit()][:2] == ["12", "34"]
    assert "not in the zip file" in captured.err


def test_all_labs_with_weights(folder, capsys):
    (folder / "labs" / "settings.toml").write_text("[small]\nweight = 2\n")
    assert cli.main(["export", "--all", "--weights"]) == 0 and cli.main(["export", "--all", "small"]) == 2
    lines = (folder / "labs" / "exports" / "all-csv.csv").read_text("utf-8-sig").splitlines()
    assert lines[0] == "student,name,email,group,small,total,waiting,percent"
    assert "ann,Ann X,,,8,8,yes,80" in lines and "zed,Zed X,,,0,0,no,0" in lines
