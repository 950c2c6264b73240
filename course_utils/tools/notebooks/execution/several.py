"""Several notebooks at once; an interrupt ends them all."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from course_utils.tools.notebooks.execution.result import Result


def execute_several(tasks: Sequence[Callable[[threading.Event], Result]], jobs: int) -> Iterator[tuple[int, Result]]:
    """Call the tasks, the first ones first, `jobs` of them at a time.

    Args:
        tasks: each executes one notebook (`execute`), and ends early with the status "interrupted" once the event it
            is given has been set.
        jobs: how many run at once, at least 1.

    Yields:
        the task's index and its result, as soon as it is done. After an interrupt (Ctrl-C, or a task with the status
        "interrupted") no further task begins; those already running are yielded last.
    """
    stop, waiting, running = threading.Event(), deque(enumerate(tasks)), {}
    with ThreadPoolExecutor(jobs) as pool:
        try:
            while running or waiting:
                done = ()
                try:
                    while waiting and len(running) < jobs:
                        place, task = waiting.popleft()
                        running[pool.submit(task, stop)] = place
                    # With a limit, so that Ctrl-C comes through on Windows, too.
                    done, _ = wait(running, timeout=1, return_when=FIRST_COMPLETED)
                except KeyboardInterrupt:
                    stop.set()
                for future in sorted(done, key=running.get):
                    place, result = running.pop(future), future.result()
                    if result.status == "interrupted":
                        stop.set()
                    yield place, result
                if stop.is_set():
                    waiting.clear()
        finally:
            stop.set()
