"""A data set's archives, downloaded and put in place."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from course_utils.datasets.dataset_card import DatasetCard
from course_utils.datasets.downloads.archive import Archive
from course_utils.datasets.downloads.download import fetch
from course_utils.datasets.downloads.extraction import extract
from course_utils.errors import CourseError, cannot_write
from course_utils.files import one_process


def obtain(
    card: DatasetCard,
    root: Path,
    splits: Sequence[str] | None = None,
    site: str | None = None,
    keep: bool = False,
    progress: bool = True,
) -> list[str]:
    """Download a data set and put it in place; what is there already stays as it is.

    Where another process does the same, this one waits and then takes what is there.

    Args:
        card: the data set.
        root: its folder.
        splits: which ones; by default "val" of coco (1 GB; "train" has 18 GB more) and all of the others.
        site: another address to download from.
        keep: keep the archives.
        progress: show how far it is, on standard error.

    Returns:
        One line per archive: its checksum, and whether that was verified.

    Raises:
        CourseError: the data set has no archives; otherwise see `download.fetch` and `extraction.extract`.
    """
    root = Path(root)
    if card.archives is None:
        raise CourseError(f"{card.name} cannot be downloaded: put {card.layout} into {root} yourself.")
    archives = [archive for archive in card.archives(root, splits, site) if not _is_there(archive, root)]
    if not archives:
        return []
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(root, error) from None
    try:
        with one_process(root):
            return _obtain(archives, root, keep, progress)
    finally:
        with contextlib.suppress(OSError):
            root.rmdir()  # where nothing came of it


def _is_there(archive: Archive, root: Path) -> bool:
    return all((root / part).exists() for part in archive.parts)


def _obtain(archives: Sequence[Archive], root: Path, keep: bool, progress: bool) -> list[str]:
    notes = []
    for archive in archives:
        if _is_there(archive, root):  # by now: another process has obtained it
            continue
        file = root / archive.name
        checksum = fetch(
            archive.url,
            file,
            checksum=archive.checksum,
            session=archive.session,
            allow_redirects=archive.session is None,
            progress=progress,
        )
        notes.append(
            f"{archive.name}: checksum verified ({checksum})"
            if archive.checksum
            else f"{archive.name}: no published checksum to compare with; it is {checksum}"
        )
        extract(file, root, archive.parts, archive.prefix, progress)
        if not keep:
            file.unlink()
    return notes
