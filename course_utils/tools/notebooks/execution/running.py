"""What is told of a notebook while it runs."""

from collections.abc import Callable
from dataclasses import dataclass

from course_utils.progress import TaskProgress


@dataclass(frozen=True)
class RunningCell:
    """The cell being executed: `cell` of `cells` counting from 1, under `heading`."""

    cell: int
    cells: int
    heading: str


def following(tasks: TaskProgress, name: str) -> Callable[[RunningCell], None]:
    """What to give `execute` as `on_progress`, so that the notebook of that name is one of the tasks."""
    short = name.partition("_")[0] if name[:2].isdigit() else name

    def show(running: RunningCell) -> None:
        text = [short, f"cell {running.cell} of {running.cells}", running.heading]
        tasks.step(name, " · ".join(filter(None, text)), (running.cell - 1) / running.cells)

    return show
