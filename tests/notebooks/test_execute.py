"""One notebook in a process that cannot hang: what fails is told, what hangs is killed, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid

import nbformat
import pytest
from guarded import run_guarded

from course_utils.tools.notebooks.execution.execute import execute
from course_utils.tools.notebooks.execution.processes import Family

STUBBORN = """\
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "{word}"], start_new_session=True)
print("before", flush=True)
while True:
    time.sleep(1)
"""


@pytest.fixture
def word():
    """A word that no other process has among its arguments."""
    return uuid.uuid4().hex


def test_parameters_folder_and_progress(make_notebook, tmp_path):
    cells = "# # Title", "fast = False\nseed = 0", "# ## Sums", "import os; print(fast, seed, os.getcwd())"
    notebook, seen = make_notebook("good", *cells), []
    output = tmp_path / "with {braces}" / "good.ipynb"
    result = execute(notebook, output, {"fast": True, "seed": 3}, on_progress=seen.append)
    assert (result.status, result.error, result.output, result.title) == ("passed", None, output, "# Title")
    assert result.peak_memory > 10 * 2**20 and result.cells == result.reached == 5  # one more: the injected values
    stored = nbformat.read(output, as_version=4)
    assert stored.cells[-1].outputs[0].text == f"True 3 {tmp_path}\n"
    assert "papermill" not in stored.metadata and list(output.parent.iterdir()) == [output]
    assert {progress.cells for progress in seen} == {5} and seen[-1].heading


def test_a_failing_cell(make_notebook, tmp_path):
    notebook = make_notebook("bad", "print('first')", "def half(x):\n    return x / 0\nhalf(1)", "print('never')")
    result = execute(notebook, tmp_path / "out" / "bad.ipynb")
    assert (result.status, result.error.cell, result.error.name) == ("failed", 2, "ZeroDivisionError")
    assert "half(1)" in result.error.source and "return x / 0" in result.error.traceback
    assert "\x1b" not in result.error.traceback
    assert "first" in result.output.read_text() and "never\\n" not in result.output.read_text()


def test_a_cell_that_hangs(make_notebook, tmp_path):
    notebook = make_notebook("slow", "print('first')", "import time\nwhile True:\n    time.sleep(0.1)")
    result = execute(notebook, tmp_path / "out" / "slow.ipynb", cell_timeout=2)
    assert (result.status, result.error.cell) == ("timed out", 2)
    assert "2 seconds" in result.error.message and "while True" in result.error.source
    assert "first" in result.output.read_text()


def test_a_notebook_that_ignores_every_signal(make_notebook, tmp_path, word, living):
    """The outer limit ends it, its kernel and the process that its kernel detached."""
    notebook, seen = make_notebook("stubborn", STUBBORN.format(word=word)), []

    def watch(progress):
        seen.append(len(living(word)))

    result = execute(notebook, tmp_path / "out" / "stubborn.ipynb", timeout=12, on_progress=watch)
    assert (result.status, result.error.cell) == ("timed out", 1) and "12 seconds" in result.error.message
    assert max(seen) == 1, "the detached process did live"
    assert not living(word)


def test_a_kernel_that_dies(make_notebook, tmp_path):
    result = execute(make_notebook("dead", "1", "import os; os._exit(1)"), tmp_path / "out" / "dead.ipynb")
    assert (result.status, result.error.cell) == ("failed", 2) and "died" in str(result.error).lower()


def test_an_interrupt_gives_a_result(make_notebook, tmp_path, word, living):
    notebook = make_notebook("stubborn", STUBBORN.format(word=word))
    pressed = threading.Event()

    def press(progress):
        if living(word) and not pressed.is_set():
            pressed.set()
            signal.raise_signal(signal.SIGINT)

    # Where the tests themselves were started in the background, Ctrl-C is ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result = execute(notebook, tmp_path / "out" / "stubborn.ipynb", timeout=60, on_progress=press)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (result.status, result.error.cell) == ("interrupted", 1)
    assert not living(word)


def test_everything_ends_with_a_killed_parent(make_notebook, tmp_path, word, living):
    notebook = make_notebook("stubborn", STUBBORN.format(word=word))
    code = "import sys; from pathlib import Path; from course_utils.tools.notebooks.execution.execute import execute\n"
    code += "execute(Path(sys.argv[1]), Path(sys.argv[2]))"
    with Family([sys.executable, "-c", code, str(notebook), str(tmp_path / "out.ipynb")]) as family:
        _wait(lambda: living(word), 60)
        os.kill(family.process.pid, signal.SIGKILL)
        _wait(lambda: not family.members(), 20)


def test_families_nest_and_are_apart(word, living):
    """The outer family has the inner one's members; killing one family leaves its neighbour alone."""
    inner = "import subprocess, sys\nfrom course_utils.tools.notebooks.execution.processes import Family\n"
    inner += "with Family([sys.executable, '-c', 'import time; time.sleep(600)', sys.argv[1]]) as f: f.process.wait()"
    sleeping = [sys.executable, "-c", "import time; time.sleep(600)"]
    with Family(sleeping) as neighbour:
        with Family([sys.executable, "-c", inner, word]) as family:
            _wait(lambda: len(living(word)) == 2, 30)
            assert len(family.members()) == 2
        assert not living(word) and len(neighbour.members()) == 1


def test_run_guarded(word, living):
    assert run_guarded([sys.executable, "-c", "print('x'); raise SystemExit(3)"], 30) == (3, "x\n")
    detached = "import subprocess, sys, time; print('started', flush=True)\n"
    detached += "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', sys.argv[1]], "
    detached += "start_new_session=True); time.sleep(600)"
    with pytest.raises(subprocess.TimeoutExpired) as expired:
        run_guarded([sys.executable, "-c", detached, word], 3)
    assert expired.value.output == "started\n" and not living(word)


def _wait(condition, seconds):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.1)
