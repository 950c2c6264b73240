"""The two paths through a notebook: what the core keeps, how minutes are counted, what the theory notebooks promise."""

import ast
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils.errors import CourseError
from course_utils.machine import checkout
from course_utils.tools.notebooks import paths
from course_utils.tools.notebooks.convert import read_source

SOURCES = sorted((checkout() / "notebooks" / "source").glob("*.py"))


def graded(points: int, **record):
    return {"nbgrader": {"grade": True, "solution": False, "points": points, "grade_id": "a_check"} | record}


ANSWER = {"nbgrader": {"grade": False, "solution": True, "grade_id": "a"}}


def test_core_keeps_what_is_tagged_in_order():
    cells = [new_code_cell(str(n), metadata={"tags": ["core"] if n % 2 else ["more"]}) for n in range(5)]
    notebook = new_notebook(cells=cells)
    assert [cell.source for cell in paths.core_path(notebook, "x").cells] == ["1", "3"]
    assert len(notebook.cells) == 5


def test_without_a_tag_there_is_no_core():
    with pytest.raises(CourseError, match="07_x has no core"):
        paths.core_path(new_notebook(cells=[new_code_cell("1")]), "07_x")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([new_markdown_cell("word " * 1000)], 5),
        ([new_markdown_cell("word " * 1001)], 10),
        ([new_markdown_cell("<details><summary>Hint 1</summary>" + "word " * 900 + "</details>")], 0),
        ([new_markdown_cell("<details><summary>Answer</summary>" + "word " * 900 + "</details>")], 5),
        ([new_code_cell("1")] * 10, 5),
        ([new_code_cell("1")] * 11, 10),
        ([new_code_cell("1")] * 4 + [new_code_cell('from x import quiz\n\nquiz("00")')], 5),
        ([new_code_cell("1")] * 5 + [new_code_cell('quiz("00")')], 10),
        (
            [
                new_code_cell("1", metadata=graded(3)),
                new_code_cell("def f(): ...", metadata=graded(0, grade=False, solution=True)),
            ],
            10,
        ),
        ([new_code_cell("1", metadata=graded(1))] * 2, 10),
        ([new_markdown_cell("solution " * 5000, metadata=graded(2, solution=True))], 5),
    ],
)
def test_minutes_follow_the_rule(cells, expected):
    assert paths.minutes(new_notebook(cells=cells)) == expected


@pytest.fixture(params=SOURCES, ids=lambda path: path.stem[:2])
def theory(request) -> tuple[nbformat.NotebookNode, nbformat.NotebookNode]:
    """A theory notebook and its core."""
    notebook = read_source(request.param)
    return notebook, paths.core_path(notebook, request.param.stem)


def test_core_is_short(theory):
    _, core = theory
    assert paths.minutes(core) <= 30 and paths.words(core) <= 1200
    for cell in core.cells:
        if cell.cell_type == "code" and "nbgrader" not in cell.metadata:
            assert len([line for line in cell.source.splitlines() if line.strip()]) <= 15, cell.source


def test_title_says_the_minutes_of_both_paths(theory):
    notebook, core = theory
    assert notebook.metadata.course["minutes"] == paths.minutes(notebook)
    time = re.search(r"\*\*Time:\*\* (\d+) minutes, or (\d+) for the core", notebook.cells[0].source)
    assert time and [int(number) for number in time.groups()] == [paths.minutes(notebook), paths.minutes(core)]


def test_headings_name_what_is_not_core(theory):
    notebook, core = theory
    always = ("The way through", "Exercises", "Summary", "Further reading", "With ")
    in_core = {cell.id for cell in core.cells}
    for cell in notebook.cells:
        for heading in re.findall(r"^## (.*)", cell.source, re.M) if cell.cell_type == "markdown" else []:
            assert heading.startswith("More: ") != (cell.id in in_core) or heading.startswith(always), heading


THINK = re.compile(r"(?<!At \*)think first|before you run it", re.I)


def test_what_students_should_guess_first_is_withheld(theory):
    """Where a question is not answered in its own cell, the next cell answers it, and is tagged `predict`."""
    notebook, _ = theory
    withheld = 0
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and THINK.search(cell.source) and "<summary>Answer" not in cell.source:
            later = [c for c in notebook.cells[place + 1 :] if c.cell_type == "code" and "nbgrader" not in c.metadata]
            showing = next(c for c in later if re.search(r"print\(|plotting\.show", c.source))
            assert "predict" in showing.metadata.get("tags", []), cell.source
        withheld += "predict" in cell.metadata.get("tags", [])
    assert withheld >= 2


def _assigned(source: str) -> set[str]:
    """Names that the cell's own lines assign, those inside functions and comprehensions left out."""
    names, nodes = set(), [ast.parse(source)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        inside = (ast.FunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
        nodes += [child for child in ast.iter_child_nodes(node) if not isinstance(child, inside)]
    return names


def test_checks_in_the_flow_leave_the_parameters_alone(theory):
    """What follows a check would otherwise run with another width or seed."""
    notebook, _ = theory
    tagged = [(set(cell.metadata.get("tags", [])), cell.source) for cell in notebook.cells if cell.cell_type == "code"]
    (given,) = [_assigned(source) for tags, source in tagged if "parameters" in tags]
    checks = [source for tags, source in tagged if "raises-exception" in tags]
    assert checks
    for source in checks:
        assert not _assigned(source) & given, source[:80]
