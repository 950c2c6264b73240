"""Find the submissions in a folder or zip file, packed as learning platforms do, and the lab that they belong to."""

import contextlib
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from course_utils.errors import CourseError
from course_utils.tools.labs.submissions.submission import MAX_SIZE

_LONGEST_NAME = 100
"""Characters: the gradebook holds 128."""


@dataclass
class SubmittedFile:
    """One student's file.

    Attributes:
        student: their name, safe as a file name.
        data: the bytes of the notebook.
        problem: why there is no notebook to mark; None if there is one.
    """

    student: str
    data: bytes = b""
    problem: str | None = None


def find_submissions(path: Path) -> list[SubmittedFile]:
    """The submissions in a folder or zip file, sorted by student.

    A notebook in a folder belongs to the student that the first folder is named after (`ada/04_unpooling.ipynb`, also
    Moodle's `Ada_Lovelace_12_assignsubmission_file/...`), any other to the one that the file is named after
    (`ada.ipynb`).

    Raises:
        CourseError: there are none, or two students would get the same name.
    """
    if path.is_dir():
        files = [(file.relative_to(path).as_posix(), file) for file in sorted(path.rglob("*.ipynb"))]
        submissions = _by_student(files, _from_folder)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            files = [(info.filename, info) for info in archive.infolist() if info.filename.endswith(".ipynb")]
            submissions = _by_student(files, lambda student, info: _from_zip(student, archive, info))
    else:
        raise CourseError(f"{path} is neither a folder nor a zip file; give the one that holds the submissions.")
    if not submissions:
        raise CourseError(f"There are no notebooks (*.ipynb) in {path}; give the folder or zip file that holds them.")
    return submissions


def named_lab(submissions: list[SubmittedFile]) -> str:
    """The name of the lab that all submissions name in their metadata.

    Raises:
        CourseError: they name none, or several.
    """
    names = {name for submitted in submissions if (name := _named_lab(submitted.data))}
    if len(names) != 1:
        what = f"name several labs ({', '.join(sorted(names))})" if names else "do not name their lab"
        raise CourseError(f"The submissions {what}: add --lab LAB.")
    return names.pop()


def _by_student(files: list, read) -> list[SubmittedFile]:
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
        read(student, theirs[0])
        if len(theirs) == 1
        else SubmittedFile(student, problem=f"{len(theirs)} notebooks were handed in; hand in one.")
        for student, theirs in sorted(by_student.items())
    ]


def _from_folder(student: str, path: Path) -> SubmittedFile:
    # A link, unpacked from an archive, could lead to a file of the instructor's.
    if path.is_symlink() or not path.is_file():
        return SubmittedFile(student, problem="The notebook is a link or a special file, not a regular file.")
    with path.open("rb") as file:
        return SubmittedFile(student, file.read(MAX_SIZE + 1))


def _from_zip(student: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> SubmittedFile:
    try:
        with archive.open(info) as file:
            # Whatever size the archive claims.
            return SubmittedFile(student, file.read(MAX_SIZE + 1))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError) as error:
        return SubmittedFile(student, problem=f"The notebook cannot be unpacked: {error}")


def _named_lab(data: bytes) -> str | None:
    """The lab that a notebook names, if that is a name and nothing else."""
    with contextlib.suppress(ValueError, RecursionError, TypeError, KeyError):
        name = json.loads(data)["metadata"]["course"]["lab"]
        return name if isinstance(name, str) and re.fullmatch(r"[\w-]{1,100}", name) else None
    return None
