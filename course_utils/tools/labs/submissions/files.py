"""Find the submissions in a folder or zip file, packed as learning platforms do, and the lab that they belong to."""

import contextlib
import datetime
import hashlib
import re
import time
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from course_utils.errors import CourseError
from course_utils.tools.labs.submissions.platforms import read_origin
from course_utils.tools.labs.submissions.submission import MAX_SIZE, read_json

_LONGEST_NAME = 100
"""Characters: the gradebook holds 128."""
_LONGEST_BYTES = 150
"""Bytes of the name in UTF-8: file systems hold 255, with what is added to it."""
_MOST_NOTEBOOKS = 20
"""Notebooks of one student that are looked at to find the lab's."""


@dataclass
class SubmittedFile:
    """One student's file.

    Attributes:
        student: their name, safe as a file name.
        data: the bytes of the notebook.
        problem: why there is no notebook to mark; None if there is one.
        time: when it was handed in or last changed, in seconds since 1970, or when the platform's zip file was made;
            None if that is unknown.
        origin: the name of the file or folder, as it was handed in.
        version: grows with each file that this person hands in; None if that is unknown.
        members: the ids in the roster of those who handed it in together; empty without a roster.
    """

    student: str
    data: bytes = b""
    problem: str | None = None
    time: float | None = None
    origin: str = ""
    version: int | None = None
    members: tuple[str, ...] = ()


def find_submissions(
    path: Path, lab: str | None = None, ignored: Callable[[str], None] = lambda name: None
) -> list[SubmittedFile]:
    """The submissions in a folder or zip file, sorted by student.

    A notebook in a folder belongs to the student that the first folder is named after (`ada/04_unpooling.ipynb`, also
    Moodle's `Ada_Lovelace_12_assignsubmission_file/...`), any other to the one that the file is named after
    (`ada.ipynb`). Of several notebooks in a folder the one that is a lab counts; of several files that Canvas has
    numbered for one student, the last one does. A folder without a notebook is a submission without one.

    Args:
        path: of the folder or zip file.
        lab: the name of the lab, if it is known.
        ignored: called with the name of every file that is nobody's submission.

    Raises:
        CourseError: there are none, or two students would get the same name.
    """
    if path.is_dir():
        files = [(file.relative_to(path).as_posix(), file) for file in sorted(path.rglob("*")) if not file.is_dir()]
        submissions = _by_student(files, _from_folder, lab, ignored)
    elif path.is_file() and zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                files = [(info.filename, info) for info in archive.infolist() if not info.is_dir()]
                submissions = _by_student(files, lambda name, info: _from_zip(name, archive, info), lab, ignored)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise CourseError(f"{path} is damaged ({error}): download it again.") from error
    else:
        raise CourseError(f"{path} is neither a folder nor a zip file; give the one that holds the submissions.")
    if all(submitted.problem and not submitted.data for submitted in submissions) and not _any_notebook(files):
        raise CourseError(f"There are no notebooks (*.ipynb) in {path}; give the folder or zip file that holds them.")
    return submissions


def check_lab(submissions: list[SubmittedFile], lab: str, grade_ids: set[str]) -> list[SubmittedFile]:
    """The submissions, those of another lab with that as their problem.

    Args:
        submissions: as `find_submissions` returns them.
        lab: the name of the lab that they are to be marked as.
        grade_ids: of its cells. A notebook that holds one is the lab's, whatever it is called.

    Raises:
        CourseError: all of them are notebooks of another lab.
    """
    ours = [f'"{grade_id}"'.encode() for grade_id in grade_ids]
    checked, others = [], []
    for submitted in submissions:
        name = None if submitted.problem else _named_lab(submitted.data)
        if name not in (None, lab) and not any(text in submitted.data for text in ours):
            others.append(name)
            problem = f"This is a notebook of the lab {name}, not of {lab}: hand in the right one."
            submitted = replace(submitted, data=b"", problem=problem)
        checked.append(submitted)
    if others and len(others) == len(submissions):
        raise CourseError(f"The submissions are notebooks of {others[0]}, not of {lab}: give --lab {others[0]}.")
    return checked


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


