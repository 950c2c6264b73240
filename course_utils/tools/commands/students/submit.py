"""`course submit`: the one file to hand in."""

import argparse
from pathlib import Path

from course_utils.tools.commands.students._work import add_labs, chosen

HELP = "write the file of a lab to hand in, and say what is still open"


def configure(parser: argparse.ArgumentParser):
    """The arguments of `course submit`."""
    parser.description = (
        "Write DIR/LAB/NAME.ipynb, your notebook as it was saved: hand in this one file. A notebook that could not be "
        "marked is refused. Exercises that are open, or that failed at the last `course check`, are named."
    )
    add_labs(parser, "+")
    parser.add_argument("--student", metavar="NAME", help="your name for the file (the one that you are logged in by)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="where it goes (hand-in, in the workspace)")


def run(arguments: argparse.Namespace) -> int:
    """Write the files, each with its lines on what is open.

    Returns:
        0.
    """
    from course_utils.errors import CourseError
    from course_utils.files import check_writable
    from course_utils.tools.students.checking import Work
    from course_utils.tools.students.record import read_record
    from course_utils.tools.students.submitting import student_name, submit
    from course_utils.tools.students.workspace import Workspace

    student = student_name(arguments.student)
    output = check_writable(arguments.output, "--output") if arguments.output else None
    works = [Work(path) for path in chosen(arguments.labs, arguments.workspace)]
    if without := [work.lab.name for work in works if not work.lab.exercises]:
        raise CourseError(f"{without[0]} has no exercises, so there is nothing to hand in.")
    for work in works:
        written = submit(work, output or work.path.parent / "hand-in", student)
        last = {
            state.grade_id: state for state in read_record(Workspace(work.path.parent).records).get(work.lab.name, [])
        }
        print(f"{work.lab.name}: hand in {written}")
        for state in work.states():
            checked = last.get(state.grade_id)
            if state.state == "open":
                print(f"  open: {state.title} ({state.of:g} points)")
            elif state.state == "" and (checked is None or checked.answer != state.answer):
                print(f"  not checked: {state.title} (`course check {work.lab.name[:2]}` does)")
            elif state.state == "" and checked.state == "failed":
                print(f"  failed its check: {state.title}: {checked.message}")
            if state.message:
                print(f"  {state.title}: {state.message}")
    return 0
