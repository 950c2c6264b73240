"""`course lab`: JupyterLab on a workspace without answers."""

import argparse
import sys

from course_utils.tools.commands.students._work import add_workspace
from course_utils.tools.types import whole_number

HELP = "open your notebooks in JupyterLab; brings them up to date and keeps your work"


def configure(parser: argparse.ArgumentParser):
    """The arguments of `course lab`."""
    parser.description = (
        "Make a folder of notebooks without answers, or bring it up to date: new text of the lessons comes in, your "
        "answers, cells and outputs stay, and a line says where the course and you have changed the same cell. Then "
        "open it in JupyterLab."
    )
    add_workspace(parser)
    parser.add_argument("--instructor", action="store_true", help="open the course's own notebooks, with solutions")
    parser.add_argument("--prepare", action="store_true", help="bring the workspace up to date, and start nothing")
    parser.add_argument("--no-browser", action="store_true", help="print JupyterLab's address, and open no window")
    parser.add_argument("--port", type=whole_number(1, 65535), metavar="N", help="JupyterLab's port")
    text = "where JupyterLab listens (%(default)s: this machine only; a container needs 0.0.0.0)"
    parser.add_argument("--ip", default="127.0.0.1", metavar="ADDRESS", help=text)
    parser.add_argument(
        "jupyter", nargs="*", metavar="-- OPTION", help="further options for JupyterLab, after two hyphens"
    )


def run(arguments: argparse.Namespace) -> int:
    """Bring the workspace up to date, say what changed, and start JupyterLab.

    Returns:
        JupyterLab's exit status, 0 with `--prepare`.
    """
    from course_utils.errors import CourseError
    from course_utils.tools.notebooks.folder import notebook_folder
    from course_utils.tools.students.jupyter import start, write_settings
    from course_utils.tools.students.released import find_notebooks, released
    from course_utils.tools.students.workspace import Workspace, find_workspace

    if arguments.instructor and (arguments.prepare or arguments.workspace):
        raise CourseError("--instructor opens the course's own notebooks: leave out --workspace and --prepare.")
    if arguments.instructor:
        folder = notebook_folder()
        # Not among the course's own files.
        settings = Workspace(folder.parent / "workspace").records / "instructor"
    else:
        workspace = find_workspace(arguments.workspace)
        for path in find_notebooks([]):
            for line in workspace.update(path.stem, released(path)):
                print(line, file=sys.stderr)
        folder, settings = workspace.folder, workspace.records / "jupyter"
        print(f"Your notebooks: {folder}", flush=True)
    if arguments.prepare:
        return 0
    write_settings(settings, arguments.instructor)
    options = ["--no-browser"] * arguments.no_browser
    options += [f"--port={arguments.port}"] * (arguments.port is not None)
    return start(folder, settings, options + arguments.jupyter, arguments.ip)