def _by_student(files: list, read: Callable, lab: str | None, ignored: Callable) -> list[SubmittedFile]:
    notebooks: dict[str, list] = {}
    beside: dict[str, list[str]] = {}
    for name, file in files:
        parts = PurePosixPath(name).parts
        if any(part in (".ipynb_checkpoints", "__MACOSX") for part in parts) or parts[-1].startswith("."):
            continue  # what editors and systems leave behind, such as macOS's ._lab.ipynb
        notebook = parts[-1].lower().endswith(".ipynb")
        if len(parts) == 1 and not notebook:
            ignored(name)
            continue
        origin = parts[0] if len(parts) > 1 else PurePosixPath(name).stem
        if notebook:
            notebooks.setdefault(origin, []).append((name, file))
        else:
            beside.setdefault(origin, []).append(parts[-1])
    found: dict[str, SubmittedFile] = {}
    for origin in sorted({*notebooks, *beside}):
        known = read_origin(origin)
        student = student_name(known.key)
        if origin in notebooks:
            submitted = _chosen(student, notebooks[origin], read, lab)
        else:
            names = ", ".join(beside[origin][:3])
            submitted = SubmittedFile(student, problem=f"No notebook (*.ipynb) was handed in, only {names}.")
        submitted.origin, submitted.version = origin, known.version
        other = found.setdefault(student, submitted)
        if other is not submitted:
            if None in (other.version, submitted.version) or read_origin(other.origin).key != known.key:
                raise CourseError(f"{origin!r} and {other.origin!r} would both be the student {student!r}: rename one.")
            found[student] = max(other, submitted, key=lambda one: one.version)
    return [found[student] for student in sorted(found)]


def student_name(origin: str) -> str:
    """The name of a file or folder as a student's name: letters, marks and digits of any script, and `.@+-_`."""
    text = unicodedata.normalize("NFC", origin)
    kept = "".join(letter if letter in ".@+-_" or unicodedata.category(letter)[0] in "LMN" else " " for letter in text)
    name = "_".join(kept.split()).strip("._") or "unnamed"
    if len(name) <= _LONGEST_NAME and len(name.encode()) <= _LONGEST_BYTES:
        return name
    # Cut, and still another one than that of a name with the same beginning.
    digest = hashlib.sha256(origin.encode(errors="replace")).hexdigest()[:8]
    start = name[: _LONGEST_NAME - 9].encode()[: _LONGEST_BYTES - 9].decode(errors="ignore")
    return f"{start}-{digest}"


def _chosen(student: str, files: list, read: Callable, lab: str | None) -> SubmittedFile:
    """A student's notebook; of several the lab's, if only one is."""
    read_ones = []
    for name, file in files[:_MOST_NOTEBOOKS]:
        submitted = SubmittedFile(student)
        try:
            submitted = read(student, file)
        except Exception as error:  # of many kinds: decompressors, permissions, encryption
            submitted.problem = f"The notebook cannot be unpacked: {error}"
        read_ones.append((name, submitted))
    if len(files) == 1:
        return read_ones[0][1]
    labs = [(submitted, _named_lab(submitted.data)) for _, submitted in read_ones]
    candidates = [submitted for submitted, named in labs if named and lab in (None, named)]
    if len(candidates) == 1:
        return candidates[0]
    names = ", ".join(name for name, _ in read_ones[:5])
    return SubmittedFile(student, problem=f"{len(files)} notebooks were handed in ({names}); hand in one.")


def _any_notebook(files: list) -> bool:
    return any(name.lower().endswith(".ipynb") for name, _ in files)


def _from_folder(student: str, path: Path) -> SubmittedFile:
    # A link, unpacked from an archive, could lead to a file of the instructor's.
    if path.is_symlink() or not path.is_file():
        return SubmittedFile(student, problem="The notebook is a link or a special file, not a regular file.")
    with path.open("rb") as file:
        return SubmittedFile(student, file.read(MAX_SIZE + 1), time=_past(path.stat().st_mtime))


def _from_zip(student: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> SubmittedFile:
    when = None
    with contextlib.suppress(ValueError, OverflowError):
        when = _past(datetime.datetime(*info.date_time).timestamp())  # in local time, as far as anybody knows
    with archive.open(info) as file:
        # Whatever size the archive claims.
        return SubmittedFile(student, file.read(MAX_SIZE + 1), time=when)


def _past(moment: float) -> float | None:
    """A time that a file claims: none from the future, which would be newer than whatever is handed in after it."""
    return min(moment, time.time()) if moment > 0 else None


def _named_lab(data: bytes) -> str | None:
    """The lab that a notebook names, if that is a name and nothing else."""
    with contextlib.suppress(ValueError, RecursionError, MemoryError, TypeError, KeyError):
        name = read_json(data)["metadata"]["course"]["lab"]
        return name if isinstance(name, str) and re.fullmatch(r"[\w-]{1,100}", name) else None
    return None
