"""`course export`: the gradebook as CSV, for spreadsheets, Canvas and Moodle."""

from pathlib import Path

from course_utils.tools.commands.instructors._class import add_class, gradebook_url, some, waiting_message

HELP = "write the points of a lab, or of all labs, as CSV, for a spreadsheet, Canvas or Moodle"


def configure(parser):
    parser.add_argument("lab", nargs="?", metavar="LAB", help='number ("04") or name ("04_unpooling")')
    parser.add_argument("--all", action="store_true", help="all labs of the gradebook, a line per student")
    parser.add_argument(
        "--weights", action="store_true", help="with --all: percent, with the weights of DIR/settings.toml"
    )
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

    from course_utils.errors import CourseError
    from course_utils.tools.labs.returning.exports import write_csv
    from course_utils.tools.labs.returning.gradebook import known_lab
    from course_utils.tools.labs.returning.standing import class_standing

    output, style = arguments.output, arguments.format
    if arguments.all == bool(arguments.lab):
        raise CourseError("Give either a lab or --all.")
    if arguments.weights and not arguments.all:
        raise CourseError("--weights needs --all.")
    url = gradebook_url(arguments.gradebook, output)
    if arguments.all:
        return _export_all(url, arguments)
    lab = known_lab(url, arguments.lab)
    rows = class_standing(output, url, lab)
    path = arguments.file or output / "exports" / f"{lab}-{style}.csv"
    left_out = write_csv(rows, lab, style, path)
    if style == "csv" and (message := waiting_message(rows)):
        print(message, file=sys.stderr)
    for why in sorted(set(left_out.values())):
        names = [student for student, reason in left_out.items() if reason == why]
        print(f"course: not in the file, because {why}: {some(names)}", file=sys.stderr)
    print(f"{len(rows) - len(left_out)} of {len(rows)} students: {path}")
    return 0


def _export_all(url: str, arguments) -> int:
    import sys

    from course_utils.errors import CourseError
    from course_utils.tools.labs.lab.dues import read_rules
    from course_utils.tools.labs.returning.exports import write_all
    from course_utils.tools.labs.returning.gradebook import lab_names
    from course_utils.tools.labs.returning.standing import class_standing

    if arguments.format != "csv":
        raise CourseError("--all is for spreadsheets: export one lab at a time for a learning platform.")
    output = arguments.output
    labs = {lab: class_standing(output, url, lab) for lab in lab_names(url)}
    if not labs:
        raise CourseError("The gradebook has no lab yet: mark one first, with course grade.")
    weights = {lab: read_rules(output, lab).weight for lab in labs} if arguments.weights else None
    path = arguments.file or output / "exports" / "all-csv.csv"
    count = write_all(labs, weights, path)
    for lab, rows in labs.items():
        if message := waiting_message(rows):
            print(f"{message}: {lab}", file=sys.stderr)
    print(f"{count} students, {len(labs)} labs: {path}")
    return 0
