"""Checks of the disk and of the data sets on it."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from course_utils.tools.doctor.finding import GIGABYTE, Finding


def check_disk(folder: Path | None = None, free: int | None = None) -> Finding:
    """The data folder can be written, with room for what the course generates and trains.

    Args:
        folder: of all data sets; the usual one when omitted.
        free: bytes free on its disk; read when omitted.
    """
    from course_utils.datasets import data_root

    folder = folder or data_root()
    existing = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.is_dir())
    free = free if free is not None else shutil.disk_usage(existing).free
    detail = f"{free / GIGABYTE:.1f} GB free at {folder}"
    move = "make room, or set COURSE_DATA to a folder on another disk"
    if not os.access(existing, os.W_OK):
        return Finding("Disk", "problem", f"{folder} cannot be written", "set COURSE_DATA to a folder of your own")
    if free < GIGABYTE / 2:
        return Finding("Disk", "problem", f"{detail}; the notebooks need 0.5", move)
    if free < 3 * GIGABYTE:
        return Finding("Disk", "warning", f"{detail}; enough for the embedded data only", move)
    return Finding("Disk", "ok", detail)


def check_datasets(cards: Iterable | None = None) -> list[Finding]:
    """Where each data set is, or how to get it.

    Args:
        cards: of the data sets (`DatasetCard`); all that the course brings when omitted.
    """
    from course_utils import datasets

    return [_check_dataset(card) for card in cards or datasets.DATASETS.values()]


def _check_dataset(card) -> Finding:
    from course_utils import datasets
    from course_utils.datasets.locations import variable
    from course_utils.errors import CourseError

    title, folder = f"Data: {card.name}", datasets.default_dir(card.name)
    command, setting = f"course data {card.name}", variable(card.name)
    if folder.is_dir() and any(folder.iterdir()):
        try:
            count = len(datasets.open(card, folder).frames("val"))
        except CourseError as error:
            return Finding(title, "warning", str(error), f"{command}, or correct {setting}")
        return Finding(title, "ok", f"{count} validation frames at {folder}")
    if card.generate is not None:
        return Finding(title, "optional", "generated on first use", command)
    return Finding(title, "optional", f"not at {folder}", f"{command}, or set {setting} to its folder")
