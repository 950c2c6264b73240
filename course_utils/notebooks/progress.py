"""Progress over the cells of notebooks: a bar on a terminal, a line a cell elsewhere; on standard error."""

import sys
from collections.abc import Callable

from tqdm import tqdm


class Reporter:
    """Shows which cell of which notebook is being executed.

    On a terminal the bar counts notebooks, in parts: half-way through the second of four stands at 1.5.

    Args:
        notebooks: how many there are.
    """

    def __init__(self, notebooks: int):
        self._done, self._last = 0, None
        self._bar = None
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
            if self._bar is not None:
                self._bar.n = self._done + (progress.cell - 1) / progress.cells
                self._bar.set_description_str(text, refresh=False)
                self._bar.refresh()
            elif text != self._last:
                print(text, file=sys.stderr, flush=True)
            self._last = text

        return show

    def done(self, line: str):
        """One notebook is finished: print its line."""
        self._done += 1
        if self._bar is not None:
            self._bar.n = self._done
            self._bar.write(line, file=sys.stderr)
            self._bar.refresh()
        else:
            print(line, file=sys.stderr, flush=True)
