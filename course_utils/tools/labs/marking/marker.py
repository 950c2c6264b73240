"""Marks one submission: the lab's own checks run here, the student's functions run in the sandbox.

In a check, the names of the student's functions are bound to proxies. A proxy sends plain arguments to the student's
process, and returns the plain data that comes back or raises what went wrong. None of the student's code runs here.
"""

import contextlib
import re
import signal
import time

from course_utils.tools.labs.lab.assignment import Assignment, Exercise
from course_utils.tools.labs.lab.parts import Part, split
from course_utils.tools.labs.lab.regions import UNTOUCHED, hidden_lines
from course_utils.tools.labs.marking.marks import AnswerFailed, Mark, PartMark, error_text, failure_message, settle
from course_utils.tools.labs.sandbox.bubblewrap import Sandbox, SandboxFailed, StudentProcess
from course_utils.tools.labs.sandbox.channel import Closed
from course_utils.tools.labs.sandbox.meter import PATIENCE
from course_utils.tools.labs.sandbox.replies import Reply, Reported
from course_utils.tools.labs.sandbox.values import NotPlain, dumps
from course_utils.tools.labs.submissions.submission import Cell, Submission

_SETUP = 120
"""Seconds that the lab's own imports and parameters may take in the student's process."""


class Marker:
    """Marks one submission.

    Args:
        lab: with its checks.
        submission: of that lab, as `read_submission` returns it.
        sandbox: where the student's code runs.
        slot: a number that no other submission marked at the same time has.
    """

    def __init__(self, lab: Assignment, submission: Submission, sandbox: Sandbox, slot: int = 0):
        self._lab, self._submission = lab, submission
        self._sandbox, self._slot, self._limits = sandbox, slot, sandbox.limits
        self._spent, self._deadline = 0.0, time.monotonic() + self._limits.total * PATIENCE
        # The seconds that the check that is running has left.
        self._check_left = self._limits.check
        self._student: StudentProcess | None = None
        # Cells that ended the student's process, with the reason: left out from then on.
        self._fatal: dict[int, str] = {}
        # By grade id, the functions that an answer has defined, and what went wrong.
        self._defined: dict[str, set[str]] = {}
        self._problems: dict[str, str] = {}
        self._namespace = None

    def mark(self, exercises: list[Exercise]) -> list[Mark]:
        """Mark these exercises, in this order.

        Raises:
            SandboxFailed: the sandbox does not work.
        """
        try:
            return [self._mark(exercise) for exercise in exercises]
        finally:
            self._hang_up()

    def _mark(self, exercise: Exercise) -> Mark:
        notes = list(self._submission.notes.get(exercise.grade_id, []))
        mark = Mark(exercise.grade_id, exercise.points, 0.0, notes=notes)
        if self._submission.problem:
            mark.message = self._submission.problem
        elif exercise.written:
            mark.text = self._submission.written.get(exercise.grade_id, "")
            if mark.text.strip() in ("", UNTOUCHED):
                mark.message = "There is no answer to this exercise."  # and nobody has to read it
            else:
                mark.points = None
        elif not any(cell.exercise is exercise for cell in self._submission.cells):
            mark.message = "There is no answer to this exercise."
        else:
            try:
                self._run_check(exercise, mark)
            except AnswerFailed as problem:
                mark.message = str(problem)
        return mark

    def _run_check(self, exercise: Exercise, mark: Mark) -> None:
        self._check_left = self._limits.total
        self._connect()
        missing = [name for name in exercise.names if name not in self._defined.get(exercise.grade_id, ())]
        if missing:
            why = self._problems.get(exercise.grade_id) or "the cell does not define it"
            raise AnswerFailed(f"There is no function {missing[0]}: {why}.")
        before, parts = split(exercise.check, exercise.points)
        settle(mark, [self._run_part(exercise, before, part) for part in parts])

    def _run_part(self, exercise: Exercise, before: str, part: Part) -> PartMark:
        """Run what stands before the parts of a check, and one of them."""
        found, place = PartMark(part.name, float(part.points)), f"<check {exercise.grade_id}>"
        namespace = dict(self._trusted_namespace())
        namespace.update({name: self._proxy(exercise, name) for name in exercise.names})
        codes = [compile(source, place, "exec") for source in (before, part.source)]
        self._check_left = self._limits.total
        try:
            self._connect()
            self._check_left = self._limits.check
            with within(self._limits.check):
                for code in codes:
                    exec(code, namespace)
        except TimeoutError:
            found.message = f"The check took longer than {self._limits.check:g} seconds."
        except Exception as error:
            found.message, found.line = failure_message(error, place)
            found.hidden = found.line in hidden_lines(exercise.check)
        else:
            found.points = found.of
        return found

    def _trusted_namespace(self) -> dict:
        """The names that the lab's imports and parameters define; they are run once, and each check gets a copy."""
        if self._namespace is None:
            namespace = {"__name__": "__check__"}
            for source in self._lab.setup:
                exec(compile(source, "<setup>", "exec"), namespace)
            self._namespace = namespace
        return self._namespace

    def _proxy(self, exercise: Exercise, name: str):
        def call(*arguments, **options):
            dumps((arguments, options))  # raises if the check passes anything but plain data: the lab's mistake
            self._connect()
            reply = self._ask(name, "call", exercise.grade_id, name, arguments, options)
            if reply.refused is not None:
                raise AnswerFailed(
                    f"{name} returned {reply.refused[:200]}. Checks take numbers, text, lists, tuples, "
                    "dictionaries, arrays and tensors: return one of these."
                )
            if reply.error:
                raise AnswerFailed(f"{name} stopped with {self._told(reply.error)}")
            try:
                _restore(arguments, reply.arguments)
            except (KeyError, TypeError, ValueError, AttributeError, IndexError):
                raise AnswerFailed(f"{name} changed the shape or type of its arguments.") from None
            return reply.value

        call.__name__ = name
        return call

    def _connect(self) -> None:
        """Have a student's process in which every cell has run, except those that would end it."""
        while self._student is None:
            self._left()
            self._student = self._sandbox.start_student(self._slot)
            self._defined, self._problems = {}, {}
            for source in self._lab.setup:
                try:
                    reply, _ = self._student.ask("run", source, seconds=_SETUP)
                except (Closed, NotPlain) as error:  # nothing of the student's has run yet
                    raise SandboxFailed(f"the sandbox has ended ({error})") from None
                if reply.error:
                    raise SandboxFailed(f"the lab's own imports fail in the sandbox: {error_text(reply.error)}")
            lessons, theirs = [], []
            for cell in self._submission.cells:
                (lessons if cell.role == "lesson" else theirs).append(cell.source)
            try:
                self._ask("the notebook", "prepare", theirs, lessons)
            except AnswerFailed as problem:
                raise AnswerFailed(f"{problem}: its cells cannot be read") from None
            for number, cell in enumerate(self._submission.cells):
                if not self._run_cell(number, cell):
                    self._hang_up()
                    break

    def _run_cell(self, number: int, cell: Cell) -> bool:
        """Run a cell; False if that ended the process."""
        exercise, fatal = cell.exercise, self._fatal.get(number)
        if fatal and cell.role != "lesson":
            if exercise:
                self._problems[exercise.grade_id] = fatal
            return True
        try:
            if cell.role == "lesson":
                self._ask("a cell", "define", cell.source, not fatal)
            elif exercise is None:
                self._ask("a cell", "run", cell.source)
            else:
                self._run_answer(exercise, cell.source)
        except AnswerFailed as problem:
            self._fatal[number] = str(problem)
            return False
        return True

    def _run_answer(self, exercise: Exercise, source: str) -> None:
        """Run a cell of an answer; it may have several."""
        first = exercise.grade_id not in self._defined
        reply = self._ask("the cell", "run", source, exercise.grade_id, exercise.names, first)
        self._defined.setdefault(exercise.grade_id, set()).update(reply.defined)
        if reply.error:
            self._problems[exercise.grade_id] = f"the cell stopped with {self._told(reply.error)}"

    def _told(self, error: Reported) -> str:
        """What an exception says, and why a variable of the lesson is missing."""
        text = error_text(error)
        name = re.match(r"name '(\w+)' is not defined", error.text) if error.kind == "NameError" else None
        if name and any(re.search(rf"^{name[1]}\b.*=", source, re.M) for source in self._lab.lessons.values()):
            text += f". A cell of the lesson computes {name[1]}, which is not there in marking: define it in your cell"
        return text

    def _ask(self, what: str, *request) -> Reply:
        """Send a request within the limits.

        Raises:
            AnswerFailed: something went wrong; the student's process has been ended.
        """
        limit, left = self._limits.cell, min(self._check_left, self._left())
        try:
            reply, seconds = self._student.ask(*request, seconds=min(limit, left))
        except TimeoutError:
            seconds = min(limit, left)
            problem = f"{what} took longer than {limit:g} seconds"
            if left < limit:
                problem = f"{what} was still running when the time for the check or the notebook was up"
        except Closed:
            self._hang_up()
            # Raises SandboxFailed if the sandbox itself has ended: then the student is not to blame.
            self._sandbox.start_student(self._slot).close()
            seconds, problem = 0.0, f"{what} ended its process (too much memory, os._exit or a crash)"
        except NotPlain as error:
            seconds, problem = 0.0, f"{what} sent {error}"
        except BaseException:
            # An alarm: the reply is still to come, and would be taken for that of the next request.
            self._hang_up()
            raise
        else:
            self._pay(seconds)
            return reply
        self._pay(seconds)
        self._hang_up()
        raise AnswerFailed(problem)

    def _pay(self, seconds: float) -> None:
        self._spent += seconds
        self._check_left -= seconds

    def _left(self) -> float:
        """The seconds that the submission has left."""
        left = self._limits.total - self._spent
        if min(left, self._deadline - time.monotonic()) <= 0:
            raise AnswerFailed(f"The whole notebook took longer than {self._limits.total:g} seconds")
        return left

    def _hang_up(self) -> None:
        if self._student is not None:
            self._student.close()
            self._student = None


@contextlib.contextmanager
def within(seconds: float):
    """Interrupt what takes more seconds of this process's time by raising `TimeoutError`."""

    def ring(*ignored):
        raise TimeoutError

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _restore(original, returned) -> None:
    """Change the check's arguments as the student's function changed its copies of them."""
    if isinstance(original, tuple):
        for old, new in zip(original, returned, strict=True):
            _restore(old, new)
    elif isinstance(original, list):
        original[:] = returned
    elif isinstance(original, dict):
        original.update(returned)
    elif hasattr(original, "flags") and hasattr(original, "dtype") and original.flags.writeable:
        if returned.shape != original.shape or returned.dtype != original.dtype:
            raise ValueError
        original[...] = returned
