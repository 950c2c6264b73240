"""The settings with which nbgrader's Formgrader finds a class's folder."""

from pathlib import Path

_SETTINGS = '''\
"""Settings of nbgrader for this class: start JupyterLab in this folder, and choose Nbgrader > Formgrader."""

from pathlib import Path

c = get_config()
c.CourseDirectory.root = str(Path(__file__).parent)
c.CourseDirectory.course_id = {course!r}

# Where the gradebook is, if `course grade` has been told another place by --gradebook. No password is kept: the client
# of PostgreSQL takes it from PGPASSWORD or ~/.pgpass.
address = Path(__file__).with_name("gradebook.url")
if address.is_file():
    c.CourseDirectory.db_url = address.read_text("utf-8").strip()

# nbgrader's own autograde would run students' code with your rights. `course grade` marks; so that the buttons for the
# other way find nothing to run, handed-in notebooks have no place here.
c.CourseDirectory.submitted_directory = "marked-by-course-grade"
'''


def write_settings(output: Path) -> None:
    """Write `nbgrader_config.py` into the folder of a class; one that is there already stays."""
    path = output / "nbgrader_config.py"
    if not path.exists():
        output.mkdir(parents=True, exist_ok=True)
        path.write_text(_SETTINGS.format(course=output.resolve().name), "utf-8")
