"""`course export`: the gradebook as CSV, for spreadsheets, Canvas and Moodle."""

from pathlib import Path

from course_utils.tools.commands.instructors._class import add_class, gradebook_url, waiting_message

HELP = "write a lab's points as CSV, for a spreadsheet, Canvas or Moodle"


def configure(parser):
    parser.add_argument("lab", metavar="LAB", help='the lab as the gradebook names it, such as "04_unpooling"')
    parser.add_argument(
        "--format",
        choices=("csv", "canvas", "moodle"),
        default="csv",
        help="for a spreadsheet, Canvas or Moodle (%(default)s)",
    )
    add_class(parser)
    parser.add_argument("--file", type=Path, help="the file to write (DIR/exports/LAB-FORMAT.csv)")


def run(arguments) -> int:
    import sys

    from course_utils.tools.labs.returning.exports import write_csv
    from course_utils.tools.labs.returning.gradebook import student_rows

    output, style = arguments.output, arguments.format
    rows = student_rows(gradebook_url(arguments.gradebook, output), arguments.lab)
    path = arguments.file or output / "exports" / f"{arguments.lab}-{style}.csv"
    left_out = write_csv(rows, arguments.lab, style, path)
    if style == "csv" and (message := waiting_message(rows)):
        print(message, file=sys.stderr)
    for why in sorted(set(left_out.values())):
        names = [student for student, reason in left_out.items() if reason == why]
        print(f"course: not in the file, because {why}: {_some(names)}", file=sys.stderr)
    print(f"{len(rows) - len(left_out)} of {len(rows)} students: {path}")
    return 0


def _some(names: list[str]) -> str:
    """All names if there are few, the first ones of many."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more
