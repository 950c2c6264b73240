"""`course run`: notebooks headless through papermill, with a report."""

import argparse
import json
import re
import sys
import time
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import check_writable, find_fault, scratch_folder, sweep
from course_utils.machine import processors
from course_utils.tools.types import number, whole_number

HELP = "execute notebooks and write a report page"


def configure(parser: argparse.ArgumentParser):
    """The arguments of `course run`."""
    parser.description = (
        "Execute notebooks, each in its own folder as JupyterLab does, and write the executed copies and a report "
        "page. Exercises that are still to be written are passed over, and named. Exits 0 if all passed, 1 if one "
        "failed."
    )
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help='number ("05"), name or path; all by default')
    parser.add_argument("--dataset", metavar="NAME", help="the data set for notebooks that take one")
    parser.add_argument("--data-dir", metavar="DIR", help="the folder of that data set")
    parser.add_argument("--fast", action="store_true", help="the fast setting: everything small, under a minute each")
    parser.add_argument("--core", action="store_true", help="the core path alone, of notebooks that have one")
    parser.add_argument(
        "-p", "--parameter", nargs=2, action="append", default=[], metavar=("KEY", "VALUE"), help="set a parameter"
    )
    parser.add_argument("--output", default="reports", metavar="DIR", help="where results go (%(default)s)")
    parser.add_argument(
        "--cell-timeout", type=number(above=0), default=900, metavar="S", help="seconds one cell may take (%(default)s)"
    )
    parser.add_argument(
        "--timeout", type=number(above=0), default=3600, metavar="S", help="seconds one notebook may take (%(default)s)"
    )
    parser.add_argument(
        "--jobs",
        type=whole_number(),
        metavar="N",
        help="notebooks at the same time (with --fast 2 on two processor cores or more, else 1)",
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Execute, report, and say where the results are.

    Returns:
        0 when all notebooks passed, 1 when one failed, 130 when interrupted (the report covers what was run).
    """
    output = check_writable(Path(arguments.output), "--output")
    notebooks = _chosen(arguments.notebooks)
    with scratch_folder() as folder:
        if arguments.core:
            notebooks = _core_paths(notebooks, folder, named=bool(arguments.notebooks))
        return _run(notebooks, output, arguments)


def _run(notebooks: list[Path], output: Path, arguments: argparse.Namespace) -> int:
    """The same for the notebooks chosen."""
    from course_utils.progress import TaskProgress
    from course_utils.tools.notebooks.execution.several import execute_several
    from course_utils.tools.notebooks.report import write_report

    if any(output.resolve() == notebook.resolve().parent for notebook in notebooks):
        raise CourseError(f"--output {output} holds the notebooks themselves: choose another folder.")
    asked = _asked(arguments.dataset, arguments.data_dir, arguments.parameter)
    plans = _plans(notebooks, asked, named=bool(arguments.notebooks), fast=arguments.fast, output=output)
    jobs = arguments.jobs or (min(2, processors()) if arguments.fast else 1)
    limits = {"cell_timeout": arguments.cell_timeout, "timeout": arguments.timeout}
    sweep(output)
    results = {}
    with TaskProgress(len(plans)) as tasks:

        def task(notebook, values):
            return lambda stop: _executed(notebook, output, values, tasks, stop=stop, **limits)

        for place, result in execute_several([task(notebook, values) for notebook, values in plans], jobs):
            results[place] = result
            # After each notebook, so that there is a report whatever happens next.
            finished = [results[place] for place in sorted(results)]
            index = write_report(finished, output)
            tasks.finish(result.name, _summary(result))
    if arguments.json:
        print(json.dumps({"report": str(index), "notebooks": [_as_json(result) for result in finished]}, indent=2))
    else:
        for path in dict.fromkeys(path for result in finished for path in result.runs):
            print(f"Produced: {path}")
        print(f"Executed notebooks: {output}")
        print(f"Report: {index}")
    if any(result.status == "interrupted" for result in finished):
        return 130
    return 0 if all(result.status == "passed" for result in finished) else 1


def _executed(notebook: Path, output: Path, values: dict, tasks, **options):
    """The result of one notebook, with the folders that it produced; the options are those of `execute`."""
    from course_utils.tools.notebooks.execution.execute import execute
    from course_utils.tools.notebooks.execution.running import following

    started = time.time()
    shown = following(tasks, notebook.stem)
    result = execute(notebook, output / notebook.name, values, on_progress=shown, **options)
    if "output_dir" in values:
        result.runs = _produced(Path(values["output_dir"]), started, notebook.stem)
    return result


def _chosen(names: list[str]) -> list[Path]:
    """The notebooks named, in that order: paths as they are, other names from the course's folder."""
    from course_utils.tools.notebooks.folder import notebook_folder, select

    chosen = []
    for name in names:
        path = Path(name)
        if path.suffix == ".ipynb" and path.is_file():
            chosen.append(path)
        elif path.suffix == ".ipynb" and len(path.parts) > 1:
            raise CourseError(f"There is no notebook {name}.")
        else:
            chosen += select(sorted(notebook_folder().glob("*.ipynb")), [name])
    if not names:
        chosen = sorted(notebook_folder().glob("*.ipynb"))
        if not chosen:
            raise CourseError(f"No notebooks in {notebook_folder()}: make them with `make notebooks`.")
    unique = list({path.resolve(): path for path in chosen}.values())
    if len({path.name for path in unique}) < len(unique):
        raise CourseError("Two of the notebooks have the same file name, so their results would overwrite one another.")
    return unique


def _core_paths(notebooks: list[Path], folder: Path, *, named: bool) -> list[Path]:
    """The core paths of the notebooks, as notebooks of their own; without those that have none, unless named."""
    from course_utils.tools.notebooks.convert import write_notebook
    from course_utils.tools.notebooks.paths import core_path

    written = []
    for notebook in notebooks:
        try:
            core = core_path(_read(notebook), notebook.stem)
        except CourseError:
            if named:
                raise
            continue
        written.append(folder / notebook.name)
        write_notebook(core, written[-1])
    if not written:
        raise CourseError("None of the notebooks has a core path: run them without --core.")
    return written


def _asked(dataset: str | None, data_dir: str | None, pairs: list[tuple[str, str]]) -> dict[str, object]:
    """The parameters set on the command line."""
    from course_utils.datasets import DATASETS
    from course_utils.tools.notebooks.parameters import parse_value

    asked = {}
    if dataset is not None:
        if dataset not in DATASETS:
            raise CourseError(f"--dataset {dataset}: choose one of {', '.join(DATASETS)}.")
        asked["dataset"] = dataset
    if data_dir is not None:
        folder = Path(data_dir).expanduser().resolve()
        if not folder.is_dir():
            raise CourseError(f"--data-dir {data_dir} is not a folder.")
        asked["data_dir"] = str(folder)
    return asked | {key: parse_value(value) for key, value in pairs}


def _plans(notebooks: list[Path], asked: dict[str, object], *, named: bool, fast: bool, output: Path):
    """For each notebook its parameters, checked.

    A parameter that a notebook does not have is an error if the notebook was named or if no notebook has it;
    otherwise that notebook runs without it, and a line says so.
    """
    from course_utils.tools.notebooks.parameters import check_parameters, parameters

    known = {}
    for notebook in notebooks:
        try:
            known[notebook] = parameters(_read(notebook))
        except (SyntaxError, ValueError) as error:
            raise _unreadable(notebook, str(error)) from None
    plans = []
    for notebook in notebooks:
        values = dict(asked)
        for name in asked:
            if name not in known[notebook] and not named and any(name in others for others in known.values()):
                print(f"{notebook.stem} has no parameter {name}: it runs without", file=sys.stderr)
                del values[name]
        values = check_parameters(values, known[notebook], notebook.name)
        if fast and "fast" in known[notebook]:
            values["fast"] = True
        if "output_dir" in known[notebook]:
            values.setdefault("output_dir", str((output / "runs").resolve()))
        plans.append((notebook, values))
    return plans


def _read(notebook: Path):
    """The notebook in a file.

    Raises:
        CourseError: there is none; the message says why in a line.
    """
    import nbformat

    from course_utils.tools.notebooks.convert import read_notebook

    try:
        read = read_notebook(notebook)
        if fault := find_fault(read, _NOTEBOOK):
            raise _unreadable(notebook, fault)
        return read
    # nbformat looks into whatever JSON it is given, and says of some in many lines why they are no notebooks.
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _unreadable(notebook, str(error)) from None
    except nbformat.ValidationError as error:
        raise _unreadable(notebook, error.message) from None
    except OSError as error:
        raise _unreadable(notebook, error.strerror) from None


def _of(kind: type, wanted: str):
    return lambda value: None if isinstance(value, kind) else wanted


_TEXT = _of(str, "text")
_NOTEBOOK = {"cells": [{"cell_type": _TEXT, "source": _TEXT, "metadata": _of(dict, "an object")}]}
"""What is needed to run one; Jupyter opens notebooks with other faults, too."""


def _unreadable(notebook: Path, reason: str) -> CourseError:
    said = (reason.splitlines() or ["no reason given"])[0][:200]
    return CourseError(f"{notebook} is not a notebook that can be read ({said}): make or copy it again.")


def _produced(folder: Path, started: float, notebook: str) -> list[Path]:
    """The folders directly in `folder` in which something was written since `started` (seconds since the epoch).

    Those that begin with another notebook's number ("05_") are left out: that notebook may have run at the same time.
    """
    if not folder.is_dir():
        return []
    # File systems may store times to the second.
    return [
        run
        for run in sorted(folder.iterdir())
        if (not re.match(r"\d\d_", run.name) or run.name[:3] == notebook[:3])
        and run.is_dir()
        and any(path.stat().st_mtime >= int(started) for path in [run, *run.rglob("*")])
    ]


def _summary(result) -> str:
    memory = f"{result.peak_memory / 2**20:,.0f} MiB"
    line = f"{result.name}: {result.status} in {result.seconds / 60:.1f} min, peak memory {memory}"
    if result.open:
        line += f"\n  still open, and passed over: {', '.join(result.open)}"
    return f"{line}\n  {result.error}" if result.error else line


def _as_json(result) -> dict:
    from dataclasses import asdict

    return json.loads(json.dumps(asdict(result), default=str))
