"""Progress for people: a bar on a terminal, now and then a line elsewhere."""

import sys
import time

from tqdm import tqdm


class Progress:
    """Counts towards a total.

        with Progress("val2017.zip", total=815585330, unit="B") as progress:
            progress.update(65536)

    Args:
        label: what is going on.
        total: how much there is, or None when nobody knows.
        unit: of what; "B" counts bytes in kB, MB, GB.
        initial: how much was done before.
        stream: where to write; standard error when omitted.
        every: seconds between two plain lines.
    """

    def __init__(self, label, total=None, unit="", initial=0, stream=None, every=10.0):
        self._label, self._total, self._unit, self._done = label, total, unit, initial
        self._stream = stream or sys.stderr
        self._every, self._next = every, time.monotonic() + every
        self._bar = None
        if self._stream.isatty():
            self._bar = tqdm(
                desc=label, total=total, unit=unit or "it", unit_scale=unit == "B", initial=initial, file=self._stream
            )

    def update(self, amount=1):
        """So much more is done."""
        self._done += amount
        if self._bar is not None:
            self._bar.update(amount)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            self._line()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """The last word."""
        if self._bar is not None:
            self._bar.close()
        else:
            self._line()

    def _line(self):
        scale, unit = (1e6, " MB") if self._unit == "B" else (1, f" {self._unit}".rstrip())
        done = f"{self._done / scale:.0f}"
        if self._total:
            done += f" of {self._total / scale:.0f}"
        print(f"{self._label}: {done}{unit}", file=self._stream, flush=True)
