"""Find the submissions in a folder or a zip file, as learning platforms hand them out."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from course_utils.errors import CourseError
from course_utils.tools.labs.marking.submission import MAX_SIZE

_LONGEST_NAME = 100
"""Characters: the gradebook holds 128."""


@dataclass
class Found:
    """One student's file.

    Attributes:
        student: a name that is safe as a file name.
        data: the bytes of the notebook.
        problem: why there is nothing to mark.
    """

    student: str
    data: bytes = b""
    problem: str | None = None


def collect(place: Path) -> list[Found]:
    """The submissions in a folder or zip file, sorted by student.

    A notebook in a folder belongs to the student that the first folder is named after (`ada/04_unpooling.ipynb`, also
    Moodle's `Ada_Lovelace_12_assignsubmission_file/...`), any other to the one that the file is named after
    (`ada.ipynb`).

    Raises:
        CourseError: there is nothing of the kind; or two students would have the same name.
    """
    if place.is_dir():
        files = [(path.relative_to(place).as_posix(), path) for path in sorted(place.rglob("*.ipynb"))]
        found = _sorted(files, _from_folder)
    elif zipfile.is_zipfile(place):
        with zipfile.ZipFile(place) as archive:
            files = [(info.filename, info) for info in archive.infolist() if info.filename.endswith(".ipynb")]
            found = _sorted(files, lambda student, info: _from_zip(student, archive, info))
    else:
        raise CourseError(f"{place} is neither a folder nor a zip file of submissions.")
    if not found:
        raise CourseError(f"There are no notebooks (*.ipynb) in {place}.")
    return found


def _sorted(files: list, read) -> list[Found]:
    by_student: dict[str, list] = {}
    origins: dict[str, str] = {}
    for name, file in files:
        parts = PurePosixPath(name).parts
        if ".ipynb_checkpoints" in parts or "__MACOSX" in parts:
            continue
        origin = parts[0] if len(parts) > 1 else PurePosixPath(name).stem
        student = re.sub(r"[^\w.@+-]+", "_", origin).strip("._") or "unnamed"
        student = student[:_LONGEST_NAME]
        if origins.setdefault(student, origin) != origin:
            raise CourseError(f"{origin!r} and {origins[student]!r} would both be the student {student!r}: rename one.")
        by_student.setdefault(student, []).append(file)
    return [
        read(student, mine[0]) if len(mine) == 1 else Found(student, problem=f"{len(mine)} notebooks were handed in.")
        for student, mine in sorted(by_student.items())
    ]


def _from_folder(student: str, path: Path) -> Found:
    # A link, unpacked from an archive, could show a file of the grader's.
    if path.is_symlink() or not path.is_file():
        return Found(student, problem="The notebook is not a plain file.")
    with path.open("rb") as file:
        return Found(student, file.read(MAX_SIZE + 1))


def _from_zip(student: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Found:
    try:
        with archive.open(info) as file:
            # However much it claims to unpack to.
            return Found(student, file.read(MAX_SIZE + 1))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError) as error:
        return Found(student, problem=f"The notebook cannot be unpacked: {error}")
