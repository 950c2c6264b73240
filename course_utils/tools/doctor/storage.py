"""Checks of the disk and of the data sets on it."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.tools.doctor.finding import GIGABYTE, Finding


def check_disk(folder: Path | None = None, free: int | None = None) -> Finding:
    """The data folder can be written, with room for what the course generates and trains."""
    if folder is None:
        from course_utils.datasets import default_dir

        folder = default_dir("toy_streets").parent
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


def check_datasets(names: Iterable[str] | None = None) -> list[Finding]:
    """Where each data set is, or how to get it."""
    from course_utils import datasets

    findings = []
    for name in names or datasets.DATASETS:
        title, folder = f"Data: {name}", datasets.default_dir(name)
        variable = f"{name.upper()}_DATASET"
        if folder.is_dir() and any(folder.iterdir()):
            try:
                count = len(datasets.frames(name, "val"))
                findings.append(Finding(title, "ok", f"{count} validation frames at {folder}"))
            except CourseError as error:
                findings.append(Finding(title, "warning", str(error), f"course data {name}, or correct {variable}"))
        elif name == "toy_streets":
            findings.append(Finding(title, "optional", "generated on first use", "course data toy_streets"))
        else:
            advice = f"course data {name}, or set {variable} to its folder"
            findings.append(Finding(title, "optional", f"not at {folder}", advice))
    return findings
