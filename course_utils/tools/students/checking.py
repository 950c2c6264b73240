"""The visible checks of a lab, run on a student's notebook by what marks it later, without the hidden ones."""

import contextlib
import io
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.errors import CourseError
from course_utils.tools.labs.lab.assignment import Assignment, Exercise
from course_utils.tools.labs.lab.source import parse_lab
from course_utils.tools.labs.submissions.submission import MAX_SIZE, Submission, read_submission
from course_utils.tools.notebooks.headings import headings
from course_utils.tools.notebooks.open_exercises import is_open
from course_utils.tools.students.record import State, digest
from course_utils.tools.students.released import find_notebooks, released
from course_utils.tools.students.workspace import Workspace


class Work:
    """A student's notebook and the lab that it answers.

    Args:
        path: of the notebook.

    Attributes:
        path: of the notebook.
        data: its bytes.
        lab: the lab, with visible checks only.
        submission: the answers in it.

    Raises:
        CourseError: it cannot be read, or is no lab of the course; the message says what to do.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            size = path.stat().st_size
            self.data = path.read_bytes() if size <= MAX_SIZE else b""
        except OSError as error:
            raise CourseError(f"{path}: cannot be read ({error.strerror}); check the path.") from None
        if size > MAX_SIZE:
            raise CourseError(f"{path} is larger than {MAX_SIZE // 2**20} MB: clear its outputs and save it.")
        try:
            notebook = nbformat.reads(self.data.decode("utf-8"), as_version=4)
            name = notebook.metadata.get("course", {}).get("lab")
        except Exception as error:  # nbformat looks into whatever JSON it is given
            said = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise CourseError(
                f"{path} is not a notebook that can be read ({said}): save it again in JupyterLab."
            ) from None
        if not isinstance(name, str) or not re.fullmatch(r"[\w-]{1,100}", name):
            raise CourseError(f"{path} does not say which lab it is; open the course's notebooks with `course lab`.")
        original = self._original(name, notebook)
        self.lab = parse_lab(name, original)
        self.submission: Submission = read_submission(self.data, self.lab)
        if self.submission.problem:
            raise CourseError(f"{path}: {self.submission.problem}; save it again in JupyterLab.")
        self._titles = _titles(original)

    def _original(self, name: str, notebook: NotebookNode) -> NotebookNode:
        """The course's version for students; of a notebook that is worked on in the course's own folder, itself."""
        if (known := Workspace(self.path.parent).begun_with(name)) is not None:
            return known
        path = find_notebooks([name])[0]
        return notebook if path.resolve() == self.path.resolve() else released(path)

    def states(self) -> list[State]:
        """How each exercise stands, as far as that is seen without running anything: "open", "written" or ""."""
        return [self._state(exercise) for exercise in self.lab.exercises]

    def _state(self, exercise: Exercise) -> State:
        index = self.submission.answers.get(exercise.grade_id)
        answer = self.submission.raw[index].source if index is not None else ""
        if exercise.written:
            state = "open" if not answer.strip() or answer.strip() == exercise.answer.strip() else "written"
        else:
            state = "open" if not answer.strip() or is_open(answer) else ""
        title = self._titles.get(exercise.grade_id, exercise.grade_id)
        notes = " ".join(self.submission.notes.get(exercise.grade_id, []))
        message = notes if state != "open" else ""
        return State(exercise.grade_id, title, state, exercise.points, message, digest(answer), exercise.written)

    def check(self) -> list[State]:
        """Run the visible checks of the answered exercises, with your own rights and without a sandbox.

        Raises:
            CourseError: this system cannot run them.
        """
        states = self.states()
        answered = {state.grade_id: state for state in states if not state.state}
        marks = _marks(self.lab, self.submission, list(answered)) if answered else []
        for mark in marks:
            state = answered[mark.grade_id]
            state.state = "passed" if mark.points == mark.of else "failed"
            state.message = " ".join(filter(None, [mark.message, state.message]))
        return states


def _marks(lab: Assignment, submission: Submission, grade_ids: list[str]) -> list:
    try:
        from course_utils.tools.labs.marking.marker import Marker
        from course_utils.tools.labs.sandbox.bubblewrap import Sandbox, SandboxFailed
        from course_utils.tools.labs.sandbox.limits import Limits
    except ImportError as error:
        raise CourseError(
            f"The checks cannot run outside the notebook on this system ({error}): run the check cells in JupyterLab."
        ) from None
    exercises = [exercise for exercise in lab.exercises if exercise.grade_id in grade_ids]
    # Checks may print, which is for the notebook.
    with Sandbox(lab.imported, Limits(), confined=False) as sandbox, contextlib.redirect_stdout(io.StringIO()):
        try:
            return Marker(lab, submission, sandbox).mark(exercises)
        except SandboxFailed as error:
            raise CourseError(f"The checks cannot run ({error}): run the check cells in JupyterLab.") from None


def _titles(notebook: NotebookNode) -> dict[str, str]:
    """The heading above each answer, by grade id, without its points; left out where it stands above several."""
    above = {
        record["grade_id"]: re.sub(r" \(\d+ points?\)$", "", heading)
        for cell, heading in zip(notebook.cells, headings(notebook.cells), strict=True)
        if (record := cell.metadata.get("nbgrader")) and record.get("solution") and heading
    }
    found = list(above.values())
    return {grade_id: heading for grade_id, heading in above.items() if found.count(heading) == 1}
