"""Progress over the cells of notebooks: a bar on a terminal, a line a cell elsewhere; on standard error."""

import sys
import threading
from collections.abc import Callable

from tqdm import tqdm


class Reporter:
    """Shows which cell of which notebook is being executed.

    On a terminal the bar counts notebooks, in parts: half-way through the second of four stands at 1.5. Several
    threads may follow a notebook each.

    Args:
        notebooks: how many there are.
    """

    def __init__(self, notebooks: int):
        self._done, self._parts, self._last = 0, {}, {}
        self._bar, self._lock = None, threading.Lock()
        if sys.stderr.isatty():
            form = "{desc} |{bar}| {percentage:3.0f} % [{elapsed}]"
            self._bar = tqdm(total=notebooks, bar_format=form, file=sys.stderr, leave=False, dynamic_ncols=True)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self._bar is not None:
            self._bar.close()

    def follow(self, name: str) -> Callable:
        """What to give `execute` as `on_progress` for the notebook of that name."""
        short = name.partition("_")[0] if name[:2].isdigit() else name

        def show(progress):
            text = " · ".join(filter(None, [short, f"cell {progress.cell} of {progress.cells}", progress.heading]))
            with self._lock:
                self._parts[name] = (progress.cell - 1) / progress.cells
                if self._bar is not None:
                    self._bar.n = self._done + sum(self._parts.values())
                    self._bar.set_description_str(text, refresh=False)
                    self._bar.refresh()
                elif text != self._last.get(name):
                    print(text, file=sys.stderr, flush=True)
                self._last[name] = text

        return show

    def done(self, name: str, line: str):
        """The notebook of that name is finished: print its line."""
        with self._lock:
            self._done += 1
            self._parts.pop(name, None)
            if self._bar is not None:
                self._bar.n = self._done + sum(self._parts.values())
                self._bar.write(line, file=sys.stderr)
                self._bar.refresh()
            else:
                print(line, file=sys.stderr, flush=True)
