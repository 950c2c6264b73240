"""`course feedback`: a page for each student of a lab."""

from course_utils.tools.commands._class import add_class, gradebook_url

HELP = "write each student's feedback as an HTML page"


def configure(parser):
    parser.description = (
        "Write DIR/feedback/STUDENT/LAB/LAB.html for every student in the gradebook: points, what failed and why, "
        "comments by hand, and the notebook as it was handed in. Doing it again brings the pages up to date."
    )
    parser.add_argument("lab", metavar="LAB", help='number ("04") or name ("04_unpooling")')
    add_class(parser)
    parser.add_argument("--student", action="append", metavar="NAME", help="only this one; can be given several times")


def run(arguments) -> int:
    import sys
    from pathlib import Path

    from course_utils.errors import CourseError
    from course_utils.files import write_whole
    from course_utils.progress import Progress
    from course_utils.tools.labs.marking.grading import released
    from course_utils.tools.labs.returning.feedback import gather
    from course_utils.tools.labs.returning.gradebook import table
    from course_utils.tools.reports.feedback import feedback_page

    output = Path(arguments.output)
    lab = released(arguments.lab, output)
    rows = table(gradebook_url(arguments), lab.name)
    if arguments.student:
        unknown = set(arguments.student) - {row["student"] for row in rows}
        if unknown:
            raise CourseError(f"The gradebook knows no answers of {min(unknown)!r} to {lab.name}.")
        rows = [row for row in rows if row["student"] in arguments.student]
    with Progress(f"Feedback on {lab.name}", len(rows), unit="pages") as progress:
        for count, (path, page) in enumerate(gather(lab, rows, output), 1):
            write_whole(path, feedback_page(page))
            progress.update(count)
        progress.done = f"{lab.name}: {len(rows)} page{'s' * (len(rows) != 1)} in {output / 'feedback'}"
    waiting = sum(row["waiting"] for row in rows)
    if waiting:
        print(f"course: {waiting} of {len(rows)} have an answer that no person has marked yet", file=sys.stderr)
    return 0
