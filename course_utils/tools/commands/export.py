"""`course export`: the gradebook as CSV, for spreadsheets, Canvas and Moodle."""

from course_utils.tools.commands._class import add_class, gradebook_url

HELP = "write a lab's points as CSV, for a spreadsheet, Canvas or Moodle"


def configure(parser):
    parser.add_argument("lab", metavar="LAB", help='the lab as the gradebook names it, such as "04_unpooling"')
    parser.add_argument("--format", choices=("csv", "canvas", "moodle"), default="csv", help="whose (default: csv)")
    add_class(parser)
    parser.add_argument("--file", metavar="FILE", help="where to (default: DIR/exports/LAB-FORMAT.csv)")


def run(arguments) -> int:
    import sys
    from pathlib import Path

    from course_utils.tools.labs.returning.exports import write_csv
    from course_utils.tools.labs.returning.gradebook import table

    output = Path(arguments.output)
    rows = table(gradebook_url(arguments), arguments.lab)
    path = Path(arguments.file or output / "exports" / f"{arguments.lab}-{arguments.format}.csv")
    left = write_csv(rows, arguments.lab, arguments.format, path)
    waiting = sum(row["waiting"] for row in rows)
    if waiting and arguments.format == "csv":
        print(f"course: {waiting} of {len(rows)} have an answer that no person has marked yet", file=sys.stderr)
    for why in sorted(set(left.values())):
        names = [student for student, reason in left.items() if reason == why]
        print(f"course: not in the file, because {why}: {_some(names)}", file=sys.stderr)
    print(f"{len(rows) - len(left)} of {len(rows)} students: {path}")
    return 0


def _some(names: list[str]) -> str:
    """All of a few names, the first of many."""
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + more
