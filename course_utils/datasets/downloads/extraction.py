"""Zip archives from elsewhere, unpacked without trusting them."""

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from course_utils.datasets.downloads.download import need_space
from course_utils.errors import CourseError, brief
from course_utils.files import open_file
from course_utils.progress import Progress

# Photographs and label maps hardly shrink, run lengths in JSON about fivefold. Zip bombs grow a thousandfold.
_LARGEST_GROWTH = 100


def extract(archive: Path, destination: Path, wanted: Sequence[str], prefix: str = "", progress: bool = True) -> None:
    """Unpack parts of an archive, each of which appears in its place complete or not at all.

    Args:
        archive: a zip file.
        destination: the folder to put the parts into.
        wanted: files and folders of the archive, as paths below `prefix`; those that exist already are left alone.
        prefix: a folder of the archive that is left out of the paths.
        progress: show how far it is, on standard error.

    Raises:
        CourseError: the archive is damaged, lacks a part, tries to write outside its folder, contains links, or grows
            more than a hundredfold; or the disk is full. Nothing of it is in place then.
    """
    staging = destination / f".{archive.name}.extracting"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        with open_file(archive) as file, zipfile.ZipFile(file) as opened:
            members = _members(opened, archive, wanted, prefix)
            size = sum(member.file_size for member in members.values())
            if size > _LARGEST_GROWTH * archive.stat().st_size + 1_000_000:
                raise CourseError(
                    f"{archive}: this archive would unpack to {size / 1e9:.1f} GB, more than "
                    f"{_LARGEST_GROWTH} times its own size; delete it."
                )
            need_space(destination, size, f"unpacking {archive.name}")
            with Progress(f"Unpacking {archive.name}", len(members), "files", shown=progress) as bar:
                for number, (path, member) in enumerate(members.items(), 1):
                    target = staging / path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with opened.open(member) as source, open(target, "xb") as sink:
                        shutil.copyfileobj(source, sink, 1 << 20)
                    bar.update(number)
        for part in wanted:
            target = destination / part
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(staging / part, target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeError) as error:
        raise CourseError(
            f"{archive}: the archive is damaged ({brief(error)}). Delete it and run the command again."
        ) from None
    except OSError as error:
        raise CourseError(f"{archive}: it cannot be unpacked into {destination} ({brief(error)}).") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _members(
    opened: zipfile.ZipFile, archive: Path, wanted: Sequence[str], prefix: str
) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """The files to unpack, by their path below `prefix`. One bad path condemns the whole archive."""
    members = {}
    for member in opened.infolist():
        path = PurePosixPath(member.filename)
        if (
            not path.parts
            or path.is_absolute()
            or ".." in path.parts
            or "\\" in member.filename
            or ":" in path.parts[0]
        ):
            raise CourseError(
                f"{archive}: it contains {member.filename!r}, a path that leads out of its folder. "
                "This is not the data set's archive: delete it."
            )
        if member.is_dir() or not path.is_relative_to(prefix):
            continue
        path = path.relative_to(prefix)
        if not any(path.is_relative_to(part) for part in wanted):
            continue
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise CourseError(f"{archive}: {member.filename!r} is a link or no plain file. Delete the archive.")
        if path in members:
            raise CourseError(f"{archive}: it contains {member.filename!r} twice. Delete the archive.")
        members[path] = member
    for part in wanted:
        if not any(path.is_relative_to(part) for path in members):
            raise CourseError(f"{archive}: it does not contain {part}. Is this the data set's archive? Delete it.")
    return members
