"""Toy Streets among the data sets: read as Cityscapes is, and generated instead of downloaded."""

import dataclasses
from pathlib import Path

from course_utils.datasets import cityscapes
from course_utils.datasets.toy_streets.writer import VERSION, generate, is_generated, manifest
from course_utils.errors import CourseError


def prepare(root: Path, *, workers: int | None = None, **options) -> None:
    """Generate Toy Streets where it is missing, and again where an older version of the course drew it.

    Args:
        root: the folder.
        workers: processes; one per processor unless given.
        **options: size, counts and seed of `generate`.

    Raises:
        CourseError: other streets are there already, or an option is out of range.
    """
    made = manifest(root)
    if made and made["version"] != VERSION and not options:
        options = {name: made[name] for name in ("size", "counts", "seed")}
    elif cityscapes.CARD.is_root(root):
        if options and not is_generated(root, **options):
            raise CourseError(f"{root} holds other streets already: delete it, or choose another place with --dest.")
        return
    elif root.is_file() or (root.is_dir() and any(root.iterdir())):
        return  # something else is there: opening it says what
    generate(root, **options, workers=workers)


CARD = dataclasses.replace(
    cityscapes.CARD, name="toy_streets", laptop_size=(64, 128), gpu_size=(128, 256), archives=None, generate=prepare
)
