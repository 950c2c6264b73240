"""Headings: of any level, without their number signs, and never a comment in code."""

import nbformat

from course_utils.tools.notebooks.headings import headings, title

MARKDOWN = [
    "Words before any heading",
    "Words\n\n# The *title* #\n\nand more",
    "```python\n# a comment\n```",
    "## One\n### Two",
    "#no heading",
]


def notebook(*texts):
    cells = [nbformat.v4.new_markdown_cell(text) for text in texts]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("# a comment"), *cells])


def test_title_is_the_first_heading():
    assert title(notebook(*MARKDOWN)) == "The *title*"
    assert title(notebook(*MARKDOWN[2:])) == "One"
    assert title(notebook("no heading")) == title(notebook()) == ""


def test_each_cell_is_under_the_nearest_heading():
    cells = [*notebook(*MARKDOWN).cells, nbformat.v4.new_code_cell("1")]
    assert headings(cells) == ["", "", "The *title*", "The *title*", "Two", "Two", "Two"]


def test_the_marks_of_a_solution_are_no_headings():
    cells = notebook("## Exercise", "### BEGIN SOLUTION\nSo.\n### END SOLUTION").cells
    cells[-1].metadata["nbgrader"] = {"grade_id": "words"}
    assert headings(cells) == ["", "Exercise", "Exercise"]
