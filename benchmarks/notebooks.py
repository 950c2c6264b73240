"""Processor time and peak memory of each notebook, as `course run` executes it.

    python benchmarks/notebooks.py                  # every notebook, fast and full
    python benchmarks/notebooks.py 05 06 --setting fast
    python benchmarks/notebooks.py --output benchmarks/results/notebooks.md

One process a row, which ends before the next begins. Processor time is that of the process and all that it started
(kernel, TensorFlow's threads), from the command to the report, as the system counts it: it hardly depends on what else
runs, as seconds on a clock would. Two idle cores need half of it or more. Memory is the larger of two: the sum of
resident memory over the kernel and what it started, sampled twice a second, and the exact peak of the largest single
process.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import psutil

from course_utils.machine import processors
from course_utils.tools.notebooks.folder import notebook_folder, select

LIMIT = 4 * 2**30  # bytes that a notebook may need: it has to run beside a browser on a laptop with 8 GB


def measure(notebook: Path, fast: bool) -> dict:
    """Execute a notebook once: its name, setting, processor `seconds`, peak `memory` in bytes and `status`."""
    with tempfile.TemporaryDirectory(prefix="course-") as scratch:
        command = [sys.executable, "-m", "course_utils", "run", str(notebook), "--json", "--output", scratch]
        command += ["--timeout", "7200", "--cell-timeout", "3600", *(["--fast"] if fast else [])]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        report = json.loads(process.stdout.read())
        _, _, usage = os.wait4(process.pid, 0)  # with all descendants that were waited for
    (result,) = report["notebooks"]
    largest = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "name": notebook.stem,
        "setting": "fast" if fast else "full",
        "seconds": usage.ru_utime + usage.ru_stime,
        "memory": max(result["peak_memory"], largest),
        "status": result["status"],
    }


def machine() -> str:
    """What it was measured on, in one line."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{platform.machine()}, {processors()} processor cores, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, TensorFlow {version('tensorflow')}"
    )


def table(rows: list[dict]) -> str:
    """The rows as a Markdown table, and a line of sums for each setting."""
    lines = ["| notebook | setting | processor time | peak memory | status |", "|---|---|---:|---:|---|"]
    for row in sorted(rows, key=lambda row: (row["setting"], row["name"])):
        memory = f"{row['memory'] / 2**20:,.0f} MiB"
        lines.append(f"| {row['name']} | {row['setting']} | {row['seconds']:.0f} s | {memory} | {row['status']} |")
    for setting in sorted({row["setting"] for row in rows}):
        chosen = [row for row in rows if row["setting"] == setting]
        seconds, memory = sum(row["seconds"] for row in chosen), max(row["memory"] for row in chosen) / 2**20
        lines.append(f"| **all {len(chosen)}** | {setting} | {seconds:.0f} s | at most {memory:,.0f} MiB | |")
    return "\n".join(lines)


def page(rows: list[dict]) -> str:
    """The table with the command, the machine and what the columns mean."""
    command = " ".join(["python benchmarks/notebooks.py", *sys.argv[1:]])
    return (
        "# Processor time and memory of the notebooks\n\n"
        f"`{command}`, {datetime.date.today()}; {machine()}; load {os.getloadavg()[0]:.1f}.\n\n"
        "Processor time is summed over cores, threads and child processes, from the command to the report. Two idle\n"
        "cores need half of it at best. Memory is that of the kernel and what it started.\n\n"
        f"{table(rows)}\n"
    )


def main() -> int:
    """Measure and print; 1 when a notebook failed or needs more than the limit."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("notebooks", nargs="*", help="numbers or names; all by default")
    parser.add_argument("--setting", choices=("fast", "full", "both"), default="both")
    parser.add_argument("--output", type=Path, help="a Markdown file for the table")
    options = parser.parse_args()
    rows = []
    for fast in {"fast": [True], "full": [False], "both": [True, False]}[options.setting]:
        for notebook in select(sorted(notebook_folder().glob("*.ipynb")), options.notebooks):
            rows.append(measure(notebook, fast))
            print(json.dumps(rows[-1]), flush=True)
            if options.output:  # after each, so that an interruption costs one row
                options.output.parent.mkdir(parents=True, exist_ok=True)
                options.output.write_text(page(rows))
    print(page(rows))
    return int(any(row["status"] != "passed" or row["memory"] > LIMIT for row in rows))


if __name__ == "__main__":
    sys.exit(main())
