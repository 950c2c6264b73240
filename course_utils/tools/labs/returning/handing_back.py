"""Feedback pages in the zip files that learning platforms take.

Moodle: *Upload multiple feedback files in a zip* reads the participant's number from the name of a folder
(`mod/assign/feedback/file/importziplib.php`). Canvas: *Upload Submissions* takes the first two numbers in the name of a
file for user and attachment, and attaches it to a comment (`infer_comment_context_from_filename`).
"""

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from course_utils.files import write_whole
from course_utils.tools.labs.returning.standing import Standing

_FIXED = (1980, 1, 1, 0, 0, 0)
"""The time of every entry, so that the same pages make the same file."""


def write_zip(rows: Sequence[Standing], lab: str, style: str, pages: dict[str, Path], path: Path) -> list[str]:
    """Pack the pages of a class for a platform.

    Args:
        rows: everybody's standing.
        lab: its name.
        style: "moodle" or "canvas".
        pages: the page of each student.
        path: of the zip file.

    Returns:
        The students who are not in it, as the platform could not tell whose page it is.
    """
    left_out, packed = [], io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for row in rows:
            name = _moodle(row, lab) if style == "moodle" else _canvas(row, lab)
            if name is None or row.student not in pages:
                left_out.append(row.student)
            else:
                archive.writestr(zipfile.ZipInfo(name, _FIXED), pages[row.student].read_bytes(), zipfile.ZIP_DEFLATED)
    write_whole(path, packed.getvalue())
    return left_out


def _moodle(row: Standing, lab: str) -> str | None:
    if not row.participant:
        return None
    name = re.sub(r"[\W_]+", " ", row.person.name or row.student).strip()
    return f"{name}_{row.participant}_assignsubmission_file/{lab}.html"


def _canvas(row: Standing, lab: str) -> str | None:
    origin = row.origin
    if origin.platform != "canvas" or not row.own:
        return None
    # No part of the name may be a number itself.
    name = re.sub(r"[\W_0-9]+", "", origin.name) or "student"
    return f"{name}_{origin.number}_{origin.version}_{lab}.html"
