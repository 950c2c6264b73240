"""Progress of long work: a bar on a terminal, a line in a notebook, plain lines elsewhere (a log file).

`Progress` follows one measured piece of work; `TaskProgress` follows several tasks at once, each in named steps.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Mapping

from tqdm import tqdm

INTERVAL = {"notebook": 0.5, "log": 30.0}
"""Seconds between two updates of a measured piece of work; tqdm sets the pace of a bar."""

_MEASURED = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
_TASKS = "{desc} |{bar}| {percentage:3.0f} % [{elapsed}]"


def say(line: str) -> None:
    """Write a line to standard error, if it can be written, above the bar if one is shown; any thread may."""
    with contextlib.suppress(OSError):
        tqdm.write(line, file=sys.stderr)


class Progress:
    """Shows how far a piece of work has come.

    In a notebook the line is replaced at the end, so that a stored output holds no timings. In a log a line is written
    every 30 seconds.

    Args:
        title: what is being done.
        total: the amount of work, in the units of `update`; None when it is unknown.
        unit: of the amounts, such as "frames"; "B" counts bytes in kB, MB, GB; without one, shares are shown.
        shown: False for silence.

    Attributes:
        done: what the last line says, if the usual words will not do.

    Example:

        with Progress("Training", total=100) as progress:
            for step in range(100):
                progress.update(step + 1, loss=0.5)
    """

    def __init__(self, title: str, total: float | None, unit: str = "", shown: bool = True):
        self.title, self.total, self.unit, self.shown = title, total, unit, shown
        self.done = None
        self._started = self._last = time.monotonic()
        self._first = self._amount_done = self._surface = None

    def __enter__(self):
        if self.shown:
            layout = None if self.unit else _MEASURED
            options = {"unit": self.unit, "unit_scale": self.unit == "B", "bar_format": layout}
            self._surface = _surface(self.total, desc=self.title, **options)
            self._surface.begin(f"{self.title} ...")
        return self

    def update(self, done: float, **figures: float) -> None:
        """Report the work done so far, all in all, and the figures worth watching."""
        self._first = done if self._first is None else self._first
        self._amount_done = done
        now = time.monotonic()
        if self._surface is None or now - self._last < INTERVAL.get(self._surface.kind, 0.0):
            return
        self._last = now
        values = {name: f"{value:.3g}" for name, value in figures.items()}
        self._surface.show(self.title, min(done, self.total) if self.total else done, self._amount(done), values)

    def __exit__(self, kind, error, traceback):
        if self._surface is None:
            return
        if kind is not None:
            self._surface.end(f"{self.title}: stopped")
        elif self.unit and self._amount_done is not None:
            self._surface.end(self.done or f"{self.title}: {self._counted(self._amount_done)}")
        else:
            self._surface.end(self.done or f"{self.title}: done")

    def _counted(self, done: float) -> str:
        unit = self.unit.removesuffix("s") if done == 1 else self.unit
        return f"{done / 1e6:.0f} MB" if self.unit == "B" else f"{done:.0f} {unit}"

    def _amount(self, done: float) -> str:
        counted = self._counted(done) if self.unit else ""
        if not self.total:
            return counted
        share, worked = min(1.0, done / self.total), (done - self._first) / self.total
        seconds = (time.monotonic() - self._started) * (1 - share) / worked if worked > 0 else None
        left = "" if seconds is None else f", about {_duration(seconds)} left"
        return f"{counted} ({share:.0%}){left}" if counted else f"{share:.0%}{left}"


class TaskProgress:
    """Shows which step each of several tasks is at; the tasks may run in threads of their own.

    A bar counts tasks, in parts: half-way through the second of four stands at 1.5. In a log each step is a line.

    Args:
        total: how many tasks there are.
    """

    def __init__(self, total: int):
        self._total, self._finished = total, 0
        self._shares, self._steps = {}, {}
        self._lock, self._surface = threading.Lock(), None

    def __enter__(self):
        # Every step is shown at once, however little of the whole it is.
        options = {"bar_format": _TASKS, "leave": False, "dynamic_ncols": True, "mininterval": 0, "miniters": 0}
        self._surface = _surface(self._total, **options)
        return self

    def __exit__(self, *exception):
        self._surface.end("")

    def step(self, task: str, step: str, share: float) -> None:
        """A task is at a step, with the given share (0 to 1) of it done; may be repeated for the same step."""
        with self._lock:
            self._shares[task] = share
            if step != self._steps.get(task) or self._surface.kind == "terminal":  # where the clock goes on
                self._surface.show(step, self._amount())
            self._steps[task] = step

    def finish(self, task: str, line: str) -> None:
        """A task is done; the line stays to be read."""
        with self._lock:
            self._finished += 1
            self._shares.pop(task, None)
            self._surface.keep(line, self._amount())

    def _amount(self) -> float:
        return self._finished + sum(self._shares.values())


class _Bar:
    """On a terminal."""

    kind = "terminal"

    def __init__(self, total: float | None, **options):
        self._bar = tqdm(total=total, file=sys.stderr, **options)

    def begin(self, line: str) -> None:
        """The bar shows it."""

    def show(self, title: str, amount: float, told: str = "", figures: Mapping[str, str] | None = None) -> None:
        self._bar.set_description_str(title, refresh=False)
        self._bar.set_postfix(figures, refresh=False)
        self._bar.update(amount - self._bar.n)

    def keep(self, line: str, amount: float) -> None:
        self._bar.write(line, file=sys.stderr)
        self._bar.update(amount - self._bar.n)

    def end(self, line: str) -> None:
        self._bar.close()


class _Lines:
    """In a log; figures follow what is told of the amount."""

    kind = "log"

    def begin(self, line: str) -> None:
        if line:
            print(line, file=sys.stderr, flush=True)

    def show(self, title: str, amount: float, told: str = "", figures: Mapping[str, str] | None = None) -> None:
        details = [told, *(f"{name} {value}" for name, value in (figures or {}).items())]
        self.begin(": ".join(filter(None, [title, ", ".join(filter(None, details))])))

    def keep(self, line: str, amount: float) -> None:
        self.begin(line)

    def end(self, line: str) -> None:
        self.begin(line)


class _NotebookLine(_Lines):
    """In a notebook: the same texts in one line, each in the place of the one before."""

    kind = "notebook"

    def __init__(self):
        self._handle = None

    def begin(self, line: str) -> None:
        from IPython.display import display

        if self._handle is None:
            self._handle = display(_Text(line), display_id=True)
        else:
            self._handle.update(_Text(line))

    def keep(self, line: str, amount: float) -> None:
        print(line)


class _Text:
    """Text that notebooks show as it is."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self):
        return self.text


def _surface(total: float | None, **options) -> _Bar | _Lines:
    """Where this process can show progress; the options are those of a bar."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None and hasattr(shell, "kernel"):
        return _NotebookLine()
    return _Bar(total, **options) if sys.stderr.isatty() else _Lines()


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
