"""`course grade`: mark a class's submissions of a lab."""

import argparse
import json

from course_utils.tools.commands._class import add_class, gradebook_url

HELP = "mark a folder or zip file of submitted notebooks, each in a sandbox"


def configure(parser: argparse.ArgumentParser):
    """The arguments of `course grade`."""
    parser.description = (
        "Mark every notebook in a folder or zip file (ada.ipynb, or ada/LAB.ipynb as learning platforms pack them). "
        "Students' code runs in a sandbox, the lab's own checks decide. Results go to DIR/results/LAB and to the "
        "gradebook; what is there already is kept, so an interrupted run goes on where it was. Exits 1 when a "
        "submission could not be marked."
    )
    parser.add_argument("submissions", metavar="SUBMISSIONS", help="folder or zip file")
    parser.add_argument("--lab", metavar="LAB", help="number, name or path; by default what the notebooks say")
    add_class(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=_positive, default=2, metavar="N", help="at the same time (%(default)s)")
    where.add_argument("--scheduler", metavar="ADDRESS", help="mark on the workers of this Dask cluster (host:port)")
    parser.add_argument("--cell-timeout", type=_positive, metavar="S", help="seconds for a cell or a call (20)")
    parser.add_argument("--timeout", type=_positive, metavar="S", help="seconds for a submission (300)")
    parser.add_argument("--memory", type=_positive, metavar="MB", help="megabytes of a submission (2048)")
    parser.add_argument("--no-sandbox", action="store_true", help="run students' code with your own rights: trust them")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")


def _positive(text: str) -> int:
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def run(arguments: argparse.Namespace) -> int:
    """Mark, and say what came out.

    Returns:
        0 when every submission has its marks, 1 when one could not be marked.
    """
    import sys
    from functools import partial
    from pathlib import Path

    from course_utils.progress import Progress
    from course_utils.tools.labs.marking.engines import this_machine
    from course_utils.tools.labs.marking.grading import grade, lab_of
    from course_utils.tools.labs.marking.submission_files import collect
    from course_utils.tools.labs.returning import gradebook
    from course_utils.tools.labs.returning.formgrader import write_settings
    from course_utils.tools.labs.sandbox.limits import Limits

    engine = partial(this_machine, jobs=arguments.jobs)
    if arguments.scheduler:
        engine = partial(_cluster(), address=arguments.scheduler)
    output = Path(arguments.output)
    found = collect(Path(arguments.submissions))
    lab = lab_of(found, arguments.lab, output)
    asked = {"cell": arguments.cell_timeout, "total": arguments.timeout}
    asked["memory"] = arguments.memory and arguments.memory * 10**6
    limits = Limits(**{name: value for name, value in asked.items() if value})
    results = output / "results" / lab.name
    count = 0
    with Progress(f"Marking {lab.name}", len(found), unit="submissions") as progress:

        def done(student, failure):
            nonlocal count
            count += 1
            progress.update(count)

        options = {"limits": limits, "confined": not arguments.no_sandbox, "engine": engine, "done": done}
        outcome = grade(lab, found, results, copies=output / "autograded", **options)
        progress.done = (
            f"{lab.name}: {len(outcome.marked)} marked, {len(outcome.kept)} kept, {len(outcome.failed)} not marked"
        )
    for student, failure in outcome.failed.items():
        print(f"course: {student} could not be marked ({failure}): try again", file=sys.stderr)
    records = gradebook.enter_results(gradebook_url(arguments), lab, results)
    if arguments.gradebook:
        gradebook.remember(output, arguments.gradebook)
    write_settings(output)
    if arguments.json:
        print(json.dumps({"lab": lab.name, "results": records, "failed": outcome.failed}, indent=2))
    else:
        rows = {row["student"]: row for row in gradebook.table(gradebook_url(arguments), lab.name)}
        for record in records:
            print(_line(record, rows[record["student"]]))
        print(f"Results: {results}")
    return 1 if outcome.failed else 0


def _cluster():
    """The engine that marks on a cluster, if Dask is installed."""
    from course_utils.errors import CourseError

    try:
        from course_utils.tools.labs.marking.cluster import cluster
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise CourseError("--scheduler needs Dask: pip install distributed") from error
    return cluster


def _line(record: dict, row: dict) -> str:
    """One student's marks on a line, with what a person has given."""
    marks = record["marks"]
    said = {mark["message"] for mark in marks}
    if len(said) == 1 and (why := said.pop()):
        what = why.splitlines()[0][:200]
    else:
        points = {name: "to be read" if name in row["unread"] else f"{got:g}" for name, got in row["exercises"].items()}
        what = ", ".join(f"{mark['grade_id']} {points[mark['grade_id']]}" for mark in marks)
    return f"{record['student']}: {row['points']:g} of {row['of']:g} ({what})"
