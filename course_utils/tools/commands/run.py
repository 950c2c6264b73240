"""`course run`: notebooks headless through papermill, with a report."""

import argparse
import json
import os
import re
import sys
import time
from pathlib import Path

from course_utils.errors import CourseError

HELP = "execute notebooks and write a report page"


def configure(parser: argparse.ArgumentParser):
    """The arguments of `course run`."""
    parser.description = (
        "Execute notebooks, each in its own folder as JupyterLab does, and write the executed copies and one report "
        "page. Exits 0 when all passed, 1 when one failed."
    )
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help='number ("05"), name or path; all by default')
    parser.add_argument("--dataset", metavar="NAME", help="the data set for notebooks that take one")
    parser.add_argument("--data-dir", metavar="DIR", help="the folder of that data set")
    parser.add_argument("--fast", action="store_true", help="the fast setting: everything small, under a minute each")
    parser.add_argument(
        "-p", "--parameter", nargs=2, action="append", default=[], metavar=("KEY", "VALUE"), help="set a parameter"
    )
    parser.add_argument("--output", default="reports", metavar="DIR", help="where results go (%(default)s)")
    parser.add_argument(
        "--cell-timeout", type=_seconds, default=900, metavar="S", help="seconds one cell may take (%(default)s)"
    )
    parser.add_argument(
        "--timeout", type=_seconds, default=3600, metavar="S", help="seconds one notebook may take (%(default)s)"
    )
    parser.add_argument(
        "--jobs",
        type=_jobs,
        metavar="N",
        help="notebooks at the same time (with --fast 2 on two processor cores or more, else 1)",
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")


def _seconds(text: str) -> float:
    if not (value := float(text)) > 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _jobs(text: str) -> int:
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def run(arguments: argparse.Namespace) -> int:
    """Execute, report, and say where the results are.

    Returns:
        0 when all notebooks passed, 1 when one failed, 130 when interrupted (the report covers what was run).
    """
    from course_utils.tools.notebooks.progress import Reporter
    from course_utils.tools.notebooks.report import write_report
    from course_utils.tools.notebooks.several import execute_several

    output = Path(arguments.output)
    notebooks = _chosen(arguments.notebooks)
    if any(output.resolve() == notebook.resolve().parent for notebook in notebooks):
        raise CourseError(f"--output {output} holds the notebooks themselves: choose another folder.")
    plans = _plans(notebooks, _asked(arguments), named=bool(arguments.notebooks), fast=arguments.fast, output=output)
    jobs = arguments.jobs or (min(2, _cores()) if arguments.fast else 1)
    results = {}
    with Reporter(len(plans)) as reporter:

        def task(notebook, values):
            return lambda stop: _executed(notebook, values, arguments, reporter, stop)

        for place, result in execute_several([task(notebook, values) for notebook, values in plans], jobs):
            results[place] = result
            # After each notebook, so that there is a report whatever happens next.
            finished = [results[place] for place in sorted(results)]
            index = write_report(finished, output)
            reporter.done(result.name, _summary(result))
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


def _executed(notebook: Path, values: dict, arguments: argparse.Namespace, reporter, stop):
    """The result of one notebook, with the folders that it produced."""
    from course_utils.tools.notebooks.execute import execute

    started = time.time()
    result = execute(
        notebook,
        Path(arguments.output) / notebook.name,
        values,
        cell_timeout=arguments.cell_timeout,
        timeout=arguments.timeout,
        on_progress=reporter.follow(notebook.stem),
        stop=stop,
    )
    if "output_dir" in values:
        result.runs = _produced(Path(values["output_dir"]), started, notebook.stem)
    return result


def _cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _chosen(names: list[str]) -> list[Path]:
    """The notebooks that are named, in that order: paths as they are, others from the course's folder."""
    from course_utils.tools.notebooks import notebook_folder
    from course_utils.tools.notebooks.build import select

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


def _asked(arguments: argparse.Namespace) -> dict[str, object]:
    """The parameters set on the command line."""
    from course_utils.datasets import DATASETS
    from course_utils.tools.notebooks.parameters import parse_value

    asked = {}
    if arguments.dataset is not None:
        if arguments.dataset not in DATASETS:
            raise CourseError(f"--dataset {arguments.dataset}: choose one of {', '.join(DATASETS)}.")
        asked["dataset"] = arguments.dataset
    if arguments.data_dir is not None:
        folder = Path(arguments.data_dir).expanduser().resolve()
        if not folder.is_dir():
            raise CourseError(f"--data-dir {arguments.data_dir} is not a folder.")
        asked["data_dir"] = str(folder)
    return asked | {key: parse_value(value) for key, value in arguments.parameter}


def _plans(notebooks: list[Path], asked: dict[str, object], *, named: bool, fast: bool, output: Path):
    """For each notebook its parameters, checked.

    A parameter that a notebook does not have is an error when the notebook was named, or when no notebook has it;
    otherwise it is left out for that notebook, and a line says so.
    """
    import nbformat

    from course_utils.tools.notebooks.parameters import check_parameters, parameters

    known = {}
    for notebook in notebooks:
        try:
            known[notebook] = parameters(nbformat.read(notebook, as_version=4))
        except (ValueError, SyntaxError, nbformat.ValidationError) as error:
            raise CourseError(f"{notebook} is not a notebook that can be read: {error}") from error
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


def _produced(folder: Path, started: float, notebook: str) -> list[Path]:
    """The folders directly in `folder` in which something was written since `started` (seconds since the epoch).

    Those that begin with another notebook's number ("05_") are left out: it may have run at the same time.
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
    return f"{line}\n  {result.error}" if result.error else line


def _as_json(result) -> dict:
    from dataclasses import asdict

    return json.loads(json.dumps(asdict(result), default=str))
