"""Whether a folder holds Toy Streets, all of it."""

from pathlib import Path

from course_utils.datasets.toy_streets.writer import description, is_complete, manifest


def is_generated(destination, size=(128, 256), counts=None, seed: int = 0) -> bool:
    """Whether the destination holds exactly the data set with these arguments, all of it."""
    wanted = description(size, counts, seed)
    return manifest(Path(destination)) == wanted and is_complete(Path(destination), wanted)
