"""Marks one submission: the lab's own checks run here, the student's functions run in the sandbox.

In a check, the names of the student's functions are bound to proxies. A proxy sends plain arguments to the student's
process, and returns the plain data that comes back or raises what went wrong. None of the student's code runs here.
"""

import contextlib
import signal
import time

from course_utils.tools.labs.lab.assignment import Assignment, Exercise
from course_utils.tools.labs.lab.regions import hidden_lines
from course_utils.tools.labs.marking.marks import AnswerFailed, Mark, error_text, failure_message
from course_utils.tools.labs.sandbox.bubblewrap import Sandbox, SandboxFailed, StudentProcess
from course_utils.tools.labs.sandbox.channel import Closed
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
        self._deadline = time.monotonic() + self._limits.total
        self._student: StudentProcess | None = None
        # Cells that ended the student's process, with the reason: left out from then on.
        self._fatal: dict[int, str] = {}
        # By grade id, the functions that an answer has defined, or what went wrong.
        self._state: dict[str, dict] = {}
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
        self._connect()
        state = self._state.get(exercise.grade_id, {})
        missing = [name for name in exercise.names if name not in state.get("defined", ())]
        if missing:
            why = state.get("problem") or "the cell does not define it"
            raise AnswerFailed(f"There is no function {missing[0]}: {why}.")
        namespace = dict(self._trusted_namespace())
        namespace.update({name: self._proxy(exercise, name) for name in exercise.names})
        code = compile(exercise.check, f"<check {exercise.grade_id}>", "exec")
        try:
            with _alarm(min(self._limits.check, self._left())):
                exec(code, namespace)
        except Exception as error:
            mark.message, line = failure_message(error, code.co_filename)
            mark.hidden = line in hidden_lines(exercise.check)
            return
        mark.points = exercise.points

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
            if "refused" in reply:
                raise AnswerFailed(
                    f"{name} returned {str(reply['refused'])[:200]}. Checks take numbers, text, lists, tuples, "
                    "dictionaries, arrays and tensors: return one of these."
                )
            if "error" in reply:
                raise AnswerFailed(f"{name} stopped with {error_text(reply['error'])}")
            try:
                _restore(arguments, reply["arguments"])
                return reply["value"]
            except (KeyError, TypeError, ValueError, AttributeError, IndexError):
                raise AnswerFailed(f"{name} changed the shape or type of its arguments.") from None

        call.__name__ = name
        return call

    def _connect(self) -> None:
        """Have a student's process in which every cell has run, except those that would end it."""
        while self._student is None:
            self._left()
            self._student, self._state = self._sandbox.start_student(self._slot), {}
            for source in self._lab.setup:
                reply = self._student.ask("run", source, timeout=_SETUP)
                if "error" in reply:
                    raise SandboxFailed(f"the lab's own imports fail in the sandbox: {error_text(reply['error'])}")
            for number, cell in enumerate(self._submission.cells):
                if not self._run_cell(number, cell):
                    self._hang_up()
                    break

    def _run_cell(self, number: int, cell: Cell) -> bool:
        """Run a cell; False if that ended the process."""
        exercise = cell.exercise
        if number in self._fatal:
            if exercise:
                self._state[exercise.grade_id] = {"problem": self._fatal[number]}
            return True
        try:
            if cell.role == "lesson":
                self._ask("a cell", "define", cell.source)
            elif exercise is None:
                self._ask("a cell", "run", cell.source)
            else:
                reply = self._ask("the cell", "run", cell.source, exercise.grade_id, exercise.names)
                defined = reply.get("defined")
                state = {"defined": defined if isinstance(defined, list) else []}
                if "error" in reply:
                    state["problem"] = f"the cell stopped with {error_text(reply['error'])}"
                self._state[exercise.grade_id] = state
        except AnswerFailed as problem:
            self._fatal[number] = str(problem)
            return False
        return True

    def _ask(self, what: str, *request, timeout: float | None = None) -> dict:
        """Send a request within the limits.

        Raises:
            AnswerFailed: something went wrong; the student's process has been ended.
        """
        limit = self._limits.cell if timeout is None else timeout
        try:
            return self._student.ask(*request, timeout=min(limit, self._left()))
        except TimeoutError:
            problem = f"{what} took longer than {limit:g} seconds"
        except Closed:
            self._hang_up()
            # Raises SandboxFailed if the sandbox itself has ended: then the student is not to blame.
            self._sandbox.start_student(self._slot).close()
            problem = f"{what} ended its process (too much memory, os._exit or a crash)"
        except NotPlain as error:
            problem = f"{what} sent {error}"
        self._hang_up()
        raise AnswerFailed(problem)

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise AnswerFailed(f"The whole notebook took longer than {self._limits.total:g} seconds")
        return left

    def _hang_up(self) -> None:
        if self._student is not None:
            self._student.close()
            self._student = None


@contextlib.contextmanager
def _alarm(seconds: float):
    """Interrupt a check that takes too long by raising `AnswerFailed`."""

    def ring(*ignored):
        raise AnswerFailed(f"The check took longer than {seconds:.0f} seconds.")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


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
