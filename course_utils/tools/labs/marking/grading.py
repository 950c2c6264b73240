"""Marks a whole class: many submissions at the same time, one result file per student, whole or not there at all."""

import contextlib
import hashlib
import json
import pickle
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, CancelledError, wait
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import find_fault, plain_name, read_json, write_whole
from course_utils.tools.labs.lab.assignment import Assignment
from course_utils.tools.labs.marking.engines import AND_AGAIN, Engine, this_machine
from course_utils.tools.labs.marking.job import Job, MarkingFailed
from course_utils.tools.labs.marking.marks import Mark
from course_utils.tools.labs.sandbox.limits import Limits
from course_utils.tools.labs.submissions.assigning import MISSING
from course_utils.tools.labs.submissions.files import SubmittedFile
from course_utils.tools.labs.submissions.submission import Submission, read_submission

VERSION = 2
"""Part of every mark's digest, so that a new version marks everything again."""


def _is(*kinds: type):
    return lambda value: None if type(value) in kinds else " or ".join(kind.__name__ for kind in kinds)


_MARK = {"grade_id": _is(str), "of": _is(int, float), "points": _is(int, float, type(None)), "message": _is(str),
         "lines?": [_is(int)], "notes?": [_is(str)], "parts?": [{}]}  # fmt: skip
_RECORD = {"student": plain_name, "marks": [_MARK], "members?": [plain_name], "origin?": _is(str),
           "handed_in?": _is(int, float, type(None))}  # fmt: skip

_ASK_AGAIN = 5
"""Seconds after which the engine is asked again how many submissions it can take."""


@dataclass
class Outcome:
    """What a run did.

    Attributes:
        marked: students marked in this run.
        kept: students whose earlier marks are still valid.
        older: students whose submission is older than the one whose marks they have, which they keep.
        failed: students who could not be marked, with the reason; they are not to blame.
    """

    marked: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def grade(
    lab: Assignment,
    submissions: Iterable[SubmittedFile],
    results: Path,
    *,
    copies: Path | None = None,
    limits: Limits | None = None,
    confined: bool = True,
    older: bool = False,
    engine: Callable[[Job], contextlib.AbstractContextManager[Engine]] = this_machine,
    done: Callable[[str, str | None], None] = lambda student, failure: None,
) -> Outcome:
    """Mark every submission that has no valid marks yet.

    An exercise is marked again only if its check, its points, the lab's imports or the student's code have changed. So
    an interrupted run can be continued by running it again, and running it twice changes nothing.

    Args:
        lab: with its checks.
        submissions: one per student.
        results: the folder for `STUDENT.json`, one per student.
        copies: the folder for `STUDENT/LAB/LAB.ipynb`, a copy per student that is safe to show, where Formgrader
            expects it; None for no copies.
        limits: of each submission.
        confined: False runs students' code without a sandbox.
        older: whether a submission counts that is older than the one whose marks the student has.
        engine: given the job, opens the engine that marks it.
        done: called after each student who had to be marked, with the student and the reason if it failed, else None.

    Raises:
        CourseError: the engine does not work; marks given before that are kept.
    """
    outcome, waiting = Outcome(), []
    results.mkdir(parents=True, exist_ok=True)
    for submitted in submissions:
        copy = copies and copies / submitted.student / lab.name / f"{lab.name}.ipynb"
        work = _Work(lab, submitted, results / f"{submitted.student}.json", copy)
        if work.going_back and not older:
            outcome.older.append(submitted.student)
        elif work.stale or not work.copied:
            waiting.append(work)
        else:
            work.note_origin()
            outcome.kept.append(submitted.student)
    if waiting:
        limits = limits or Limits()
        with engine(Job(pickle.dumps((lab, limits)), limits.total, confined)) as opened:
            _run(waiting, opened, outcome, done)
    return outcome


def _run(waiting: list["_Work"], engine: Engine, outcome: Outcome, done: Callable) -> None:
    """Keep the engine supplied, and write each result when it arrives."""
    queue, running = list(reversed(waiting)), {}
    while queue or running:
        width = engine.width()
        while queue and len(running) < width:
            work = queue.pop()
            running[engine.submit(*work.task())] = work
        for future in wait(running, timeout=_ASK_AGAIN, return_when=FIRST_COMPLETED).done:
            work, failure = running.pop(future), None
            try:
                work.write(future.result())
                outcome.marked.append(work.student)
            except CancelledError:
                raise CourseError(
                    f"The marking was cancelled, or its scheduler is gone: start the scheduler, {AND_AGAIN}"
                ) from None
            except CourseError:
                raise
            except Exception as error:
                known = isinstance(error, MarkingFailed)
                failure = str(error) if known else f"{type(error).__name__}: {error}"
                outcome.failed[work.student] = failure
            done(work.student, failure)


