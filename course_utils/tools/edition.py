"""The edition of the course: the version of its package, which pages and notebooks show."""

import importlib.metadata


def edition() -> str:
    """The installed edition, such as "0.1.0"."""
    return importlib.metadata.version("course_utils")
