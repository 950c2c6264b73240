"""`course class`: who is in the class, and what their files are called."""

import argparse
import contextlib
from pathlib import Path

from course_utils.tools.commands.instructors._class import add_class, alone_in, gradebook_url

HELP = "list the class, import it from Canvas or Moodle, rename, merge or remove students"


def configure(parser):
    """The arguments of `course class` and of what it does."""
    parser.description = (
        "The class is DIR/class.csv, with columns id, name, email, group, extension, canvas and also. Without an "
        "action its people are listed, with the labs that they have handed in."
    )
    add_class(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    for name, (text, arguments) in _ACTIONS.items():
        action = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        for argument, words in arguments.items():
            action.add_argument(
                argument, type=Path if argument == "file" else str, help=words, metavar=argument.upper()
            )
        add_class(action, nested=True)


_FILE = "as Canvas or Moodle exports it"
_ACTIONS = {
    "import": ("add the people of an exported list, and what it says about those who are known",
               {"file": f"CSV, {_FILE}: the gradebook, the participants, a group set, or another class.csv"}),
    "times": ("take the times at which a lab was handed in from a list",
              {"lab": 'number ("04") or name', "file": "CSV: Moodle's grading worksheet, or a table of id and time"}),
    "rename": ("give a student another id", {"old": "the id in the class or gradebook", "new": "the new one"}),
    "merge": ("make two students one, such as somebody whose two files had different names",
              {"other": "the id that goes", "into": "the id that stays"}),
    "remove": ("remove a student; marks go to DIR/removed", {"student": "the id"}),
}  # fmt: skip
"""What `course class` does, each with its help and its arguments."""


def run(arguments: argparse.Namespace) -> int:
    """List the class, or change it."""
    with alone_in(arguments.output) if arguments.action else contextlib.nullcontext():
        return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    from course_utils.tools.labs.returning import people

    output = arguments.output
    url = gradebook_url(arguments.gradebook, output)
    match arguments.action:
        case None:
            _list(output)
        case "import":
            _import(arguments.file, output)
        case "times":
            _times(arguments.lab, arguments.file, output)
        case "rename":
            people.rename(output, url, arguments.old, arguments.new)
            print(f"{arguments.old} is {arguments.new} now")
        case "merge":
            for line in people.merge(output, url, arguments.other, arguments.into):
                print(line)
            print(f"{arguments.other} is {arguments.into} now")
        case "remove":
            people.remove(output, url, arguments.student)
            print(f"{arguments.student} is no longer in the class; marks are in {output / 'removed'}")
    return 0


def _list(output: Path) -> None:
    from course_utils.errors import CourseError
    from course_utils.tools.labs.returning.people import labs_of
    from course_utils.tools.labs.submissions.roster import FILE, Person, read_roster

    roster, labs = read_roster(output), labs_of(output)
    if not roster and not labs:
        raise CourseError(
            f"There is no {output / FILE}, and nothing is marked yet: course class import FILE begins one."
        )
    for name in sorted({*roster.people, *labs}):
        person = roster.people.get(name, Person(name))
        about = [person.name, person.email, person.group and f"group {person.group}"]
        about += [person.extension and f"extension {person.extension}"]
        about += ["not in class.csv" if roster and name not in roster.people else ""]
        done = ", ".join(labs.get(name, [])) or "nothing handed in"
        print(f"{name}: {'; '.join(filter(None, [*about, done]))}")


def _import(file: Path, output: Path) -> None:
    from course_utils.tools.labs.submissions.class_lists import merged, read_class_list
    from course_utils.tools.labs.submissions.roster import FILE, read_roster, write_roster

    people, new, known = merged(read_roster(output), read_class_list(file))
    write_roster(output, people)
    print(f"{new} new, {known} known, {len(people)} in {output / FILE}")


def _times(name: str, file: Path, output: Path) -> None:
    import sys

    from course_utils.tools.labs.lab.source import find_released_lab
    from course_utils.tools.labs.marking.grading import load_results
    from course_utils.tools.labs.submissions.roster import read_roster
    from course_utils.tools.labs.submissions.times import imported_times, read_times, write_times

    lab = find_released_lab(name, output).stem
    new, numbers, unknown = imported_times(file, read_roster(output), load_results(output / "results" / lab))
    times, participants = read_times(output, lab)
    path = write_times(output, lab, times | new, participants | numbers)
    if unknown:
        print(f"course: {len(unknown)} lines are of nobody in the class: {', '.join(unknown[:10])}", file=sys.stderr)
    print(f"{len(new)} times: {path}")
