"""The rooms of the labs: files import from their own room and from those below it, as the package's docstring lists."""

import ast
import re
from pathlib import Path

import pytest

from course_utils.tools import labs

FOLDER = Path(labs.__file__).parent
ORDER = re.findall(r"^ {4}(\w+)/", labs.__doc__, re.M)


def rooms_imported(source: str) -> set[str]:
    """The rooms that a module's text imports from, inside functions too."""
    names = [f"{node.module}.{alias.name}" for node in ast.walk(ast.parse(source))
             if isinstance(node, ast.ImportFrom) for alias in node.names]  # fmt: skip
    names += [
        alias.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import) for alias in node.names
    ]
    return {match[1] for name in names if (match := re.match(rf"{labs.__name__}\.(\w+)", name))}


def test_the_docstring_lists_every_room():
    assert sorted(ORDER) == sorted(path.parent.name for path in FOLDER.glob("*/__init__.py"))


@pytest.mark.parametrize("room", ORDER)
def test_a_room_imports_from_those_below_only(room):
    allowed = set(ORDER[: ORDER.index(room) + 1])
    wrong = {
        path.name: up for path in (FOLDER / room).glob("*.py") if (up := rooms_imported(path.read_text()) - allowed)
    }
    assert not wrong


def test_an_import_inside_a_function_is_seen():
    text = f"def f():\n    from {labs.__name__}.returning import gradebook\n    import {labs.__name__}.lab.source\n"
    assert rooms_imported(text) == {"returning", "lab"}
