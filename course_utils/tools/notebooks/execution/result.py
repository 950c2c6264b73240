"""What became of a notebook that was executed."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Failure:
    """Why a notebook stopped: `cell` counts from 1 over all cells that were to be executed, 0 before the first."""

    cell: int
    name: str
    message: str
    source: str = ""
    traceback: str = ""

    def __str__(self):
        where = f"cell {self.cell}: " if self.cell else ""
        return f"{where}{self.name}: {self.message}"


@dataclass
class Result:
    """What became of one notebook.

    Attributes:
        name: of its file, without the suffix.
        title: its first heading.
        status: "passed", "failed", "timed out" or "interrupted".
        seconds: from start to end.
        peak_memory: bytes, over the kernel and what it started.
        cells: how many there were to execute.
        reached: the last cell started, counting from 1.
        parameters: the values given to it.
        output: the executed notebook; None when not one cell ran.
        error: why it stopped; None when it passed.
        runs: the folders it produced.
        open: the grade ids of exercises that are still to be written; their checks were passed over.
    """

    name: str
    title: str
    status: str = "passed"
    seconds: float = 0.0
    peak_memory: int = 0
    cells: int = 0
    reached: int = 0
    parameters: dict[str, object] = field(default_factory=dict)
    output: Path | None = None
    error: Failure | None = None
    runs: list[Path] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
