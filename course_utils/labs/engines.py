"""Where submissions are marked: here, or (`cluster`) elsewhere. `grading` knows no more of it than an `Engine`."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from course_utils.labs import sandbox
from course_utils.labs.assignment import Assignment
from course_utils.labs.limits import Limits
from course_utils.labs.station import Station


@dataclass
class Engine:
    """Something that marks submissions of one lab.

    Attributes:
        submit: takes the arguments of `Station.mark`, returns the future of what that returns or raises.
        width: how many submissions it should have at a time, a number that may change; raises `CourseError` when there
            is nobody any more to mark them.
    """

    submit: Callable[[bytes, str | None, list[str]], Future]
    width: Callable[[], int]


@contextlib.contextmanager
def this_machine(lab: Assignment, limits: Limits, confined: bool, jobs: int = 2) -> Iterator[Engine]:
    """Mark here.

    Args:
        lab: with its checks.
        limits: of each submission.
        confined: False runs students' code without a sandbox.
        jobs: how many submissions at the same time.

    Raises:
        CourseError: there is no sandbox here, and what to do.
    """
    if confined:
        sandbox.require()
    station = Station(lab, limits, confined, fork=True)
    with ThreadPoolExecutor(jobs) as pool, contextlib.closing(station):
        station.wait()
        yield Engine(partial(pool.submit, station.mark), lambda: jobs)
