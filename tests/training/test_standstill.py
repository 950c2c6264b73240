"""A training that stands still says so, with the file that it reads or the frame after which it stopped."""

import re
import threading
from types import SimpleNamespace
from unittest import mock

import pytest
from parted import recipe

from course_utils.datasets import pipeline
from course_utils.training import standstill, train_recipe
from course_utils.training.standstill import PATIENCE, Standstill


def test_a_disk_that_does_not_answer_is_named_and_nothing_is_ended(tiny_streets, tmp_path, monkeypatch):
    """When it comes back, the training goes on to its end; what is validated is noted, too."""
    small = recipe(tiny_streets, batch_size=2, epochs=1)
    slow, told, begun, said = small.data.frames("train")[-1].image, threading.Event(), [], []
    read, begins = pipeline.read_image, Standstill.begins

    def hang(path):
        assert path != slow or told.wait(60)
        return read(path)

    def note(line):
        said.append(line)
        if slow.name in line:
            told.set()

    monkeypatch.setattr(pipeline, "read_image", hang)
    monkeypatch.setattr(standstill, "PATIENCE", 0.5)
    monkeypatch.setattr(Standstill, "begins", lambda self, doing: (begun.append(doing), begins(self, doing)))
    with mock.patch("course_utils.training.strategies.replicas.say", note):
        assert len(train_recipe(small, tmp_path / "run").log) == 1
    (line,) = (line for line in said if slow.name in line)
    assert re.match(rf"Nothing has happened for \d+ s, .*step.*: {re.escape(str(slow))} has been read for \d+ s", line)
    assert re.search(r"\(kill \d+\) and start again with --resume\.$", line)
    validated = [doing for doing in begun if doing.startswith("validating, after frame ")]
    assert len(validated) == len(small.data.frames("val"))
    assert begun.index("in step 1 of epoch 1") < begun.index("at the end of epoch 1") < begun.index(validated[0])


@pytest.fixture
def clock(monkeypatch):
    """Seconds that the standstill takes for the time, to be set forward."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(standstill, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def _at_a_step(reading=None, workers=1):
    said = []
    watched = Standstill(reading or {}, said.append, workers)
    watched.on_epoch_begin(4)
    watched.on_train_batch_begin(2)
    return watched, said


def test_each_line_doubles_the_time_until_the_next(clock):
    watched, said = _at_a_step()
    for clock.now in range(0, int(7 * PATIENCE)):
        watched.look()
    assert [int(re.search(r"for (\d+) s", line)[1]) / PATIENCE for line in said] == [1, 2, 4]
    assert all("in step 3 of epoch 5: it computes, and waits for no image" in line for line in said)


def test_of_slow_steps_the_first_is_mentioned_and_a_hang_after_quick_ones_is_as_soon(clock):
    watched, said = _at_a_step()
    for _ in range(4):
        clock.now += 1.5 * PATIENCE
        watched.look()
        watched.on_train_batch_begin(3)
    assert len(said) == 1
    clock.now += 1
    watched.on_train_batch_begin(4)
    clock.now += PATIENCE
    watched.look()
    assert len(said) == 2 and "for 120 s" in said[1]


def test_nothing_is_said_while_something_happens(clock):
    watched, said = _at_a_step()
    for clock.now in range(0, int(5 * PATIENCE), 10):
        if clock.now % 100 == 0:
            watched.on_train_batch_begin(clock.now)
        watched.look()
    assert not said


def test_several_workers_are_told_apart(clock):
    """One that waits for a file names it; one that does not may wait for the other."""
    reading = {"soon.png": PATIENCE - 1, "frame_3.png": 1.0}
    (waits, waiting), (reads, named) = _at_a_step(workers=2), _at_a_step(reading, workers=2)
    clock.now = PATIENCE
    waits.look()
    reads.look()
    assert "waits for another one" in waiting[0] and "frame_3.png has been read for 119 s" in named[0]
