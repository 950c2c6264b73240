"""Exercises that nobody has answered yet: how they are recognized, and how a run passes over their checks."""

import ast

import nbformat
from nbformat import NotebookNode

CHECK_ALL = "check-all"
"""The tag of the cell that runs `course check`: a run of the whole notebook leaves it out."""

_PASSED_OVER = "pass  # passed over: {}"


def is_open(source: str) -> bool:
    """Whether an answer cell still has a function that only raises `NotImplementedError`."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return False
    return any(_is_stub(node) for node in body if isinstance(node, ast.FunctionDef))


def _is_stub(function: ast.FunctionDef) -> bool:
    """Whether there is nothing in it but texts and `raise NotImplementedError`, with or without brackets."""
    rest = [node for node in function.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    if len(rest) != 1 or not isinstance(rest[0], ast.Raise):
        return False
    raised = rest[0].exc.func if isinstance(rest[0].exc, ast.Call) else rest[0].exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def open_exercises(notebook: NotebookNode) -> list[str]:
    """The grade ids of the code answers that are still to be written, in the notebook's order."""
    return [
        record["grade_id"]
        for cell in notebook.cells
        if cell.cell_type == "code" and (record := _record(cell)) and record.get("solution") and is_open(cell.source)
    ]


def pass_over(notebook: NotebookNode, grade_ids: list[str]) -> dict[str, str]:
    """Empty the check cells of these exercises, and the cell that runs `course check`.

    Args:
        notebook: is changed.
        grade_ids: of the answers.

    Returns:
        The sources that were taken out, by what stands in their places, for `put_back`.
    """
    checks, taken = {f"{grade_id}_check" for grade_id in grade_ids}, {}
    for number, cell in enumerate(notebook.cells):
        if _record(cell).get("grade_id") in checks or CHECK_ALL in cell.metadata.get("tags", []):
            place = _PASSED_OVER.format(number)
            taken[place], cell.source = cell.source, place
    return taken


def put_back(notebook: NotebookNode, taken: dict[str, str]) -> None:
    """Give the cells of an executed notebook their sources again, and say below the checks that they were left out."""
    for cell in notebook.cells:
        if cell.source in taken:
            cell.source = taken[cell.source]
            if _record(cell):
                text = "Passed over: the exercise is still open.\n"
                cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]


def _record(cell: NotebookNode) -> dict:
    record = cell.metadata.get("nbgrader")
    return record if isinstance(record, dict) else {}
