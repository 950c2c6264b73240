"""`course report`: a lab's class on a page, and its written answers on another one."""

from course_utils.tools.commands.instructors._class import add_class, gradebook_url

HELP = "look at a class: points, reasons of failure, who needs you, answers that are alike"


def configure(parser):
    """The arguments of `course report`."""
    parser.description = (
        "Write DIR/reports/LAB.html: distribution, mean per exercise, the commonest reasons of failure, who waits or "
        "is missing, when it was handed in, answers more alike than chance, hidden checks that decided nothing. And "
        "DIR/reports/LAB-written.html: the written answers with the model answer and the rubric beside them."
    )
    parser.add_argument("lab", metavar="LAB", help='number ("04") or name ("04_unpooling")')
    add_class(parser)


def run(arguments) -> int:
    from course_utils.files import write_whole
    from course_utils.tools.labs.lab.dues import read_rules
    from course_utils.tools.labs.lab.source import find_released_lab, read_lab
    from course_utils.tools.labs.returning.overview import class_report
    from course_utils.tools.labs.returning.standing import class_standing
    from course_utils.tools.labs.returning.written_answers import written_exercises
    from course_utils.tools.reports.class_report import class_page
    from course_utils.tools.reports.written import written_page

    output = arguments.output
    lab = read_lab(find_released_lab(arguments.lab, output))
    rows = class_standing(output, gradebook_url(arguments.gradebook, output), lab.name)
    report = class_report(lab, rows, read_rules(output, lab.name), output)
    pages = {
        output / "reports" / f"{lab.name}.html": class_page(report),
        output / "reports" / f"{lab.name}-written.html": written_page(report.lab, written_exercises(lab, rows, output)),
    }
    for path, page in pages.items():
        write_whole(path, page)
        print(path)
    return 0
