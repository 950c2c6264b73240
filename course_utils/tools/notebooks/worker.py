"""The child process of `execute`: runs one notebook through papermill and reports each step as a line of JSON.

Reads one job (JSON: `input`, `output`, `cwd`, `parameters`, `cell_timeout`) from standard input. Standard input then
stays open as long as the parent lives; when it ends, the kernel and this process end too.
"""

import json
import os
import re
import sys
import threading

import papermill
import psutil
from nbclient.exceptions import CellTimeoutError
from papermill.engines import NBClientEngine, papermill_engines


def headings(cells) -> list[str]:
    """For each cell the nearest heading at or above it, without the number signs."""
    current, found = "", []
    for cell in cells:
        if cell.cell_type == "markdown":
            titles = re.findall(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.sub(r"```.*?```", "", cell.source, flags=re.S), re.M)
            current = titles[-1] if titles else current
        found.append(current)
    return found


class _ReportingEngine(NBClientEngine):
    """papermill's own engine, which also tells `report` of each cell it starts."""

    report = print

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **options):
        titles = headings(nb_man.nb.cells)
        cell_start = nb_man.cell_start

        def start(cell, cell_index=None, **more):
            cls.report(event="cell", index=cell_index, cells=len(titles), heading=titles[cell_index])
            cell_start(cell, cell_index, **more)

        nb_man.cell_start = start
        return super().execute_managed_notebook(nb_man, kernel_name, **options)


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
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _ReportingEngine.report = report
    papermill_engines.register("course", _ReportingEngine)
    try:
        papermill.execute_notebook(
            job["input"],
            job["output"],
            job["parameters"],
            engine_name="course",
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=job["cwd"],
            execution_timeout=job["cell_timeout"],
            store_widget_state=False,
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
