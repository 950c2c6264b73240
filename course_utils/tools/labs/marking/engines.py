"""What marks submissions: an `Engine`, on this machine or, in `cluster`, on others."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from course_utils.tools.labs.marking.job import Job
from course_utils.tools.labs.marking.process import MarkingProcess
from course_utils.tools.labs.sandbox.bubblewrap import require_sandbox

AND_AGAIN = "and run the same command again; it continues where it stopped."
"""The end of messages about what an engine needs before marking can continue."""


@dataclass
class Engine:
    """Something that marks submissions of one lab.

    Attributes:
        submit: takes the arguments of `MarkingProcess.mark`, returns a future of its result.
        width: returns how many submissions it can take at the moment; raises `CourseError` if it can mark no more.
    """

    submit: Callable[[bytes, str | None, list[str]], Future]
    width: Callable[[], int]


@contextlib.contextmanager
def this_machine(job: Job, jobs: int = 2) -> Iterator[Engine]:
    """Mark on this machine.

    Args:
        job: what is to be marked, and how.
        jobs: how many submissions at the same time.

    Raises:
        CourseError: there is no sandbox on this machine; the message says what to do.
    """
    if job.confined:
        require_sandbox()
    # TensorFlow's threads hold locks, which a fork would inherit and wait for without end.
    process = MarkingProcess(job, fork="tensorflow" not in sys.modules)
    with ThreadPoolExecutor(jobs) as pool, contextlib.closing(process):
        process.wait()
        yield Engine(partial(pool.submit, process.mark), lambda: jobs)
