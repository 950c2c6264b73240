"""The page on which a person reads the written answers of a class, with the model answer and the rubric beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from course_utils.tools.reports.pages import render


@dataclass(frozen=True)
class WrittenAnswer:
    """One student's answer.

    Attributes:
        student: under which name the marks are kept, as Formgrader and the gradebook call them.
        html: the answer, cleaned; None if there is none, which brings 0.
        points: that a person has given; None if nobody has read it yet.
        comment: of that person, cleaned.
    """

    student: str
    html: Markup | None
    points: Decimal | None
    comment: Markup | None = None


@dataclass(frozen=True)
class WrittenExercise:
    """One written exercise of a lab.

    Attributes:
        title: its heading.
        of: its points.
        question: its text, cleaned.
        model: the model answer, cleaned.
        rubric: what brings which points, cleaned; None if the lab has none.
        answers: of all students.
    """

    title: str
    of: Decimal
    question: Markup | None
    model: Markup
    rubric: Markup | None
    answers: Sequence[WrittenAnswer]


def written_page(lab: str, exercises: Sequence[WrittenExercise]) -> str:
    """One HTML file that needs nothing else and runs nothing; it holds the model answer, so it is for instructors."""
    return render("written.html", f"{lab}: written answers", lab=lab, exercises=exercises)
