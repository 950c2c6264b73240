"""One notebook through papermill, in a child process that cannot hang and leaves nothing behind."""

import contextlib
import json
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import nbformat

from course_utils.files import scratch_folder
from course_utils.tools.notebooks.convert import clean_outputs, write_notebook
from course_utils.tools.notebooks.execution.processes import Family
from course_utils.tools.notebooks.execution.result import Failure, Result
from course_utils.tools.notebooks.execution.running import RunningCell
from course_utils.tools.notebooks.headings import title
from course_utils.tools.notebooks.open_exercises import open_exercises, pass_over, put_back

_START_LIMIT = 180  # seconds until the first cell starts; papermill gives a kernel 60
_GRACE = 20  # seconds beyond a cell's limit before everything is killed: papermill usually ends it first


def execute(
    notebook: Path,
    output: Path,
    parameters: dict[str, object] | None = None,
    *,
    cwd: Path | None = None,
    cell_timeout: float = 900,
    timeout: float = 3600,
    on_progress: Callable[[RunningCell], None] = lambda running: None,
    stop: threading.Event | None = None,
) -> Result:
    """Execute a notebook from its first cell to its last, or to the first that fails.

    The checks of exercises that nobody has answered yet are passed over.

    Args:
        notebook: the notebook; it is not changed.
        output: where the executed one goes, also when it failed.
        parameters: values for its `parameters` cell; check the names first (`check_parameters`).
        cwd: the kernel's working directory; the notebook's own folder by default, as in JupyterLab.
        cell_timeout: seconds that one cell may take.
        timeout: seconds that the notebook may take. After either limit the kernel and all it started are killed.
        on_progress: called about twice a second with the cell being executed.
        stop: ends the notebook like an interrupt when another thread sets it.

    Returns:
        The result; an interrupt (Ctrl-C) gives the status "interrupted" instead of an exception.
    """
    source = nbformat.read(notebook, as_version=4)
    result = Result(notebook.stem, title(source), cells=len(source.cells), parameters=dict(parameters or {}))
    started = time.monotonic()
    with scratch_folder() as scratch, contextlib.ExitStack() as stack:
        # papermill reads braces in a path as parameters, so it only sees this folder's.
        result.open = open_exercises(source)
        if taken := pass_over(source, result.open):
            write_notebook(source, scratch / "input.ipynb")
        else:
            shutil.copyfile(notebook, scratch / "input.ipynb")
        log = stack.enter_context(open(scratch / "log", "w+", errors="replace"))
        job = {
            "input": str(scratch / "input.ipynb"),
            "output": str(scratch / "output.ipynb"),
            "cwd": str((cwd or notebook.parent).resolve()),
            "parameters": result.parameters,
            "cell_timeout": cell_timeout,
        }
        # The user's own IPython start-up files and kernels must not change a result.
        environment = {"IPYTHONDIR": str(scratch / "ipython"), "JUPYTER_RUNTIME_DIR": str(scratch / "runtime")}
        environment |= {"JUPYTER_PREFER_ENV_PATH": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        # Under pytest a kernel would not pass on what native code writes to descriptor 2.
        environment |= {"PYTEST_CURRENT_TEST": None}
        command = [sys.executable, "-m", "course_utils.tools.notebooks.execution.worker"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log, "text": True}
        try:
            with Family(command, environment, **pipes) as family:
                _follow(family, job, result, started + timeout, timeout, on_progress, stop or threading.Event())
        except KeyboardInterrupt:
            result.status = "interrupted"
            result.error = Failure(result.reached, "Interrupted", "Stopped by the user.")
        if result.error and result.error.name == "NoResult":
            log.seek(0)
            result.error.traceback = plain_text(log.read())
        if (scratch / "output.ipynb").is_file():
            result.output = output
            _keep(scratch / "output.ipynb", result, taken)
    result.seconds = time.monotonic() - started
    return result


def _follow(family: Family, job: dict, result: Result, deadline: float, timeout: float, on_progress, stop):
    """Read the worker's events until it is done, a limit has passed or `stop` is set; fills `result`."""
    family.process.stdin.write(json.dumps(job) + "\n")
    family.process.stdin.flush()
    events: queue.Queue[str] = queue.Queue()

    def read():
        with contextlib.suppress(ValueError):
            for line in family.process.stdout:
                events.put(line)
        events.put("")

    threading.Thread(target=read, daemon=True).start()
    running, cell_deadline = None, time.monotonic() + _START_LIMIT
    while True:
        with contextlib.suppress(queue.Empty):
            line = events.get(timeout=0.5)
            event = json.loads(line) if line else {"event": "end"}
            match event.pop("event"):
                case "cell":
                    running = RunningCell(**event)
                    result.reached, result.cells = running.cell, running.cells
                    cell_deadline = time.monotonic() + job["cell_timeout"] + _GRACE
                case "done":
                    return
                case "error":
                    result.status = event.pop("status")
                    event["traceback"] = plain_text(event.get("traceback", ""))
                    result.error = Failure(result.reached, **event)
                    return
                case "end":
                    result.status = "failed"
                    message = "The process that ran the notebook ended without a result."
                    result.error = Failure(result.reached, "NoResult", message)
                    return
        if stop.is_set():
            raise KeyboardInterrupt
        result.peak_memory = max(result.peak_memory, family.descendants_memory())
        if running:
            on_progress(running)
        now = time.monotonic()
        if now > min(deadline, cell_deadline):
            what, limit = ("notebook", timeout) if now > deadline else ("cell", job["cell_timeout"])
            result.status = "timed out"
            result.error = Failure(result.reached, "Timeout", f"The {what} took longer than {limit:g} seconds.")
            return


def _keep(executed: Path, result: Result, taken: dict[str, str]):
    """Write the executed notebook to its place, without papermill's paths; name the source of the cell that failed.

    Args:
        executed: where papermill has written it.
        result: is completed.
        taken: the sources of cells that were passed over, as `pass_over` returned them.
    """
    notebook = nbformat.read(executed, as_version=4)
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        clean_outputs(cell)
    put_back(notebook, taken)
    if result.error and result.error.cell and not result.error.source:
        result.error.source = notebook.cells[result.error.cell - 1].source
    write_notebook(notebook, result.output)


def plain_text(text: str) -> str:
    """The text without its terminal colours."""
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
