"""The resources that one submission may use."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of a student's process. Seconds are those that `Meter` counts.

    Attributes:
        cell: seconds one cell, or one call of an answer, may take.
        check: seconds one exercise's check may take, all its calls together.
        total: seconds one submission may take, from start to end.
        memory: bytes beyond what the imported libraries need.
        disk: bytes of files in its scratch folder, which is kept in memory.
    """

    cell: float = 20
    check: float = 60
    total: float = 300
    memory: int = 2 * 2**30
    disk: int = 64 * 2**20
