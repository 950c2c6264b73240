"""Toy Streets among the data sets: read as Cityscapes is, and generated instead of downloaded."""

import dataclasses
from pathlib import Path

from course_utils.datasets import cityscapes
from course_utils.datasets.toy_streets import writer
from course_utils.datasets.toy_streets.writer import VERSION, generate, manifest, refuse_newer
from course_utils.errors import CourseError


def prepare(root: Path, *, workers: int | None = None, **options) -> None:
    """Generate Toy Streets where they are missing, what is missing of them, or what an older version drew.

    Args:
        root: the folder.
        workers: processes; one per processor unless given.
        **options: size, counts and seed of `generate`; those of what is there when omitted.

    Raises:
        CourseError: other streets or something else is there already, or an option is out of range.
    """
    made = manifest(root)
    refuse_newer(root, made)
    if made:
        there = {name: made[name] for name in ("size", "counts", "seed")}
        if options and writer.description(**options) != {**made, "version": VERSION}:
            raise CourseError(f"{root} holds other streets already: delete it, or choose another place with --dest.")
        options = there
    generate(root, **options, workers=workers)


def remark(root: Path) -> str | None:
    """One line on Toy Streets that another version of the course drew: other pixels, so other scores."""
    made = manifest(root)
    if made is None or made["version"] == VERSION:
        return None
    drew = f"{root}: these Toy Streets are of version {made['version']}, this course draws version {VERSION}"
    if made["version"] > VERSION:
        return f"{drew}; update the course, since scores differ."
    return f"{drew}; `course data toy_streets` redraws them, since scores differ."


CARD = dataclasses.replace(
    cityscapes.CARD,
    name="toy_streets",
    laptop_size=(96, 192),
    gpu_size=(128, 256),
    archives=None,
    generate=prepare,
    remark=remark,
)
