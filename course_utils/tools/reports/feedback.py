"""The page of `course feedback`: one student's points, what failed and why, comments, and their own notebook.

Everything a student wrote is escaped here or is HTML that was cleaned before; besides, the page forbids scripts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from course_utils.tools.reports.coloured import coloured, styles
from course_utils.tools.reports.pages import render


@dataclass(frozen=True)
class Output:
    """Text, or a picture.

    Attributes:
        text: of any kind; escaped on the page.
        picture: a PNG file in base64; empty for text.
    """

    text: str = ""
    picture: str = ""


@dataclass(frozen=True)
class ShownCell:
    """A cell of a notebook.

    Attributes:
        source: code; escaped on the page.
        html: of a text cell, already cleaned; then there is no code.
        outputs: of the code.
    """

    source: str = ""
    html: Markup | None = None
    outputs: Sequence[Output] = ()


@dataclass(frozen=True)
class ShownExercise:
    """An exercise and its result.

    Attributes:
        title: its heading.
        points, of: earned and possible; `points` is None until somebody has read the answer.
        answer: what was handed in.
        check: the part of the check that students see.
        question: its text, cleaned HTML.
        said: what failed and why, and what was odd, one line each.
        comment: of the person who marked it, cleaned HTML.
    """

    title: str
    points: float | None
    of: float
    answer: ShownCell
    check: ShownCell | None = None
    question: Markup | None = None
    said: Sequence[str] = ()
    comment: Markup | None = None

    @property
    def state(self) -> str:
        """How it went, as the page's style calls it: "full", "lost" or "unread"."""
        if self.points is None:
            return "unread"
        return "full" if self.points >= self.of else "lost"

    @property
    def verdict(self) -> str:
        """The same in words."""
        if self.points is None:
            return "○ not read yet"
        if self.points >= self.of:
            return "✓ right" if self.check else "✓ all points"
        return "✗ not right yet" if not self.points else "◐ in part"

    @property
    def earned(self) -> str:
        """The points as text."""
        return "?" if self.points is None else f"{self.points:g}"


@dataclass(frozen=True)
class Feedback:
    """A student's page.

    Attributes:
        lab: its title.
        student: their name in the gradebook.
        points, of: of the whole lab, exact.
        exercises: in the order of the lab.
        cells: the whole notebook; none when it could not be read.
        problem: why it could not.
        remark: what else there is to say about the total, such as lateness.
    """

    lab: str
    student: str
    points: float
    of: float
    exercises: Sequence[ShownExercise]
    cells: Sequence[ShownCell] = field(default=())
    problem: str = ""
    remark: str = ""

    @property
    def waiting(self) -> list[ShownExercise]:
        """The exercises that somebody still has to read."""
        return [exercise for exercise in self.exercises if exercise.points is None]


def feedback_page(page: Feedback) -> str:
    """One HTML file that needs nothing else and runs nothing."""
    title = f"{page.lab}: {page.student}"
    return render("feedback.html", title, page=page, colours=styles(), coloured=coloured)