def load_results(results: Path, readable: bool = False) -> list[dict]:
    """The records in a folder of results, sorted by student.

    Args:
        results: the folder.
        readable: leave out the damaged ones, which `grade` writes again.
    """
    # Names that begin with a point belong to files that were being written when a run was killed.
    records = []
    for path in sorted(results.glob("[!.]*.json")):
        with contextlib.suppress(CourseError) if readable else contextlib.nullcontext():
            records.append(read_result(path))
    return records


def read_result(path: Path) -> dict:
    """One student's record.

    Raises:
        CourseError: it is damaged; the message names the file.
    """
    remedy = "run course grade again, which replaces it"
    try:
        record = read_json(path, remedy)
    except FileNotFoundError:
        raise CourseError(f"{path} is a link to a file that is gone: remove it.") from None
    if fault := find_fault(record, _RECORD):
        raise CourseError(f"{path}: {fault}; {remedy}.")
    return record


class _Work:
    """One submission: which exercises have to be marked, and the marks that are still valid."""

    def __init__(self, lab: Assignment, submitted: SubmittedFile, path: Path, copy: Path | None):
        self.lab, self.submitted, self.student, self.path, self.copy = lab, submitted, submitted.student, path, copy
        self.sha256, known_as = hashlib.sha256(submitted.data).hexdigest(), None
        self._time, self._before = submitted.time, []
        self.going_back, self._record = False, {}
        submission = self._submission()
        code = json.dumps([[cell.role, cell.source] for cell in submission.cells] + [submission.problem])
        self._digests, self._answers = {}, {}
        for exercise in lab.exercises:
            theirs = submission.written.get(exercise.grade_id, "") if exercise.written else code
            parts = [str(VERSION), lab.digest(exercise), theirs, *submission.notes.get(exercise.grade_id, [])]
            parts += [submission.problem] if submission.problem else []
            self._digests[exercise.grade_id] = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
            own = [cell.source for cell in submission.cells if cell.exercise is exercise] or theirs
            answer = json.dumps([lab.digest(exercise), own]).encode()
            self._answers[exercise.grade_id] = hashlib.sha256(answer).hexdigest()[:16]
        self._known = {}
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            record = json.loads(path.read_text("utf-8"))
            self._known = {mark["grade_id"]: Mark(**mark) for mark in record["marks"]}
            known_as = record["submission"]
            self._compare(record)
            self._record = record
        self.stale = [
            exercise
            for exercise in lab.exercises
            if getattr(self._known.get(exercise.grade_id), "digest", None) != self._digests[exercise.grade_id]
        ]
        if set(self._known) - set(self._digests):
            self.stale = self.stale or lab.exercises[:1]
        self.copied = copy is None or (known_as == self.sha256 and copy.is_file())

    def _compare(self, record: dict) -> None:
        """Find out whether this submission is older than the one that was marked, by a second or more."""
        known, when, before = record["submission"], record.get("handed_in"), record.get("before", [])
        if known == self.sha256:
            self._time, self._before = when if self._time is None else self._time, before
            return
        if record.get("missing"):
            return
        versions, earlier = (self.submitted.version, record.get("version")), False
        if None not in versions:
            earlier = versions[0] < versions[1]
        elif None not in (self._time, when):
            earlier = self._time < when - 1
        self.going_back = earlier or self.sha256 in before
        self._before = [sha for sha in [*before, known] if sha != self.sha256]

    def task(self) -> tuple[bytes, str | None, list[str]]:
        """The arguments of `MarkingProcess.mark`."""
        return self.submitted.data, self.submitted.problem, [exercise.grade_id for exercise in self.stale]

    def write(self, answer: bytes) -> None:
        """Write the result of `MarkingProcess.mark`, together with the marks that are still valid."""
        answered = json.loads(answer)
        fresh = {record["grade_id"]: Mark(**record) for record in answered["marks"]}
        marks = []
        for exercise in self.lab.exercises:
            mark = fresh.get(exercise.grade_id) or self._known[exercise.grade_id]
            mark.digest, mark.answer = self._digests[exercise.grade_id], self._answers[exercise.grade_id]
            marks.append(mark.as_record())
        if self.copy:
            write_whole(self.copy, answered["copy"])
        record = {"student": self.student, "lab": self.lab.name, "submission": self.sha256, "handed_in": self._time,
                  "before": self._before, **self._whose(), "marks": marks}  # fmt: skip
        write_whole(self.path, json.dumps(record, indent=1))

    def note_origin(self) -> None:
        """Bring the record of a submission that is not marked again up to date: the class may have changed."""
        record = {**self._record, **self._whose()}
        if record != self._record:
            write_whole(self.path, json.dumps(record, indent=1))

    def _whose(self) -> dict:
        one = self.submitted
        return {"origin": one.origin, "version": one.version, "members": list(one.members),
                "missing": one.problem == MISSING}  # fmt: skip

    def _submission(self) -> Submission:
        """Read again each time, as the notebooks of a class with all their pictures would fill the memory."""
        if self.submitted.problem is not None:
            return Submission(problem=self.submitted.problem)
        return read_submission(self.submitted.data, self.lab)
