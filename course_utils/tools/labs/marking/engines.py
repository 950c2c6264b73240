"""Where submissions are marked: here, or (`cluster`) elsewhere. `grading` knows no more of it than an `Engine`."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from course_utils.tools.labs.marking.marker import Job, Station
from course_utils.tools.labs.sandbox import bubblewrap as sandbox


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
def this_machine(job: Job, jobs: int = 2) -> Iterator[Engine]:
    """Mark here.

    Args:
        job: what is to be marked, and how.
        jobs: how many submissions at the same time.

    Raises:
        CourseError: there is no sandbox here, and what to do.
    """
    if job.confined:
        sandbox.require()
    station = Station(job, fork=True)
    with ThreadPoolExecutor(jobs) as pool, contextlib.closing(station):
        station.wait()
        yield Engine(partial(pool.submit, station.mark), lambda: jobs)
