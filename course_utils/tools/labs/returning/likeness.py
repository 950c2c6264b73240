"""Answers that are more alike than chance would make them: a hint for a person, never a verdict.

Code is compared as statements of syntax trees in which the names that the answer itself gives are numbered, so
renaming, formatting and comments change nothing. A statement that many have written says little, one that two have
written says log2(n - 1) bits: that is how improbable it is for another one of n students to have it. Short statements
count in proportion, as many are alike by accident, and the course's own solution says nothing at all. Statements of one
answer come together, so the k-th of a pair counts 1 / sqrt(k). A pair is told if its bits over all exercises exceed
what the most alike of so many pairs of independent students reaches once in twenty classes. The weights are a rule of
thumb; `tests/tools/labs/test_class_report.py` measures on invented classes how often they err.
"""

import ast
import itertools
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

_LONGEST = 10_000
"""Characters of an answer that is compared: nothing long is parsed here, as a student wrote it."""
_SMALLEST = 7
"""Nodes of a statement that is compared."""
_WHOLE = 20
"""Nodes from which on a statement counts in full."""
_CLASSES = 20
"""Of so many classes without copying one has a pair that is told."""
_FEWEST = 5
"""Answers to an exercise below which nothing can be said."""


@dataclass(frozen=True)
class AlikePair:
    """Two students and what their answers share.

    Attributes:
        first, second: the names under which their marks are kept.
        bits: how improbable that is.
        exercises: those in which they share something, the most telling first.
    """

    first: str
    second: str
    bits: float
    exercises: tuple[str, ...]


def alike_pairs(answers: Mapping[str, Mapping[str, str]], known: Mapping[str, str]) -> list[AlikePair]:
    """The pairs of students whose answers are more alike than chance, the most improbable first.

    Args:
        answers: by exercise and student, the source of the answer.
        known: by exercise, what nobody has to copy: the course's own solution, with the text that students were given.
    """
    shared: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(dict)
    students = {student for by_student in answers.values() for student in by_student}
    for exercise, by_student in answers.items():
        own = set(statements(known.get(exercise, "")))
        found = {student: statements(source) for student, source in by_student.items()}
        sizes = {statement: size for one in found.values() for statement, size in one.items()}
        if len(found) < _FEWEST:
            continue
        owners = defaultdict(list)
        for student in sorted(found):
            for statement in sorted(set(found[student]) - own):
                owners[statement].append(student)
        for statement, several in owners.items():
            bits = math.log2((len(found) - 1) / (len(several) - 1)) if len(several) > 1 else 0.0
            bits *= min(1.0, sizes[statement] / _WHOLE)
            for pair in itertools.combinations(several, 2) if bits else ():
                shared[pair].setdefault(exercise, []).append(bits)
    count = len(students) * (len(students) - 1) / 2
    least = math.log2(max(count, 1)) + math.log2(_CLASSES)
    pairs = []
    for (first, second), by_exercise in shared.items():
        weights = {exercise: _together(bits) for exercise, bits in by_exercise.items()}
        if (bits := math.fsum(weights.values())) > least:
            pairs.append(AlikePair(first, second, bits, tuple(sorted(weights, key=weights.get, reverse=True))))
    return sorted(pairs, key=lambda pair: (-pair.bits, pair.first, pair.second))


def _together(bits: list[float]) -> float:
    return math.fsum(one / math.sqrt(rank) for rank, one in enumerate(sorted(bits, reverse=True), 1))


def statements(source: str) -> dict[str, int]:
    """The statements of an answer, normalised, with their nodes; of loops the first line alone. None without Python."""
    if len(source) > _LONGEST:
        return {}
    try:
        tree = ast.parse(source)
        given = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        given |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        found = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import):
                head = _head(node)
                size = sum(1 for _ in ast.walk(head))
                if size >= _SMALLEST and not _is_text(head):
                    found[_normal(head, given)] = size
        return found
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}


def _head(node: ast.stmt) -> ast.AST:
    """A statement without the statements inside it."""
    kept = {name: value for name, value in ast.iter_fields(node) if not (isinstance(value, list) and _holds(value))}
    return type(node)(**kept)


def _holds(parts: list) -> bool:
    return any(isinstance(part, ast.stmt | ast.excepthandler | ast.match_case) for part in parts)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _normal(node: ast.AST, given: set[str]) -> str:
    """The tree as text, with numbers for the names that the answer gives, in the order in which they occur."""
    numbers: dict[str, str] = {}

    def told(part) -> str:
        if isinstance(part, ast.Name):
            name = numbers.setdefault(part.id, f"${len(numbers)}") if part.id in given else part.id
            return f"Name({name})"
        if isinstance(part, ast.AST):
            return f"{type(part).__name__}({','.join(told(value) for _, value in ast.iter_fields(part))})"
        if isinstance(part, list):
            return f"[{','.join(map(told, part))}]"
        return repr(part)

    return told(node)
