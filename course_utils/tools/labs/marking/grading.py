"""A whole class: many submissions at the same time, one result file each, written whole or not at all."""

import contextlib
import hashlib
import json
import pickle
import re
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, CancelledError, wait
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import write_whole
from course_utils.tools.labs.lab.assignment import Assignment, find, read
from course_utils.tools.labs.marking.engines import Engine, this_machine
from course_utils.tools.labs.marking.marker import Job, MarkingFailed
from course_utils.tools.labs.marking.marks import Mark
from course_utils.tools.labs.marking.submission import Submission, read_submission
from course_utils.tools.labs.marking.submission_files import Found
from course_utils.tools.labs.sandbox.limits import Limits

VERSION = 1
"""Part of every mark's digest: a new version marks everything anew."""

_LOOK = 5
"""Seconds after which an engine is asked again how much it can take."""


@dataclass
class Outcome:
    """What became of a class.

    Attributes:
        marked: students marked now.
        kept: students whose marks were there already and still hold.
        failed: students who could not be marked, through no fault of theirs, and why.
    """

    marked: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def grade(
    lab: Assignment,
    submissions: Iterable[Found],
    results: Path,
    *,
    copies: Path | None = None,
    limits: Limits | None = None,
    confined: bool = True,
    engine: Callable[[Job], contextlib.AbstractContextManager[Engine]] = this_machine,
    done: Callable[[str, str | None], None] = lambda student, failure: None,
) -> Outcome:
    """Mark every submission whose result is not there yet.

    An exercise is marked again only when its check, its points, the lab's imports or the student's code have changed,
    so the work goes on where it was after any interruption, and doing it twice changes nothing.

    Args:
        lab: with its checks.
        submissions: of the students.
        results: a folder; gets `STUDENT.json` for each.
        copies: a folder; gets `STUDENT/LAB/LAB.ipynb` for each, safe to look at, where Formgrader expects it.
        limits: of each submission.
        confined: False runs students' code without a sandbox.
        engine: opens what marks them, given the `Job`.
        done: called after each student who had to be marked, with what failed or None.

    Raises:
        CourseError: the engine does not work; what is marked by then is kept.
    """
    outcome, waiting = Outcome(), []
    results.mkdir(parents=True, exist_ok=True)
    for found in submissions:
        copy = copies and copies / found.student / lab.name / f"{lab.name}.ipynb"
        work = _Work(lab, found, results / f"{found.student}.json", copy)
        if work.stale or not work.copied:
            waiting.append(work)
        else:
            outcome.kept.append(found.student)
    if waiting:
        limits = limits or Limits()
        with engine(Job(pickle.dumps((lab, limits)), limits.total, confined)) as opened:
            _run(waiting, opened, outcome, done)
    return outcome


def _run(waiting: list["_Work"], engine: Engine, outcome: Outcome, done: Callable) -> None:
    """Keep the engine busy, and write each result as it arrives."""
    queue, running = list(reversed(waiting)), {}
    while queue or running:
        width = engine.width()
        while queue and len(running) < width:
            work = queue.pop()
            running[engine.submit(*work.task())] = work
        for future in wait(running, timeout=_LOOK, return_when=FIRST_COMPLETED).done:
            work, failure = running.pop(future), None
            try:
                work.write(future.result())
                outcome.marked.append(work.student)
            except CancelledError:
                raise CourseError(
                    "The marking was cancelled, or its scheduler is gone: the same command goes on where it was."
                ) from None
            except CourseError:
                raise
            except Exception as error:
                known = isinstance(error, MarkingFailed)
                failure = str(error) if known else f"{type(error).__name__}: {error}"
                outcome.failed[work.student] = failure
            done(work.student, failure)


def load(results: Path) -> list[dict]:
    """The results of a class, sorted by student."""
    return [json.loads(path.read_text("utf-8")) for path in sorted(results.glob("*.json"))]


