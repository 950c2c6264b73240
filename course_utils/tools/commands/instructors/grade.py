"""`course grade`: mark a class's submissions of a lab."""

import argparse
import json
from pathlib import Path

from course_utils.tools.commands.instructors._class import add_class, alone_in, gradebook_url
from course_utils.tools.labs.sandbox.limits import Limits
from course_utils.tools.types import whole_number

HELP = "mark a folder or zip file of submitted notebooks, each in a sandbox"

_DAY = 24 * 60 * 60


def configure(parser: argparse.ArgumentParser):
    """The arguments of `course grade`."""
    parser.description = (
        "Mark every notebook in a folder or zip file (ada.ipynb, or ada/LAB.ipynb as learning platforms pack them). "
        "Students' code runs in a sandbox, the lab's own checks decide. Results go to DIR/results/LAB and to the "
        "gradebook. Marks that are still valid are kept, so an interrupted run continues where it stopped. Exits 1 if "
        "a submission could not be marked."
    )
    parser.add_argument("submissions", type=Path, metavar="SUBMISSIONS", help="folder or zip file")
    parser.add_argument("--lab", metavar="LAB", help="number, name or path (by default the one that notebooks name)")
    add_class(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs", type=whole_number(1, 1024), default=2, metavar="N", help="submissions at the same time (%(default)s)"
    )
    where.add_argument("--scheduler", metavar="ADDRESS", help="mark on the workers of this Dask cluster (host:port)")
    limits, seconds = Limits(), whole_number(1, _DAY)
    parser.add_argument(
        "--cell-timeout",
        type=seconds,
        default=limits.cell,
        metavar="S",
        help="seconds per cell and per call of an answer (%(default)s)",
    )
    parser.add_argument(
        "--timeout", type=seconds, default=limits.total, metavar="S", help="seconds per submission (%(default)s)"
    )
    parser.add_argument(
        "--memory",
        type=whole_number(1, 2**20),
        default=limits.memory // 2**20,
        metavar="MiB",
        help="memory per submission (%(default)s)",
    )
    parser.add_argument(
        "--older", action="store_true", help="mark submissions that are older than the ones marked before, too"
    )
    parser.add_argument(
        "--no-sandbox", action="store_true", help="run students' code with your own rights, if you trust all of it"
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Mark, and print the results.

    Returns:
        0 when every submission has its marks, 1 when one could not be marked.
    """
    with alone_in(arguments.output):
        return _mark(arguments)


def _mark(arguments: argparse.Namespace) -> int:
    import sys
    from functools import partial

    from course_utils.progress import Progress
    from course_utils.tools.labs.lab.dues import read_rules
    from course_utils.tools.labs.lab.source import find_released_lab, read_lab
    from course_utils.tools.labs.marking.engines import this_machine
    from course_utils.tools.labs.marking.grading import grade, load_results
    from course_utils.tools.labs.returning import gradebook
    from course_utils.tools.labs.returning.formgrader import write_settings
    from course_utils.tools.labs.returning.people import put_away
    from course_utils.tools.labs.returning.standing import class_standing
    from course_utils.tools.labs.submissions.assigning import assign
    from course_utils.tools.labs.submissions.files import check_lab, find_submissions, named_lab
    from course_utils.tools.labs.submissions.roster import FILE, read_roster

    engine = partial(this_machine, jobs=arguments.jobs)
    if arguments.scheduler:
        from course_utils.tools.labs.marking.cluster import cluster

        engine = partial(cluster, address=arguments.scheduler)
    output = arguments.output
    source, left = find_released_lab(arguments.lab, output) if arguments.lab else None, []
    submissions = find_submissions(arguments.submissions, source and source.stem, left.append)
    lab = read_lab(source or find_released_lab(named_lab(submissions), output))
    submissions = check_lab(submissions, lab.name, lab.grade_ids)
    roster = read_roster(output)
    read_rules(output, lab.name)  # what is wrong there is said before anything is marked
    url = gradebook_url(arguments.gradebook, output)
    gradebook.check(url)
    results = output / "results" / lab.name
    assigned = assign(submissions, roster, lab.name, load_results(results, readable=True))
    submissions = assigned.submissions
    limits = Limits(cell=arguments.cell_timeout, total=arguments.timeout, memory=arguments.memory * 2**20)
    count = 0
    with Progress(f"Marking {lab.name}", len(submissions), unit="submissions") as progress:

        def done(student, failure):
            nonlocal count
            count += 1
            progress.update(count)

        options = {"limits": limits, "confined": not arguments.no_sandbox, "older": arguments.older}
        options |= {"engine": engine, "done": done}
        outcome = grade(lab, submissions, results, copies=output / "autograded", **options)
        progress.done = (
            f"{lab.name}: {len(outcome.marked)} marked, {len(outcome.kept)} kept, {len(outcome.failed)} not marked"
        )
    for name in left:
        print(f"course: {name} is no notebook and was left aside", file=sys.stderr)
    for name in assigned.strangers:
        say = f"add a line to {output / FILE}, or: course class merge"
        print(f"course: {name} is of nobody in the class, and was marked under its own name; {say}", file=sys.stderr)
    for name, newest in assigned.replaced:
        print(f"course: {name} does not count, as {newest} is newer and of the same student", file=sys.stderr)
    for student in outcome.older:
        print(
            f"course: {student} keeps the marks of a newer notebook than the one here; --older marks this one",
            file=sys.stderr,
        )
    for student, failure in outcome.failed.items():
        print(f"course: {student} could not be marked ({failure}): run the command again", file=sys.stderr)
    for name in put_away(output, url, lab.name, submissions):
        print(f"course: the marks of {name} are in {output / 'removed'}, as others replace them", file=sys.stderr)
    names: dict[str, list[str]] = {}
    for person in roster.people.values():
        names.setdefault(person.key, []).append(person.name or person.id)
    records = load_results(results)
    there = {record["student"] for record in records}
    known = {key: ", ".join(several) for key, several in names.items() if key in there}
    gradebook.enter_results(url, lab, results, known)
    if arguments.gradebook:
        gradebook.remember(output, arguments.gradebook)
    write_settings(output)
    if arguments.json:
        print(json.dumps({"lab": lab.name, "results": records, "failed": outcome.failed}, indent=2))
    else:
        by_key = {record["student"]: record for record in records}
        rows = class_standing(output, url, lab.name)
        for row in rows:
            print(_line(by_key.get(row.key), row))
        print(f"Results: {results}")
        if message := _untimed(rows, read_rules(output, lab.name)):
            print(message, file=sys.stderr)
    return 1 if outcome.failed else 0


def _line(record: dict | None, row) -> str:
    """One student's marks on a line, including those that a person has given."""
    from course_utils.tools.labs.lab.points import shown
    from course_utils.tools.labs.returning.standing import in_words

    marks = record["marks"] if record and not row.missing else []
    messages = {mark["message"] for mark in marks}
    about = in_words(row)
    if len(messages) == 1 and (why := messages.pop()):
        what = why.splitlines()[0][:200]
    else:
        points = {name: "to be read" if name in row.unread else shown(got) for name, got in row.exercises.items()}
        what = ", ".join(f"{mark['grade_id']} {points[mark['grade_id']]}" for mark in marks)
    what = "; ".join(filter(None, [what, about]))
    return f"{row.student}: {shown(row.points)} of {shown(row.of)} ({what})"


def _untimed(rows, rules) -> str | None:
    """How many submissions have no time by which lateness could be told, if there is a due date."""
    count = sum(row.handed_in is None and not row.missing and not row.late for row in rows)
    if rules.due is None or not count:
        return None
    return (
        f"course: {count} submissions count as in time, because platforms' zip files do not say when they were handed "
        "in; course class times LAB FILE takes Moodle's grading worksheet"
    )
