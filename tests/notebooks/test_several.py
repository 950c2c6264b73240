"""Several notebooks at once: as many as asked, all reported, and an interrupt ends them."""

import threading

import pytest

from course_utils.tools.notebooks.execution import several
from course_utils.tools.notebooks.execution.result import Result
from course_utils.tools.notebooks.execution.several import execute_several

PATIENCE = 300  # seconds: the machine may be busy


def test_two_run_at_the_same_time():
    """Each of the two first waits for the other; with one at a time both would wait in vain."""
    meeting = threading.Barrier(2)

    def task(name, meets):
        def execute(stop):
            if meets:
                meeting.wait(PATIENCE)
            return Result(name, "")

        return execute

    tasks = [task("one", True), task("two", True), task("three", False)]
    results = {place: result.name for place, result in execute_several(tasks, 2)}
    assert results == {0: "one", 1: "two", 2: "three"}


def test_one_job_keeps_the_order_and_never_overlaps():
    running, order = threading.Lock(), []

    def task(place):
        def execute(stop):
            assert running.acquire(blocking=False)
            order.append(place)
            running.release()
            return Result(str(place), "")

        return execute

    assert [place for place, _ in execute_several([task(place) for place in range(5)], 1)] == order == [0, 1, 2, 3, 4]


def waits(stop):
    """A notebook that runs until it is stopped."""
    assert stop.wait(PATIENCE)
    return Result("waits", "", "interrupted")


def test_ctrl_c_ends_those_that_run_and_begins_no_other(monkeypatch):
    begun, began, wait = threading.Barrier(3), [], several.wait

    def task(stop):
        began.append(stop)
        begun.wait(PATIENCE)
        return waits(stop)

    def pressed(*arguments, **options):
        monkeypatch.setattr(several, "wait", wait)
        begun.wait(PATIENCE)
        raise KeyboardInterrupt

    monkeypatch.setattr(several, "wait", pressed)
    assert sorted(place for place, _ in execute_several([task] * 5, 2)) == [0, 1]
    assert len(began) == 2


def test_an_interrupted_notebook_ends_the_others():
    results = list(execute_several([waits, lambda stop: Result("pressed", "", "interrupted"), waits], 2))
    assert [result.name for _, result in results] == ["pressed", "waits"]


def test_an_error_of_the_machinery_comes_through_and_stops_the_others():
    def breaks(stop):
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        list(execute_several([waits, breaks], 2))