def lab_of(submissions: list[Found], name: str | None, output: Path) -> Assignment:
    """The lab that submissions belong to: the one that is named, or else what the notebooks say themselves.

    Raises:
        CourseError: they say nothing, or not the same.
    """
    if name is None:
        said = {text for found in submissions if (text := _said(found.data))}
        if len(said) != 1:
            what = f"name several labs ({', '.join(sorted(said))})" if said else "do not name their lab"
            raise CourseError(f"The submissions {what}: add --lab LAB.")
        [name] = said
    return released(name, output)


def released(name: str, output: Path) -> Assignment:
    """The lab of a number, a name or a path: as it was released to `output`, or else from the course.

    Raises:
        CourseError: there is none.
    """
    if Path(name).name != name or Path(name).suffix:
        return read(find(name))
    kept = output / "source" / name / f"{name}.ipynb"
    if not kept.is_file():
        found = find(name)
        kept = output / "source" / found.stem / f"{found.stem}.ipynb"
    return read(kept if kept.is_file() else found)


def _said(data: bytes) -> str | None:
    """The lab that a submitted notebook names, if that is a name."""
    with contextlib.suppress(ValueError, RecursionError, TypeError, KeyError):
        name = json.loads(data)["metadata"]["course"]["lab"]
        return name if isinstance(name, str) and re.fullmatch(r"[\w-]{1,100}", name) else None
    return None


class _Work:
    """One submission: what has to be marked, what is known."""

    def __init__(self, lab: Assignment, found: Found, path: Path, copy: Path | None):
        self.lab, self.found, self.student, self.path, self.copy = lab, found, found.student, path, copy
        self.sha256, known_as = hashlib.sha256(found.data).hexdigest(), None
        submission = self._submission()
        code = json.dumps([[cell.role, cell.source] for cell in submission.cells] + [submission.problem])
        self._digests = {}
        for exercise in lab.exercises:
            theirs = submission.written.get(exercise.grade_id, "") if exercise.written else code
            parts = [str(VERSION), lab.digest(exercise), theirs, *submission.notes.get(exercise.grade_id, [])]
            parts += [submission.problem] if submission.problem else []
            self._digests[exercise.grade_id] = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        self._known = {}
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            record = json.loads(path.read_text("utf-8"))
            self._known = {mark["grade_id"]: Mark(**mark) for mark in record["marks"]}
            known_as = record["submission"]
        self.stale = [
            exercise
            for exercise in lab.exercises
            if getattr(self._known.get(exercise.grade_id), "digest", None) != self._digests[exercise.grade_id]
        ]
        if set(self._known) - set(self._digests):
            self.stale = self.stale or lab.exercises[:1]
        self.copied = copy is None or (known_as == self.sha256 and copy.is_file())

    def task(self) -> tuple[bytes, str | None, list[str]]:
        """What `Station.mark` takes."""
        return self.found.data, self.found.problem, [exercise.grade_id for exercise in self.stale]

    def write(self, answer: bytes) -> None:
        """Write what `Station.mark` returned, with what is known already."""
        answered = json.loads(answer)
        fresh = {record["grade_id"]: Mark(**record) for record in answered["marks"]}
        marks = []
        for exercise in self.lab.exercises:
            mark = fresh.get(exercise.grade_id) or self._known[exercise.grade_id]
            mark.digest = self._digests[exercise.grade_id]
            marks.append(mark.as_record())
        if self.copy:
            write_whole(self.copy, answered["copy"])
        record = {"student": self.student, "lab": self.lab.name, "submission": self.sha256, "marks": marks}
        write_whole(self.path, json.dumps(record, indent=1))

    def _submission(self) -> Submission:
        """Read anew each time: a class's notebooks with all their pictures are much to keep."""
        if self.found.problem is not None:
            return Submission(problem=self.found.problem)
        return read_submission(self.found.data, self.lab)
