"""The settings that let nbgrader's Formgrader work in a class's folder."""

from pathlib import Path

from course_utils.files import write_whole

_SETTINGS = '''\
"""Settings of nbgrader for this class: start JupyterLab in this folder, and choose Nbgrader > Formgrader."""

from pathlib import Path

c = get_config()
c.CourseDirectory.root = str(Path(__file__).parent)
c.CourseDirectory.course_id = {course!r}

# The gradebook's address, if `course grade` was given one with --gradebook. It holds no password: PostgreSQL's client
# takes that from PGPASSWORD or ~/.pgpass.
address = Path(__file__).with_name("gradebook.url")
if address.is_file():
    c.CourseDirectory.db_url = address.read_text("utf-8").strip()

# nbgrader's own autograde would run students' code with your rights. Marking is done by `course grade`; this setting
# gives nbgrader's buttons nothing to run.
c.CourseDirectory.submitted_directory = "marked-by-course-grade"
'''


def write_settings(output: Path) -> None:
    """Write `nbgrader_config.py` into the folder of a class, unless there is one already."""
    path = output / "nbgrader_config.py"
    if not path.exists():
        write_whole(path, _SETTINGS.format(course=output.resolve().name))
