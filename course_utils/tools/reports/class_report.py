"""The page of `course report`: how a class did in a lab, and where it needs its instructor."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from course_utils.tools.reports.coloured import coloured, styles
from course_utils.tools.reports.pages import render

_BARS = 11
"""Bars of the distribution, one per tenth of the points, full marks alone."""


@dataclass(frozen=True)
class Reason:
    """Why answers failed.

    Attributes:
        message: of the example.
        count: students who read a message like it.
        student: whose example it is.
        answer: the example's code.
    """

    message: str
    count: int
    student: str
    answer: str


@dataclass(frozen=True)
class ExerciseSummary:
    """An exercise over the whole class.

    Attributes:
        title: its heading.
        of: the points that it can bring.
        mean, low, high: of those who handed in, and the interval of 95 %.
        full, none: how many have all points, and no points.
        count: how many have been marked.
        waiting: how many have not been read yet.
        reasons: of failure, the commonest first.
        more_reasons: that are not shown.
        undecided: hidden checks that failed nobody, with their lines.
    """

    title: str
    of: Decimal
    mean: float
    low: float
    high: float
    full: int
    none: int
    count: int
    waiting: int
    reasons: Sequence[Reason]
    more_reasons: int
    undecided: Sequence[tuple[int, str]]


@dataclass(frozen=True)
class ShownPair:
    """Two answers that are more alike than chance.

    Attributes:
        first, second: the students.
        bits: how improbable.
        exercise: the one whose answers are shown.
        count: exercises in which they share something.
        first_answer, second_answer: code.
    """

    first: str
    second: str
    bits: float
    exercise: str
    count: int
    first_answer: str
    second_answer: str


@dataclass(frozen=True)
class ClassReport:
    """What the page shows.

    Attributes:
        lab: its title.
        of: its points.
        points: everybody's, after what lateness costs.
        missing: who handed nothing in.
        waiting: who needs a person, why, and which exercises have to be read.
        remarks: who was late, and how much.
        exercises: in the order of the lab.
        times: submissions by day.
        due: the last moment, if there is one.
        pairs: of answers that are alike.
        more_pairs: that are not shown.
    """

    lab: str
    of: Decimal
    points: Sequence[Decimal]
    missing: Sequence[str]
    waiting: Sequence[tuple[str, str, str]]
    remarks: Sequence[tuple[str, str]]
    exercises: Sequence[ExerciseSummary]
    times: Sequence[tuple[datetime.date, int]]
    due: datetime.datetime | None
    pairs: Sequence[ShownPair]
    more_pairs: int

    @property
    def distribution(self) -> list[tuple[str, int]]:
        """The number of students by tenths of the points, each from the lower bound on, full marks last."""
        counts = [0] * _BARS
        for points in self.points:
            counts[min(int(points * (_BARS - 1) / self.of), _BARS - 1) if self.of else 0] += 1
        step = self.of / (_BARS - 1)
        labels = [f"{float(step * k):g} to {float(step * (k + 1)):g}" for k in range(_BARS - 1)]
        return [*zip(labels, counts, strict=False), (f"all {float(self.of):g}", counts[-1])]

    @property
    def by_reason(self) -> list[tuple[str, list[str]]]:
        """Who waits, by the reason and the exercises that have to be read."""
        found: dict[str, list[str]] = {}
        for student, why, which in self.waiting:
            found.setdefault(f"{why}: {which}" if which else why, []).append(student)
        return [*found.items()]

    @property
    def mean(self) -> float:
        """Of everybody, those who handed nothing in with 0."""
        return float(sum(self.points, Decimal(0))) / max(len(self.points), 1)

    @property
    def median(self) -> float:
        """The points that half of the class reaches."""
        ordered = sorted(self.points) or [Decimal(0)]
        middle = len(ordered) // 2
        return float(ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2)


def class_page(report: ClassReport) -> str:
    """One HTML file that needs nothing else and runs nothing; it names students, so it is for instructors."""
    return render("class_report.html", f"{report.lab}: the class", report=report, coloured=coloured, colours=styles())
