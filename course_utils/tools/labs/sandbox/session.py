"""A running notebook in a student's process: its shell, and the functions that answer each exercise."""

import ast
import contextlib
import symtable
from collections.abc import Iterator
from types import ModuleType

from course_utils.tools.labs.sandbox import shell
from course_utils.tools.labs.sandbox.channel import Channel
from course_utils.tools.labs.sandbox.values import NotPlain, dumps

_MAX_MESSAGE = 2000
"""Characters of an exception's text that are kept."""

_CELL = "<ipython-input-"
"""How the names begin that IPython gives to cells."""

_ALWAYS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
"""What is run of a lesson's cell, whether somebody uses it or not."""


class Session:
    """Answers the requests of the marking process.

    Args:
        running: the shell, in which nothing has run yet.
    """

    def __init__(self, running: shell.Shell):
        self._shell, self._namespace = running, running.user_ns
        self._functions = {}
        self._wanted: set[str] = set()
        self._modules: set[str] = set()

    def serve(self, channel: Channel) -> None:
        """Answer requests until the other side hangs up."""
        requests = {"prepare": self.prepare, "run": self.run, "define": self.define, "call": self.call}
        while True:
            kind, *arguments = channel.receive()
            try:
                reply = dumps(requests[kind](*arguments))
            except NotPlain as problem:
                reply = dumps({"refused": str(problem)})
            channel.send_bytes(*reply)

    def prepare(self, theirs: list[str], lessons: list[str]) -> dict:
        """Find out which of the lesson's variables the student's cells use, themselves or through other variables.

        Args:
            theirs: the sources of the student's cells.
            lessons: the sources of the lesson's cells.
        """
        for source in theirs:
            self._wanted |= _globals_read(self._shell.transform_cell(source))
        statements = [node for source in lessons for node in _statements(self._shell.transform_cell(source))]
        self._modules = {name for name, value in self._namespace.items() if isinstance(value, ModuleType)}
        self._modules |= {name for node in statements for name in _modules_imported(node)}
        size = -1
        while size != len(self._wanted):
            size = len(self._wanted)
            for node in reversed(statements):
                if self._is_wanted(node):
                    self._wanted |= _globals_read(ast.unparse(node))
        return {}

    def run(self, source: str, grade_id: str | None = None, names: tuple = (), first: bool = True) -> dict:
        """Run a cell, and keep the functions that it defines for an exercise.

        Args:
            source: of the cell.
            grade_id: of the exercise.
            names: of its functions.
            first: whether this is the first cell of the exercise.
        """
        if first:
            for name in names:
                # A function of this name from an earlier cell is not the answer.
                self._namespace.pop(name, None)
        result = self._shell.run_cell(source, store_history=False)
        error = result.error_before_exec or result.error_in_exec
        for name in names:
            if callable(self._namespace.get(name)):
                self._functions[grade_id, name] = self._namespace[name]
        reply = {"defined": [name for name in names if (grade_id, name) in self._functions]}
        return reply if error is None else reply | {"error": _describe(error)}

    def define(self, source: str, variables: bool = True) -> dict:
        """Run a lesson's imports and definitions, each on its own, and what the student's cells use of its variables.

        Args:
            source: of the lesson's cell.
            variables: False for imports and definitions only.
        """
        for node in _statements(self._shell.transform_cell(source)):
            if isinstance(node, _ALWAYS) or (variables and self._is_wanted(node)):
                with contextlib.suppress(Exception):
                    exec(compile(ast.Module([node], []), "<lesson>", "exec"), self._namespace)
        return {}

    def _is_wanted(self, node: ast.stmt) -> bool:
        """Whether a statement defines or changes a variable that is used.

        A call such as `np.testing.assert_equal(...)` changes no module: otherwise every answer with `np` in it would
        have half of the lesson computed.
        """
        return bool((_names_bound(node) | _names_called(node) - self._modules) & self._wanted)

    def call(self, grade_id: str, name: str, arguments: tuple, options: dict) -> dict:
        """Call an answer; reply with its return value and its arguments after the call, or with the exception."""
        try:
            result = self._functions[grade_id, name](*arguments, **options)
        except BaseException as error:
            return {"error": _describe(error)}
        dumps(result)  # so that what is refused is named after the result alone
        return {"value": result, "arguments": arguments}


def _statements(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _names_bound(node: ast.stmt) -> set[str]:
    """The module's names that a statement defines or, as in `x += 1` or `x[0] = 1`, changes."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    return names | {_root(part.value) for part in ast.walk(node)
                    if isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store)}  # fmt: skip


def _names_called(node: ast.stmt) -> set[str]:
    """The name whose method a statement calls, and perhaps changes it by that, as in `x.append(1)`."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
        return {_root(node.value.func.value)}
    return set()


def _root(part: ast.expr) -> str:
    """The name before all dots and brackets; an empty text where there is none."""
    while isinstance(part, ast.Attribute | ast.Subscript):
        part = part.value
    return part.id if isinstance(part, ast.Name) else ""


def _modules_imported(node: ast.stmt) -> list[str]:
    """The names that `import a, b.c, d as e` binds; what `from a import b` binds may be anything."""
    if not isinstance(node, ast.Import):
        return []
    return [alias.asname or alias.name.partition(".")[0] for alias in node.names]


def _globals_read(source: str) -> set[str]:
    """The names that a cell reads from the module, in its functions, too."""
    try:
        top = symtable.symtable(source, "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {symbol.get_name() for table in _tables(top) for symbol in table.get_symbols()
            if symbol.is_referenced() and (table is top or symbol.is_global())}  # fmt: skip


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


def _describe(error: BaseException) -> list:
    """Type, text and line of an exception, even if its class raises when asked for them."""
    kind, text, line = "an exception", "", None
    with contextlib.suppress(BaseException):
        kind = str(type(error).__name__)[:100]
        traceback = error.__traceback__
        while traceback:
            if traceback.tb_frame.f_code.co_filename.startswith(_CELL):
                line = traceback.tb_lineno
            traceback = traceback.tb_next
        text = str(error)[:_MAX_MESSAGE]
        if isinstance(error, SyntaxError) and line is None:
            text, line = str(error.msg)[:_MAX_MESSAGE], error.lineno  # the cell itself, not what it calls
    return [kind, text, line]
