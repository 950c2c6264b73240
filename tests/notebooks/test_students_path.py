"""The student's path through a notebook: objectives, a self-test after each idea, hints, summary, exact sources."""

import re

import nbformat
import pytest
from nbformat import NotebookNode

OPENING = ("**After this notebook you can**", "**Time:**", "**Lecture claim", "**Before it:**", "**Exercises:**")
FRAME = re.compile(
    r"(?:More: )?(?:The question|The way through|Quiz|Train first|Try it|What cannot be concluded|With )"
)
"""Beginnings of headings under which no new idea is taught."""


def sections(text: str, level: int) -> list[tuple[str, str]]:
    """Heading and text of each section of a level, up to the next heading of that level or a higher one."""
    parts = re.split(rf"^(?=#{{1,{level}}} )", text, flags=re.M)
    return [tuple(part.split("\n", 1)) for part in parts if re.match(rf"#{{{level}}} ", part)]


def path_problems(notebook: NotebookNode) -> list[str]:
    """What a student would miss on the way through a notebook, one line each."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    text = "\n\n".join(texts) + "\n"
    problems = [f"the title cell has no {words!r}" for words in OPENING if words not in texts[0]]
    headings = [heading.removeprefix("## ") for heading, _ in sections(text, 2)]
    frame = [heading for heading in headings if heading in ("Exercises", "Summary", "Further reading")]
    if frame != ["Exercises", "Summary", "Further reading"] or headings[-1] != "Further reading":
        problems.append("it does not end with Exercises, Summary and Further reading, in this order")
    for heading, section in sections(text, 2):
        title = heading.removeprefix("## ")
        if title == "Further reading":
            for entry in re.split(r"^- ", section, flags=re.M)[1:]:
                if not re.search(r"\b(19|20)\d\d\b", entry):
                    problems.append(f"a source without its year: {entry.strip()[:60]}")
        elif title not in frame and not FRAME.match(title) and not title.startswith("Self-test"):
            asked = re.search(r"think first|self-test", section, re.I) and "<summary>Answer" in section
            problems += [] if asked else [f"no self-test with its answer in '{title}'"]
    exercises = sections(text, 3)
    exercises = [(heading, section) for heading, section in exercises if heading.startswith("### Exercise")]
    for number, (heading, section) in enumerate(exercises, 1):
        if not re.fullmatch(rf"### Exercise {number}: .+ \(\d points?\)", heading):
            problems.append(f"'{heading}' is not 'Exercise {number}: ... (N points)'")
        hints = [text for text in re.findall(r"<summary>(.*?)</summary>", section) if "hint" in text.lower()]
        if "in your own words" not in heading and len(hints) < (1 if "(1 point)" in heading else 2):
            problems.append(f"{len(hints)} hints are too few at '{heading}'")
    for block in re.findall(r"<details>.*?(?=<details>|\n\n|\Z)", text, re.S):
        if "</details>" not in block:
            problems.append(f"never closed: {block[:60]}")
        if "`" in block:
            problems.append(f"backticks, which HTML shows as they are; write <code>: {block[:60]}")
    return problems


def test_committed_notebook_leads_its_student(committed):
    assert path_problems(nbformat.read(committed, as_version=4)) == []


@pytest.fixture
def good() -> list[str]:
    """The text cells of the smallest notebook without problems."""
    return [
        "# Title\n\n" + " ... ".join(OPENING),
        "## An idea\n\nText.\n\n**Think first:** why?\n\n<details><summary>Answer</summary>So.</details>",
        "## Exercises\n\n### Exercise 1: a sum (2 points)\n\nAdd.",
        "<details><summary>Hint 1</summary>Use <code>+</code>.</details>\n<details><summary>Hint 2</summary>Twice."
        "</details>\n\n### Exercise 2: in your own words (1 point)",
        "## Summary\n\nDone.\n\n## Further reading\n\n- A. Author: *Paper*, 2016, section 3.",
    ]


def problems_of(texts: list[str]) -> list[str]:
    return path_problems(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text) for text in texts]))


def test_a_good_one_has_no_problems(good):
    assert problems_of(good) == []


@pytest.mark.parametrize(
    ("cell", "old", "new", "problem"),
    [
        (0, "**Time:**", "", "title cell"),
        (1, "Think first:", "", "self-test"),
        (1, "Answer", "More", "self-test"),
        (1, "</details>", "", "never closed"),
        (2, "2 points", "2", "Exercise 1"),
        (2, "Exercise 1", "Exercise 3", "Exercise 1"),
        (3, "Hint 2", "Answer", "too few"),
        (3, "<code>+</code>", "`+`", "backticks"),
        (4, "## Summary", "## End", "in this order"),
        (4, "2016", "some years ago", "year"),
    ],
)
def test_what_a_student_would_miss_is_named(good, cell, old, new, problem):
    assert old in good[cell]
    good[cell] = good[cell].replace(old, new)
    assert any(problem in found for found in problems_of(good))
