"""A widget draws with the notebook's names whenever it is moved: no later cell may give them another meaning."""

import ast

import nbformat
import pytest


def bound(tree: ast.AST) -> set[str]:
    """Names that running a cell binds in the notebook."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return found - inside(tree)


def inside(tree: ast.AST) -> set[str]:
    """Names that are bound within functions and comprehensions, and nowhere else."""
    nested, outside = set(), set()

    def visit(node, local):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
                (nested if local else outside).add(child.id)
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                (nested if local else outside).add(child.name)
            scope = ast.FunctionDef | ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
            visit(child, local or isinstance(child, scope))

    visit(tree, False)
    return nested - outside


def used(tree: ast.AST) -> set[str]:
    """Names that a cell, or a function, reads."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def changed_names(sources: list[str]) -> list[str]:
    """For each cell with an `interactive_figure`: names that its functions read and that a later cell binds anew."""
    trees = [ast.parse(source) for source in sources]
    functions, found = {}, []
    for place, tree in enumerate(trees):
        functions |= {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        if "interactive_figure(" not in sources[place]:
            continue
        calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
        call = next(node for node in calls if ast.unparse(node.func).split(".")[-1] == "interactive_figure")
        # The drawing function itself is kept by the widget; what it reads is looked up at every move.
        callables = [node for node in ast.walk(call) if isinstance(node, ast.Lambda)]
        callables += [functions[name] for name in used(call.args[0]) & functions.keys()]
        needed, seen = set().union(*map(read_outside, callables)), set()
        while new := needed - seen:
            seen |= new
            needed |= set().union(*(read_outside(functions[name]) for name in new & functions.keys()))
        later = set().union(*map(bound, trees[place + 1 :]))
        found += [f"'{name}' of the widget in code cell {place + 1}" for name in sorted(needed & later)]
    return found


def read_outside(function: ast.FunctionDef | ast.Lambda) -> set[str]:
    """Names that a function reads and does not bind itself."""
    names = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
    stored = (node for node in ast.walk(function) if isinstance(node, ast.Name))
    return used(function) - names - {node.id for node in stored if isinstance(node.ctx, ast.Store)}


def test_no_later_cell_changes_what_a_widget_reads(committed):
    notebook = nbformat.read(committed, as_version=4)
    assert changed_names([cell.source for cell in notebook.cells if cell.cell_type == "code"]) == []


WIDGET = "step = 2\ndef draw(n=1):\n    k = n\n    return [helper(k, i) for i in x]\ninteractive_figure(draw, n=(1, 2))"


@pytest.mark.parametrize(
    ("later", "names"),
    [
        ("step = 3", "step"),
        ("for x in range(3):\n    pass", "x"),
        ("def helper():\n    pass", "helper"),
        ("def other():\n    step = 3", ""),
        ("i, k, n = 1, 2, 3\n[step for step in y]", ""),
    ],
)
def test_changes_are_found(later, names):
    helper = "def helper(k, i):\n    return k * step"
    found = changed_names(["x = [1]", helper, WIDGET, later])
    assert [line.split("'")[1] for line in found] == names.split()
