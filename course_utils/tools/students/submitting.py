"""The one file to hand in."""

import getpass
import os
import re
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.files import write_whole
from course_utils.tools.students.checking import Work


def student_name(name: str | None) -> str:
    """The name that the file gets, in the characters that `course grade` keeps.

    Args:
        name: as the student gave it; None for the name that they are logged in by, on JupyterHub the one there: in
            its containers everybody has the same name.

    Raises:
        CourseError: nothing of it can be in the name of a file.
    """
    try:
        given = (os.environ.get("JUPYTERHUB_USER") or getpass.getuser()) if name is None else name
    except (OSError, KeyError, ImportError):
        given = ""
    cleaned = re.sub(r"[^\w.@+-]+", "_", given).strip("._")[:100]
    if not cleaned:
        raise CourseError(f"--student {given!r} cannot be the name of a file: give letters and digits.")
    return cleaned


def submit(work: Work, folder: Path, student: str) -> Path:
    """Write `FOLDER/LAB/STUDENT.ipynb`, the notebook as it was saved; `course grade FOLDER/LAB` takes it.

    Args:
        work: the notebook, read.
        folder: of what is handed in.
        student: as `student_name` returns it.

    Raises:
        CourseError: it cannot be written.
    """
    path = folder / work.lab.name / f"{student}.ipynb"
    write_whole(path, work.data)
    return path
