"""The parameters of a notebook: literal assignments in the one cell tagged `parameters`, as papermill reads them.

# %% tags=["parameters"]
fast = False
dataset = "toy_streets"
data_dir = None
"""

import ast
import json

from nbformat import NotebookNode

from course_utils.errors import CourseError


def parameter_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells tagged `parameters`; papermill uses the first."""
    return [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]


def parameters(notebook: NotebookNode) -> dict[str, object]:
    """Names and defaults of a notebook's parameters, in their order; empty without a `parameters` cell.

    Only plain assignments of literals count: `width = 0.5`, `sizes = [128, 256]`, not `width = default_width()`.
    """
    found = {}
    for cell in parameter_cells(notebook)[:1]:
        for statement in ast.parse(cell.source).body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_literal(value):
                    found[name] = ast.literal_eval(value)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if _is_literal(value):
                    found[name] = ast.literal_eval(value)
    return found


def _is_literal(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return False
    return True


def parse_value(text: str) -> object:
    """A value from a command line: JSON (`true`, `null`, `1e-3`, `[1, 2]`), a Python literal (`True`, `None`), or text.

    >>> [parse_value(text) for text in ("true", "None", "1e-3", "[1, 2]", "camvid")]
    [True, None, 0.001, [1, 2], 'camvid']
    """
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
            # What JSON does not hold (1j, ..., {1, 2}, NaN) no notebook can be given.
            json.dumps(value, allow_nan=False)
            return value
        # A list as the key of a dictionary, nesting without an end, immense numbers are no literals either.
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            pass
    return text


def check_parameters(given: dict[str, object], known: dict[str, object], where: str) -> dict[str, object]:
    """The given values, checked against names and defaults: a whole number becomes a float where the default is one.

    Sequences reach the notebook as lists, whatever their default.

    Args:
        given: name to value.
        known: name to default, from `parameters`. A default of None takes any value.
        where: the notebook's name, for the message.

    Raises:
        CourseError: an unknown name, or a value of another type than the default.
    """
    checked = {}
    for name, value in given.items():
        if name not in known:
            raise CourseError(f"{where} has no parameter {name!r}; it has {', '.join(known) or 'none'}.")
        default = known[name]
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if isinstance(default, str) and value is not None and not isinstance(value, str):
            value = str(value)
        kind = list if isinstance(default, tuple) else type(default)
        if default is not None and value is not None and type(value) is not kind:
            raise CourseError(
                f"{where}: the parameter {name} is {default!r} by default and cannot be {value!r}: "
                f"give a value of type {kind.__name__}."
            )
        checked[name] = value
    return checked
