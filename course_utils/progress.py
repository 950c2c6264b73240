"""Progress of long work: a bar on a terminal, a line in a notebook, plain lines elsewhere."""

import sys
import time

from tqdm import tqdm

INTERVAL = {"notebook": 0.5, "log": 30.0}
"""Seconds between two updates of a line."""


class Progress:
    """Shows how far a piece of work has come.

    In a notebook the line is replaced at the end, so that a stored output holds no timings. Where there is
    neither a notebook nor a terminal (a log file), a plain line is written every 30 seconds.

    Args:
        title: what is being done.
        total: the amount of work, in the units of `update`; None when nobody knows.
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
        self.title, self.total, self.unit = title, total, unit
        self.done = None
        self.kind = "silent" if not shown else _surroundings()
        self._started = self._last = time.monotonic()
        self._first = self._amount_done = None
        self._display = self._bar = None

    def __enter__(self):
        if self.kind == "notebook":
            from IPython.display import display

            self._display = display(_Line(f"{self.title} ..."), display_id=True)
        elif self.kind == "terminal":
            layout = None if self.unit else "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
            self._bar = tqdm(
                total=self.total, desc=self.title, unit=self.unit, unit_scale=self.unit == "B", bar_format=layout
            )
        else:
            self._say(f"{self.title} ...")
        return self

    def update(self, done: float, **figures: float) -> None:
        """Report the work done so far, all in all, and the figures worth watching."""
        self._first = done if self._first is None else self._first
        self._amount_done = done
        if self._bar is not None:
            self._bar.set_postfix({name: f"{value:.3g}" for name, value in figures.items()}, refresh=False)
            self._bar.update((min(done, self.total) if self.total else done) - self._bar.n)
        elif self.kind in INTERVAL and time.monotonic() - self._last >= INTERVAL[self.kind]:
            self._last = time.monotonic()
            self._say(f"{self.title}: {self._amount(done)}" + "".join(f", {n} {v:.3g}" for n, v in figures.items()))

    def __exit__(self, kind, error, traceback):
        if self._bar is not None:
            self._bar.close()
        if kind is not None:
            self._say(f"{self.title}: stopped")
        elif self.unit and self._amount_done is not None:
            self._say(self.done or f"{self.title}: {self._counted(self._amount_done)}")
        else:
            self._say(self.done or f"{self.title}: done")
        return False

    def _say(self, text: str) -> None:
        if self._display is not None:
            self._display.update(_Line(text))
        elif self.kind == "log":
            print(text, file=sys.stderr, flush=True)

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


def _surroundings() -> str:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None and hasattr(shell, "kernel"):
        return "notebook"
    return "terminal" if sys.stderr.isatty() else "log"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


class _Line:
    """A line of text that notebooks show as it is."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self):
        return self.text
