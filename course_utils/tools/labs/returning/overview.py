"""What the report on a class says about a lab: numbers, reasons of failure, and what needs a person."""

import ast
import datetime
import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from course_utils.tools.labs.lab.assignment import Assignment, Exercise
from course_utils.tools.labs.lab.dues import Rules
from course_utils.tools.labs.lab.points import exact
from course_utils.tools.labs.lab.regions import hidden_lines
from course_utils.tools.labs.marking.grading import load_results
from course_utils.tools.labs.returning.feedback import questions_of, shown_cells, without_paths
from course_utils.tools.labs.returning.likeness import alike_pairs
from course_utils.tools.labs.returning.standing import Standing, in_words
from course_utils.tools.notebooks import headings
from course_utils.tools.reports.class_report import ClassReport, ExerciseSummary, Reason, ShownPair

_REASONS = 5
"""Reasons of failure of an exercise that are shown."""
_PAIRS = 20
"""Pairs of answers that are shown."""
_RESAMPLES = 2000
_VALUE = re.compile(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?|nan|'[^']*'|\([\d, ]*\)|\[[^\]]*\]", re.IGNORECASE)
"""What differs between messages of the same reason."""


def class_report(lab: Assignment, rows: Sequence[Standing], rules: Rules, output: Path) -> ClassReport:
    """Everything that the page of `course report` shows.

    Args:
        lab: with its checks.
        rows: everybody's standing.
        rules: of the lab.
        output: the folder of the class, with `results` and `autograded`.
    """
    keys = {row.key: row for row in rows if not row.missing}  # of a group one
    records = {one["student"]: one for one in load_results(output / "results" / lab.name) if one["student"] in keys}
    answers: dict[str, dict[str, str]] = defaultdict(dict)
    for key in records:
        _, graded = shown_cells(output / "autograded" / key / lab.name / f"{lab.name}.ipynb")
        for exercise in lab.exercises:
            if exercise.grade_id in graded:
                answers[exercise.grade_id][key] = graded[exercise.grade_id].source
    titles = {name: title for name, (title, _) in questions_of(lab).items()}
    exercises = [_summary(one, titles.get(one.grade_id), records, keys, answers[one.grade_id]) for one in lab.exercises]
    known = {exercise.grade_id: exercise.answer for exercise in lab.marked}
    code = {name: {k: s for k, s in by.items() if "raise NotImplementedError" not in s} for name, by in answers.items()}
    pairs = [
        ShownPair(_called(keys[one.first]), _called(keys[one.second]), one.bits,
                  titles.get(one.exercises[0], one.exercises[0]), len(one.exercises),
                  answers[one.exercises[0]][one.first], answers[one.exercises[0]][one.second])
        for one in alike_pairs({name: code.get(name, {}) for name in known}, known)
    ]  # fmt: skip
    return ClassReport(
        lab=headings.title(lab.notebook) or lab.name,
        of=lab.points,
        points=[row.points for row in rows],
        missing=[_called(row) for row in rows if row.missing],
        waiting=[(_called(row), row.waiting, ", ".join(sorted(row.unread))) for row in rows if row.waiting],
        remarks=[(_called(row), in_words(row)) for row in rows if row.late],
        exercises=exercises,
        times=_times(rows),
        due=rules.due,
        pairs=pairs[:_PAIRS],
        more_pairs=max(0, len(pairs) - _PAIRS),
    )


def mean_interval(points: Sequence[float], most: float) -> tuple[float, float, float]:
    """The mean, and an interval that holds the mean of a class like this one with 95 %.

    Percentiles of bootstrap samples, as points are few and far from normal; widened by sqrt(n / (n - 1)), as samples
    vary too little (Hesterberg, The American Statistician 2015).
    """
    values = np.asarray(points, float)
    if len(values) < 2:
        return (float(values.mean()) if len(values) else math.nan), 0.0, float(most)
    draws = np.random.default_rng(0).integers(0, len(values), (_RESAMPLES, len(values)))
    mean = float(values.mean())
    low, high = np.percentile(values[draws].mean(1) - mean, [2.5, 97.5]) * math.sqrt(len(values) / (len(values) - 1))
    return mean, max(0.0, mean + float(low)), min(float(most), mean + float(high))


def _summary(exercise: Exercise, title, records, keys, answers) -> ExerciseSummary:
    """One exercise over all submissions."""
    name, of = exercise.grade_id, exact(exercise.points)
    got = {key: keys[key].exercises.get(name, exact(0)) for key in records if name not in keys[key].unread}
    marks = {key: mark for key, one in records.items() for mark in one["marks"] if mark["grade_id"] == name}
    mean, low, high = mean_interval([float(one) for one in got.values()], float(of))
    reasons = [] if exercise.written else _reasons(marks, keys, answers)
    return ExerciseSummary(
        title=title or name,
        of=of,
        mean=mean,
        low=low,
        high=high,
        full=sum(one >= of for one in got.values()),
        none=sum(not one for one in got.values()),
        count=len(got),
        waiting=len(records) - len(got),
        reasons=reasons[:_REASONS],
        more_reasons=max(0, len(reasons) - _REASONS),
        undecided=[] if exercise.written else _undecided(exercise, marks),
    )


def _reasons(marks: dict[str, dict], keys: dict[str, Standing], answers: dict[str, str]) -> list[Reason]:
    """The messages of an exercise, those that differ in values only as one, the commonest first."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key, mark in marks.items():
        failed = [part["message"] for part in mark.get("parts", []) if part["message"]]
        for message in failed or [mark["message"]] * bool(mark["message"]):
            found[_VALUE.sub("…", message.splitlines()[0])].append((key, message))
    several = sorted(found.values(), key=lambda one: (-len(one), one[0][1]))
    return [
        Reason(without_paths(one[0][1])[:500], len({key for key, _ in one}), _called(keys[one[0][0]]),
               answers.get(one[0][0], ""))
        for one in several
    ]  # fmt: skip


def _undecided(exercise: Exercise, marks: dict[str, dict]) -> list[tuple[int, str]]:
    """The hidden statements that compare something and failed nobody, with their lines; none if nothing is known."""
    if not any("lines" in mark for mark in marks.values()):
        return []
    failed = {line for mark in marks.values() for line in mark.get("lines", [])}
    hidden, lines = hidden_lines(exercise.check), exercise.check.splitlines()
    found = []
    for node in ast.parse(exercise.check).body:
        inside = set(range(node.lineno, node.end_lineno + 1))
        if node.lineno in hidden and _compares(node) and not inside & failed:
            found.append((node.lineno, "\n".join(lines[node.lineno - 1 : node.end_lineno])))
    return found


def _compares(node: ast.AST) -> bool:
    return any(
        isinstance(part, ast.Assert) or (isinstance(part, ast.Name) and part.id.startswith("assert"))
        for part in ast.walk(node)
    )


def _times(rows: Sequence[Standing]) -> list[tuple[datetime.date, int]]:
    """By day, the submissions whose time is known, from the first day to the last."""
    days = Counter(row.handed_in.date() for row in rows if row.handed_in)
    if not days:
        return []
    first, last = min(days), max(days)
    if (last - first).days > 60:  # one old file must not make the line unreadable
        return sorted(days.items())
    return [(day, days[day]) for day in (first + datetime.timedelta(n) for n in range((last - first).days + 1))]


def _called(row: Standing) -> str:
    return f"{row.person.name} ({row.student})" if row.person.name else row.student
