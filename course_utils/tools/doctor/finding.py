"""What a check of `course doctor` returns."""

from dataclasses import dataclass

GIGABYTE = 2**30

REINSTALL = "python -m pip install --no-deps --require-hashes -r requirements.lock"
"""Puts every package back to the version of the lock, in any kind of environment, from the project's folder."""


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        name: what was looked at.
        state: `ok`; `optional`: not here and not needed; `warning`: works, but worse than it could; `problem`: the
            course does not work until it is put right.
        detail: what was found.
        remedy: the command, or the advice, that improves it; empty where there is nothing to do.
    """

    name: str
    state: str
    detail: str
    remedy: str = ""
