"""`course check`: the visible checks of a lab, with points."""

import argparse
import json
import time
from pathlib import Path

from course_utils.tools.commands.students._work import add_labs, chosen

HELP = "run the visible checks of a lab on your notebook, and add up the points"


def configure(parser: argparse.ArgumentParser):
    """The arguments of `course check`."""
    parser.description = (
        "Run the checks that you see in a lab's notebook on your answers, as they were saved, and say for each "
        "exercise: passed, failed and why, or open. Without a LAB, tell what the last checks said. Exits 1 if a check "
        "failed."
    )
    add_labs(parser, "*")
    parser.add_argument("--all", action="store_true", help="check every lab of the workspace")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Check, keep what came of it, and print it.

    Returns:
        0 if no check failed, 1 if one did.
    """
    from course_utils.errors import CourseError
    from course_utils.tools.students.checking import Work
    from course_utils.tools.students.record import read_record, write_record
    from course_utils.tools.students.workspace import Workspace, find_workspace

    if arguments.all and arguments.labs:
        raise CourseError("--all checks every lab: leave out the names, or leave out --all.")
    results, status = {}, 0
    if arguments.labs or arguments.all:
        for path in chosen(arguments.labs, arguments.workspace):
            work = Work(path)
            if not work.lab.exercises:
                continue
            states = work.check()
            write_record(Workspace(path.parent).records, work.lab.name, states)
            results[work.lab.name] = states
            if not arguments.json:
                saved = time.strftime("%H:%M:%S on %d %B", time.localtime(path.stat().st_mtime))
                print(f"{work.lab.name}, as saved at {saved}")
                _show(states)
    else:
        workspace = find_workspace(arguments.workspace)
        results = read_record(workspace.records)
        if not results:
            raise CourseError("Nothing has been checked yet: give a lab, such as `course check 04`.")
        changed = {lab: _changed(workspace.notebook(lab), states) for lab, states in results.items()}
        if not arguments.json:
            for lab, states in sorted(results.items()):
                print(f"{lab}, at its last check")
                _show(states, changed[lab])
    if arguments.json:
        print(json.dumps({lab: [vars(state) for state in states] for lab, states in sorted(results.items())}, indent=2))
    if any(state.state == "failed" for states in results.values() for state in states):
        status = 1
    return status


def _changed(path: Path, states: list) -> set[str]:
    """The exercises whose answer is no longer the one that was checked."""
    from course_utils.errors import CourseError
    from course_utils.tools.students.checking import Work

    try:
        now = {state.grade_id: state.answer for state in Work(path).states()}
    except CourseError:
        return set()
    return {state.grade_id for state in states if now.get(state.grade_id) != state.answer}


def _show(states: list, changed: frozenset | set = frozenset()) -> None:
    """A line for each exercise, and their sum."""
    width = max(len(state.title) for state in states)
    for state in states:
        points = {"passed": f"{state.of:g} of {state.of:g}", "written": f"up to {state.of:g}, which a person gives"}
        line = f"  {state.title:<{width}}  {state.state:<7}  {points.get(state.state, f'0 of {state.of:g}')}"
        print(f"{line}  (changed since)" if state.grade_id in changed else line)
        if state.message:
            print(f"    {state.message}")
    by_checks = [state for state in states if not state.by_hand]
    got = sum(state.of for state in states if state.state == "passed")
    print(f"  {got:g} of {sum(state.of for state in by_checks):g} points by the checks that you see")
