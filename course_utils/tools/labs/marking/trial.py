"""A lab marked before its release: the solution must get all points, the untouched version none."""

import nbformat
from nbformat import NotebookNode

from course_utils.tools.labs.lab.assignment import Assignment
from course_utils.tools.labs.lab.points import shown
from course_utils.tools.labs.lab.release import student_version
from course_utils.tools.labs.marking.marker import Marker
from course_utils.tools.labs.marking.marks import Mark
from course_utils.tools.labs.sandbox.bubblewrap import Sandbox
from course_utils.tools.labs.submissions.submission import read_submission

POINTS = 10
"""What the exercises of every lab must add up to."""


def problems(lab: Assignment, sandbox: Sandbox) -> list[str]:
    """Why a lab cannot be released, one line per problem with its points, its solution, or its untouched version."""
    lines = []
    if lab.points != POINTS:
        added = f"its exercises add up to {shown(lab.points)} points, not {POINTS}"
        lines.append(f"{added}: change the points in the metadata")
    for mark in _marks(lab, lab.notebook, sandbox):
        if mark.points is not None and mark.points < mark.of:
            lines.append(f"the solution of {mark.grade_id!r} fails its check: {mark.message}")
    for mark in _marks(lab, student_version(lab), sandbox):
        if mark.points:
            lines.append(
                f"the untouched version gets {mark.points:g} points for {mark.grade_id!r}: make its check stricter"
            )
    return lines


def _marks(lab: Assignment, notebook: NotebookNode, sandbox: Sandbox) -> list[Mark]:
    submission = read_submission(nbformat.writes(notebook).encode(), lab)
    return Marker(lab, submission, sandbox).mark(lab.exercises)
