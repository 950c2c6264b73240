"""Imports a lab's libraries once, in a process that forks for each submission."""

import contextlib
import gc
import importlib
import os

_POPULAR = ("scipy.ndimage", "scipy.signal", "scipy.sparse")
"""Modules that answers import in any lab: importing each takes half a second."""


def import_only(modules: list[str]) -> None:
    """Import modules in a process that will fork, and do nothing else with them.

    TensorFlow starts threads with its first operation, and threads do not survive a fork.
    """
    os.environ["COURSE_BACKEND"] = "cold"
    for name in [*modules, *_POPULAR]:
        # Some are names of functions; if a module is missing, the cell that imports it will say so.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that forks share the memory that they do not change
