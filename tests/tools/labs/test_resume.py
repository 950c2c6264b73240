"""`course grade` killed at a bad moment: the next run continues, and every mark is as if nothing had happened."""

import signal
import time

import psutil
import pytest
from classroom import SLOW, TRUTH, points, start, wait_for, write_answer

from course_utils.tools.labs.returning import gradebook
from course_utils.tools.labs.sandbox.bubblewrap import SandboxFailed, StudentProcess
from course_utils.tools.labs.sandbox.channel import Closed


@pytest.fixture
def slow(course):
    """The class, where cy's last answer is slow."""
    write_answer(course, "cy", "ends", SLOW)
    return course


def everything(folder):
    """All that marking leaves: results, copies, and rows of the gradebook."""
    labs = folder / "labs"
    files = [*(labs / "results" / "small").glob("[!.]*.json"), *(labs / "autograded").rglob("[!.]*.ipynb")]
    rows = gradebook.student_rows(f"sqlite:///{labs / 'gradebook.db'}", "small")
    return {str(path.relative_to(labs)): path.read_bytes() for path in files}, rows


def test_killed_in_the_middle_it_goes_on(slow, grade, needs_sandbox):
    results = slow / "labs" / "results" / "small"
    marking = start(slow, "--jobs", "1")
    # ada and bob are done; the sandbox runs cy's last answer, or is about to.
    wait_for(lambda: (results / "bob.json").is_file() or marking.poll() is not None)
    assert marking.poll() is None, marking.stderr.read()
    time.sleep(1)
    family = psutil.Process(marking.pid).children(recursive=True)
    marking.send_signal(signal.SIGKILL)
    marking.wait()
    marking.stderr.close()
    wait_for(lambda: not any(process.is_running() and process.status() != "zombie" for process in family))
    done = {path.name: path.stat().st_mtime_ns for path in results.glob("[!.]*.json")}
    assert {"ada.json", "bob.json"} <= set(done) and len(done) < len(TRUTH)
    assert all(TRUTH[student] == got for student, got in points(slow).items()), "nothing half-marked"

    status, _, err = grade("--jobs", "1")
    assert status == 0 and f"{len(TRUTH) - len(done)} marked, {len(done)} kept" in err
    assert points(slow) == TRUTH
    assert {name: (results / name).stat().st_mtime_ns for name in done} == done, "what was done is not done again"

    interrupted = everything(slow)
    for folder in ("results", "autograded"):
        (slow / "labs" / folder).rename(slow / folder)
    (slow / "labs" / "gradebook.db").unlink()
    assert grade()[0] == 0
    assert everything(slow) == interrupted


def test_stopped_before_the_gradebook_it_enters_the_marks_next_time(grade, course, monkeypatch):
    def stop(*ignored):
        raise KeyboardInterrupt

    assert grade()[0] == 0
    write_answer(course, "cy", "count", "def count_even(numbers):\n    return sum(n % 2 == 0 for n in numbers)")
    with monkeypatch.context() as patched:
        patched.setattr(gradebook, "enter", stop)
        assert grade()[0] == 130
    assert "0 marked, 6 kept" in grade()[2]
    rows = {row["student"]: row["points"] for row in gradebook.student_rows("sqlite:///labs/gradebook.db", "small")}
    assert rows == {student: sum(got) + 3 * (student == "cy") for student, got in TRUTH.items()}


def test_a_sandbox_that_dies_costs_nobody_points(slow, grade, needs_sandbox):
    """Killed while cy's last answer runs: not marked, instead of marked with 0; the next run marks who is left."""
    results = slow / "labs" / "results" / "small"
    marking = start(slow, "--jobs", "1")
    wait_for(lambda: (results / "bob.json").is_file() or marking.poll() is not None)
    [sandbox] = [
        process
        for process in psutil.Process(marking.pid).children(recursive=True)
        if process.name() == "bwrap" and process.parent().name() != "bwrap"
    ]
    sandbox.kill()
    _, said = marking.communicate()
    left = set(TRUTH) - set(points(slow))
    assert marking.returncode == 1 and {"dan", "eve", "fay"} - left <= {"eve"}, "eve's needs no sandbox"
    assert all(f"{student} could not be marked (SandboxFailed" in said for student in left), said
    assert all(TRUTH[student] == got for student, got in points(slow).items())
    status, _, err = grade("--jobs", "1")
    assert status == 0 and f"{len(left)} marked, {len(TRUTH) - len(left)} kept" in err
    assert points(slow) == TRUTH


def test_a_sandbox_that_dies_before_any_answer_ran_is_nobody_s_fault(notebook, mark, monkeypatch):
    def ask(*ignored, **limits):
        raise Closed("connection reset by peer")

    monkeypatch.setattr(StudentProcess, "ask", ask)
    with pytest.raises(SandboxFailed, match="the sandbox has ended"):
        mark(notebook)
