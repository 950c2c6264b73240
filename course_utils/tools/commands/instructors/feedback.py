"""`course feedback`: a page for each student of a lab."""

from course_utils.tools.commands.instructors._class import add_class, gradebook_url, some, waiting_message

HELP = "write each student's feedback as an HTML page"


def configure(parser):
    parser.description = (
        "Write DIR/feedback/STUDENT/LAB/LAB.html for every student in the gradebook: points, what failed and why, "
        "comments by hand, and the notebook as it was handed in. Running it again brings the pages up to date."
    )
    parser.add_argument("lab", metavar="LAB", help='number ("04") or name ("04_unpooling")')
    add_class(parser)
    parser.add_argument(
        "--format",
        choices=("pages", "moodle", "canvas"),
        default="pages",
        help="also the zip file that Moodle or Canvas takes, DIR/exports/LAB-feedback-FORMAT.zip (%(default)s)",
    )
    parser.add_argument("--student", action="append", metavar="NAME", help="only this one; can be given several times")


def run(arguments) -> int:
    import sys

    from course_utils.errors import CourseError
    from course_utils.files import write_whole
    from course_utils.progress import Progress
    from course_utils.tools.labs.lab.source import find_released_lab, read_lab
    from course_utils.tools.labs.returning.feedback import feedback_pages
    from course_utils.tools.labs.returning.handing_back import write_zip
    from course_utils.tools.labs.returning.standing import class_standing
    from course_utils.tools.reports.feedback import feedback_page

    output = arguments.output
    lab = read_lab(find_released_lab(arguments.lab, output))
    rows = class_standing(output, gradebook_url(arguments.gradebook, output), lab.name)
    if arguments.student:
        unknown = set(arguments.student) - {row.student for row in rows}
        if unknown:
            raise CourseError(f"The gradebook has no student {min(unknown)!r} in {lab.name}: check the name.")
        rows = [row for row in rows if row.student in arguments.student]
    written = {}
    with Progress(f"Feedback on {lab.name}", len(rows), unit="pages") as progress:
        for count, (path, page) in enumerate(feedback_pages(lab, rows, output), 1):
            write_whole(path, feedback_page(page))
            written[path.parts[-3]] = path
            progress.update(count)
        progress.done = f"{lab.name}: {len(rows)} page{'s' * (len(rows) != 1)} in {output / 'feedback'}"
    if arguments.format != "pages":
        path = output / "exports" / f"{lab.name}-feedback-{arguments.format}.zip"
        if left_out := write_zip(rows, lab.name, arguments.format, written, path):
            why = f"{arguments.format.title()} could not tell whose page it is"
            print(f"course: not in the zip file, because {why}: {some(left_out)}", file=sys.stderr)
        print(f"{len(rows) - len(left_out)} of {len(rows)} students: {path}")
    if message := waiting_message(rows):
        print(message, file=sys.stderr)
    return 0
