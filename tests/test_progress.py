"""Progress: plain lines in a log, a bar on a terminal, one line in a notebook; alike for one task and for several."""

import io
import re
import threading
from types import SimpleNamespace

import IPython.display
import pytest

from course_utils import progress
from course_utils.progress import Progress, TaskProgress


class Terminal(io.StringIO):
    """Standard error as a terminal gives it; `shown` is what a reader saw, one text for each time it was drawn."""

    def isatty(self):
        return True

    @property
    def shown(self):
        return [part for part in re.split(r"[\r\n]", self.getvalue().replace("\x1b[A", "")) if part.strip()]


@pytest.fixture
def terminal(monkeypatch):
    seen = Terminal()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=seen, modules={}))
    return seen


@pytest.fixture
def notebook(monkeypatch):
    """The kernel of a notebook; what its one line showed, in turn."""
    texts = []

    def show(text, display_id):
        texts.append(repr(text))
        return SimpleNamespace(update=lambda text: texts.append(repr(text)))

    monkeypatch.setattr(IPython.display, "display", show)
    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=True))
    return texts


def test_a_log_gets_plain_lines_with_share_and_figures(capsys, monkeypatch):
    monkeypatch.setitem(progress.INTERVAL, "log", 0.0)
    with Progress("Counting", total=4) as counting:
        for step in range(1, 5):
            counting.update(step, loss=0.5)
        counting.done = "Counted 4"
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Counting ..." and lines[-1] == "Counted 4"
    assert any("50%" in line and "loss 0.5" in line for line in lines)
    assert all("\r" not in line for line in lines)


def test_a_log_gets_no_line_more_often_than_its_interval(capsys):
    with Progress("Reading", total=3, unit="files") as reading:
        for step in range(1, 4):
            reading.update(step)
    assert capsys.readouterr().err.splitlines() == ["Reading ...", "Reading: 3 files"]


def test_a_failure_is_not_reported_as_done(capsys):
    with pytest.raises(ZeroDivisionError), Progress("Dividing", total=1):
        1 / 0  # noqa: B018
    assert capsys.readouterr().err.splitlines()[-1] == "Dividing: stopped"


def test_silence(terminal):
    with Progress("Hiding", total=2, shown=False) as hiding:
        hiding.update(1)
    assert not terminal.getvalue()


def test_a_terminal_gets_a_bar(terminal):
    with Progress("Counting", total=4) as counting:
        counting.update(4, loss=0.5)
    assert "Counting: 100%|" in terminal.shown[-1] and "loss=0.5" in terminal.shown[-1]


def test_a_notebook_gets_one_line_that_ends_without_timings(notebook, monkeypatch, capsys):
    monkeypatch.setitem(progress.INTERVAL, "notebook", 0.0)
    with Progress("Counting", total=4) as counting:
        counting.update(2, loss=0.5)
    assert notebook == ["Counting ...", "Counting: 50%, loss 0.5", "Counting: done"]
    assert not "".join(capsys.readouterr())


def test_a_log_gets_each_step_of_several_tasks_once(capsys):
    with TaskProgress(2) as tasks:
        for task, step in [("a", "a, 1 of 2"), ("b", "b, 1 of 9"), ("a", "a, 1 of 2"), ("a", "a, 2 of 2")]:
            tasks.step(task, step, 0.0)
        tasks.finish("a", "a: passed")
    assert capsys.readouterr().err.splitlines() == ["a, 1 of 2", "b, 1 of 9", "a, 2 of 2", "a: passed"]


def test_a_bar_adds_up_the_shares_of_several_tasks(terminal):
    with TaskProgress(4) as tasks:
        tasks.step("a", "a, 1 of 2", 0.5)
        tasks.step("b", "b, 1 of 2", 0.5)
        assert "b, 1 of 2 |" in terminal.shown[-1] and " 25 %" in terminal.shown[-1]
        tasks.finish("b", "b: passed")
        assert "b: passed" in terminal.shown and " 38 %" in terminal.shown[-1]


def test_tasks_may_be_followed_from_threads(capsys):
    def work(name):
        for step in range(50):
            tasks.step(name, f"{name} {step}", step / 50)
        tasks.finish(name, f"{name}: passed")

    with TaskProgress(4) as tasks:
        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = capsys.readouterr().err.splitlines()
    for name in "abcd":
        wanted = [*(f"{name} {step}" for step in range(50)), f"{name}: passed"]
        assert [line for line in lines if line.startswith(name)] == wanted
