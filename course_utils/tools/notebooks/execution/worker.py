"""The child process of `execute`: runs one notebook through papermill and reports each step as a line of JSON.

Reads one job (JSON: `input`, `output`, `cwd`, `parameters`, `cell_timeout`) from standard input. Standard input then
stays open as long as the parent lives; when it ends, the kernel and this process end too.
"""

import json
import os
import sys
import tempfile
import threading

import papermill
import psutil
from nbclient.exceptions import CellTimeoutError

from course_utils.tools.notebooks.headings import headings


def _end_with_parent():
    sys.stdin.read()
    for process in psutil.Process().children(recursive=True):
        process.kill()
    os._exit(1)


def main():
    """Run the job on standard input; the events go to standard output."""
    # The kernel inherits descriptor 1: keep it away from the events.
    events = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def report(**event):
        events.write(json.dumps(event) + "\n")

    job = json.loads(sys.stdin.readline())
    tempfile.tempdir = os.path.dirname(job["input"])  # where Jupyter writes how to reach the kernel
    threading.Thread(target=_end_with_parent, daemon=True).start()
    kernel = {"kernel_name": "python3", "language": "python"}
    try:
        # The job's own copy takes the parameters first: they are one more cell to count.
        path = job["input"]
        notebook = papermill.execute_notebook(path, path, job["parameters"], prepare_only=True, **kernel)
        above = headings(notebook.cells)

        def started(cell, cell_index):
            report(event="cell", cell=cell_index + 1, cells=len(above), heading=above[cell_index])

        papermill.execute_notebook(
            path,
            job["output"],
            on_cell_start=started,
            progress_bar=False,
            cwd=job["cwd"],
            execution_timeout=job["cell_timeout"],
            store_widget_state=False,
            **kernel,
        )
    except papermill.PapermillExecutionError as error:
        report(
            event="error",
            status="failed",
            name=error.ename,
            message=error.evalue,
            source=error.source,
            traceback="\n".join(error.traceback),
        )
    except CellTimeoutError:
        message = f"The cell took longer than {job['cell_timeout']:g} seconds."
        report(event="error", status="timed out", name="Timeout", message=message)
    except Exception as error:
        report(
            event="error",
            status="failed",
            name=type(error).__name__,
            message=str(error) or "The kernel died, perhaps for lack of memory.",
        )
    else:
        report(event="done")


if __name__ == "__main__":
    main()
