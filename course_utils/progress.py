"""Progress of long work: a bar on a terminal, a line in a notebook, plain lines elsewhere."""

import sys
import time

from tqdm import tqdm

INTERVAL = {"notebook": 0.5, "log": 30.0}
"""Seconds between two updates of a line."""


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


class Progress:
    """Shows how far a piece of work has come.

    In a notebook the line is replaced by `done` at the end, so that a stored output holds no timings. Where there is
    neither a notebook nor a terminal (a log file), a plain line is written every 30 seconds.

    Args:
        title: what is being done.
        total: the amount of work, in the units of `update`.

    Example:

        with Progress("Training", total=100) as progress:
            for step in range(100):
                progress.update(step + 1, loss=0.5)
    """

    def __init__(self, title: str, total: float):
        self.title, self.total = title, total
        self.done = f"{title}: done"
        self.kind = "notebook" if _in_notebook() else "terminal" if sys.stderr.isatty() else "log"
        self._started = self._shown = time.monotonic()
        self._first = None
        self._display = self._bar = None

    def __enter__(self):
        if self.kind == "notebook":
            from IPython.display import display

            self._display = display(_Line(f"{self.title} ..."), display_id=True)
        elif self.kind == "terminal":
            layout = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"
            self._bar = tqdm(total=self.total, desc=self.title, bar_format=layout)
        else:
            print(f"{self.title} ...", file=sys.stderr, flush=True)
        return self

    def update(self, done: float, **figures: float) -> None:
        """Report the work done so far and the figures worth watching."""
        now = time.monotonic()
        self._first = done if self._first is None else self._first
        if self._bar is not None:
            self._bar.set_postfix({name: f"{value:.3g}" for name, value in figures.items()}, refresh=False)
            self._bar.update(min(done, self.total) - self._bar.n)
        elif now - self._shown >= INTERVAL[self.kind]:
            self._shown = now
            share = min(1.0, done / self.total)
            elapsed = now - self._started
            worked = (done - self._first) / self.total
            left = f", about {_duration(elapsed * (1 - share) / worked)} left" if worked > 0 else ""
            values = "".join(f", {name} {value:.3g}" for name, value in figures.items())
            text = f"{self.title}: {share:4.0%}{left}{values}"
            if self._display is not None:
                self._display.update(_Line(text))
            else:
                print(text, file=sys.stderr, flush=True)

    def __exit__(self, kind, error, traceback):
        if self._bar is not None:
            self._bar.close()
        elif self._display is not None:
            self._display.update(_Line(self.done if kind is None else f"{self.title}: stopped"))
        else:
            print(self.done if kind is None else f"{self.title}: stopped", file=sys.stderr, flush=True)
        return False


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


class _Line:
    """A line of text that notebooks show as it is."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self):
        return self.text
