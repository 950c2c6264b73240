"""A whole class: many submissions at the same time, one result file each, written whole or not at all."""

import contextlib
import hashlib
import json
import multiprocessing
import os
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from multiprocessing import connection
from pathlib import Path

import nbformat

from course_utils.errors import CourseError
from course_utils.labs.assignment import Assignment, find, read
from course_utils.labs.collecting import Found
from course_utils.labs.limits import Limits
from course_utils.labs.marking import Marker
from course_utils.labs.marks import Mark
from course_utils.labs.sandbox import Sandbox
from course_utils.labs.showing import SafeCopy
from course_utils.labs.student import import_only
from course_utils.labs.submission import Submission, read_submission

VERSION = 1
"""Part of every mark's digest: a new version marks everything anew."""

_GRACE = 60
"""Seconds beyond a submission's limit before its marking process is killed, too."""


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
    jobs: int = 2,
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
        jobs: how many are marked at the same time.
        done: called after each student who had to be marked, with what failed or None.
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
    if not waiting:
        return outcome
    sandbox = Sandbox(lab.imported, limits or Limits(), confined)
    import_only(lab.imported)  # meanwhile, and for the checks: their processes are forks of this one
    with sandbox:
        _run(waiting, sandbox, jobs, outcome, done)
    return outcome


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

    def mark(self, sandbox: Sandbox, place: int) -> None:
        """Mark what is stale and write the result."""
        submission = self._submission()
        fresh = {mark.grade_id: mark for mark in Marker(self.lab, submission, sandbox, place).mark(self.stale)}
        marks = []
        for exercise in self.lab.exercises:
            mark = fresh.get(exercise.grade_id) or self._known[exercise.grade_id]
            mark.digest = self._digests[exercise.grade_id]
            marks.append(mark.as_record())
        if self.copy:
            _write(self.copy, nbformat.writes(SafeCopy(self.lab, submission).notebook()))
        record = {"student": self.student, "lab": self.lab.name, "submission": self.sha256, "marks": marks}
        # Lone surrogates and other oddities of a student's text stay in ASCII escapes.
        _write(self.path, json.dumps(record, indent=1))

    def _submission(self) -> Submission:
        """Read anew each time: a class's notebooks with all their pictures are much to keep."""
        if self.found.problem is not None:
            return Submission(problem=self.found.problem)
        return read_submission(self.found.data, self.lab)


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Of this process alone: after an interruption an older one may be about to end, too.
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_text(text, "utf-8")
    partial.replace(path)


def _run(waiting: list[_Work], sandbox: Sandbox, jobs: int, outcome: Outcome, done: Callable) -> None:
    """Keep `jobs` marking processes busy until all work is done."""
    fork = multiprocessing.get_context("fork")
    places, running = list(range(jobs)), {}
    queue = list(reversed(waiting))
    try:
        while queue or running:
            while queue and places:
                work, place = queue.pop(), places.pop()
                ours, theirs = fork.Pipe(duplex=False)
                process = fork.Process(target=_mark, args=(work, sandbox, place, theirs))
                process.start()
                theirs.close()
                running[process.sentinel] = (process, ours, work, place, time.monotonic())
            ended = set(connection.wait(list(running), timeout=1))
            for sentinel, (process, ours, work, place, started) in list(running.items()):
                late = time.monotonic() - started > sandbox.limits.total + _GRACE
                if sentinel not in ended and not late:
                    continue
                process.kill()
                process.join()
                failure = None
                if process.exitcode:
                    failure = "its marking process hung or died"
                    with contextlib.suppress(EOFError, OSError):
                        failure = ours.recv_bytes().decode() if ours.poll() else failure
                    outcome.failed[work.student] = failure
                else:
                    outcome.marked.append(work.student)
                ours.close()
                del running[sentinel]
                places.append(place)
                done(work.student, failure)
    finally:
        for process, *_ in running.values():
            process.kill()
            process.join()


def _mark(work: _Work, sandbox: Sandbox, place: int, failures: connection.Connection) -> None:
    """In a process of its own: mark, or say what went wrong."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    status = 1
    try:
        work.mark(sandbox, place)
        status = 0
    except BaseException as error:
        failures.send_bytes(f"{type(error).__name__}: {error}".encode(errors="replace")[:1000])
    finally:
        # No clean-up of what is shared with the process that forked.
        os._exit(status)
