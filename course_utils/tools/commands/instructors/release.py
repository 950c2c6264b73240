"""`course release`: the students' and the instructor's notebook of a lab."""

from course_utils.tools.commands.instructors._class import add_class

HELP = "make a lab's notebook for students, after checking the lab itself"


def configure(parser):
    parser.description = (
        "From one source with solutions, hidden checks and points write DIR/release/LAB/LAB.ipynb for students and "
        "DIR/source/LAB/LAB.ipynb for the instructor. A lab is refused if its solution fails a check, if its untouched "
        "version gets a point, or if its points do not add up to 10."
    )
    parser.add_argument("labs", nargs="+", metavar="LAB", help='number ("04"), name or path (.py or .ipynb)')
    add_class(parser, gradebook=False)


def run(arguments) -> int:
    from course_utils.errors import CourseError
    from course_utils.tools.labs.lab.release import release
    from course_utils.tools.labs.lab.source import find_lab, read_lab
    from course_utils.tools.labs.marking.trial import problems
    from course_utils.tools.labs.returning.formgrader import write_settings
    from course_utils.tools.labs.sandbox.bubblewrap import Sandbox, require_sandbox
    from course_utils.tools.labs.sandbox.limits import Limits

    try:
        require_sandbox()
        confined = True
    except CourseError:
        # The lab is the instructor's own code, and can run without a sandbox.
        confined = False
    labs = [read_lab(find_lab(name)) for name in arguments.labs]
    modules = [module for lab in labs for module in lab.imported]
    with Sandbox(modules, Limits(), confined) as sandbox:
        for lab in labs:
            written = release(lab, arguments.output, problems(lab, sandbox))
            for whom, notebook in zip(("instructor", "students"), written, strict=True):
                print(f"{lab.name}: for the {whom}: {notebook}", flush=True)
    write_settings(arguments.output)
    return 0
