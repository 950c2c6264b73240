"""Reading ahead: work on files by threads, with the results in the files' order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from course_utils.machine import processors


def in_order(function: Callable, items: Iterable) -> Iterator:
    """Results of `function` in the order of `items`, computed by threads that run only a few items ahead."""
    workers = min(4, processors())
    waiting = deque()
    with ThreadPoolExecutor(workers) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
