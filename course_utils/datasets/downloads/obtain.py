"""A data set's archives, downloaded and put in place."""

from collections.abc import Sequence
from pathlib import Path

from course_utils.datasets.dataset_card import DatasetCard
from course_utils.datasets.downloads.download import fetch
from course_utils.datasets.downloads.extraction import extract
from course_utils.errors import CourseError


def obtain(
    card: DatasetCard,
    root: Path,
    splits: Sequence[str] | None = None,
    site: str | None = None,
    keep: bool = False,
    progress: bool = True,
) -> list[str]:
    """Download a data set and put it in place; what is there already stays as it is.

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
    notes = []
    for archive in card.archives(root, splits, site):
        if all((root / part).exists() for part in archive.parts):
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
