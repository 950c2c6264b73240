"""A small lab, and a sandbox to mark submissions of it; skipped where there is no sandbox."""

import contextlib
import copy
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from classroom import write_class
from small_lab import small_lab

from course_utils.errors import CourseError
from course_utils.tools import cli
from course_utils.tools.labs.lab.release import student_version
from course_utils.tools.labs.marking.marker import Marker
from course_utils.tools.labs.returning import gradebook
from course_utils.tools.labs.sandbox.bubblewrap import Sandbox, require_sandbox
from course_utils.tools.labs.sandbox.limits import Limits
from course_utils.tools.labs.submissions.submission import read_submission

LIMITS = Limits(cell=5, check=20, total=60, memory=512 * 2**20, disk=8 * 2**20)


@pytest.fixture(scope="session")
def needs_sandbox():
    """Skips the test where there is no sandbox."""
    try:
        require_sandbox()
    except CourseError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def lab():
    """The small lab, with solutions."""
    return small_lab()


@pytest.fixture(scope="session")
def _sandbox_and_content(needs_sandbox, lab):
    with Sandbox(lab.imported, LIMITS) as running:
        yield running, _left_in(running)


@pytest.fixture(scope="session")
def sandbox(_sandbox_and_content):
    """A sandbox for submissions of the small lab."""
    return _sandbox_and_content[0]


def _left_in(sandbox):
    """What a sandbox holds: the number of its processes, files, and objects of the kernel."""
    family = psutil.Process(sandbox._process.pid).children(recursive=True)
    files, objects = set(), ""
    for process in family:
        with contextlib.suppress(OSError):
            root = Path(f"/proc/{process.pid}/root")
            files |= {f"{name}/{path.name}" for name in ("dev", "scratch", "tmp") for path in (root / name).iterdir()}
    if family and os.getuid() == 0:
        lists = [f"/proc/sysvipc/{name}" for name in ("shm", "sem", "msg")]
        look = ["nsenter", "-t", str(family[-1].pid), "-i", "cat", *lists]
        objects = subprocess.run(look, capture_output=True, text=True).stdout.count("\n")
    return sum(_lives(process) for process in family), files, objects


def _lives(process):
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


@pytest.fixture
def nothing_left(_sandbox_and_content):
    """Fails if a test leaves a process, a file or an object of the kernel in the sandbox."""
    yield
    sandbox, before = _sandbox_and_content
    deadline = time.monotonic() + 20
    while (after := _left_in(sandbox)) != before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert after == before


@pytest.fixture(scope="session")
def empty_gradebook(tmp_path_factory):
    """An empty gradebook to copy, as nbgrader takes seconds to make one."""
    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with gradebook.opened(f"sqlite:///{path}"):
        pass
    return path


@pytest.fixture
def notebook(lab):
    """An honest submission, the students' notebook with right answers, which a test may change."""
    notebook = copy.deepcopy(student_version(lab))
    solved = {cell.id: cell.source for cell in lab.notebook.cells}
    for cell in notebook.cells:
        record = cell.metadata.get("nbgrader")
        if record and record.solution:
            cell.source = solved[cell.id]
    return notebook


@pytest.fixture
def mark(lab, sandbox):
    """A function that marks a notebook (a dictionary, or bytes): marks by grade id."""

    def mark_notebook(notebook):
        data = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
        marks = Marker(lab, read_submission(data, lab), sandbox).mark(lab.exercises)
        return {mark.grade_id: mark for mark in marks}

    return mark_notebook


@pytest.fixture
def course(tmp_path, lab, empty_gradebook):
    """A folder with the class of `classroom`."""
    write_class(tmp_path, lab)
    shutil.copy(empty_gradebook, tmp_path / "labs" / "gradebook.db")
    return tmp_path


@pytest.fixture
def grade(course, needs_sandbox, monkeypatch, capsys):
    """A function that runs `course grade` in the course's folder; returns status, output and error output."""
    monkeypatch.chdir(course)

    def run(*arguments, submissions="in"):
        status = cli.main(["grade", submissions, *arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run
