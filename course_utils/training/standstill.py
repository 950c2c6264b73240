"""Notices that a training stands still, and says at what, such as a disk that does not answer."""

import os
import threading
import time
from collections.abc import Callable, Mapping

from course_utils.backend import keras

PATIENCE = 120.0
"""Seconds without a step, a validated frame or a checkpoint until a line says so."""

_LOOKS = 10
"""So often it is looked at in that time."""


class Standstill(keras.callbacks.Callback):
    """Says in a line when nothing has happened for a while; ends nothing, since a disk may come back.

    Within its context a thread looks every few seconds. With each line it waits twice as long for the next one, so that
    what stands still fills no log; and it waits twice the last pause at least: of slow steps, only the first is
    mentioned. It has to be the first of the callbacks, so that it sees an epoch end before validation begins.

    Args:
        reading: the files that are being read for the next batches, and since when on the clock of `time.monotonic`.
        tell: takes the line.
        workers: how many train together.
    """

    def __init__(self, reading: Mapping[str, float], tell: Callable[[str], None], workers: int = 1):
        super().__init__()
        self._reading, self._tell, self._workers = reading, tell, workers
        self._over, self._epoch, self._least = threading.Event(), 0, PATIENCE
        self._patience, self._since = PATIENCE, time.monotonic()
        self._thread = threading.Thread(target=self._watch, args=[PATIENCE / _LOOKS], daemon=True)

    def __enter__(self):
        self.begins("before the first step")
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._over.set()
        self._thread.join()

    def begins(self, doing: str) -> None:
        """Something is done, and something else begins.

        Args:
            doing: what begins, as the line says it, such as "in step 3".
        """
        now = time.monotonic()
        self._patience = max(self._least, 2 * (now - self._since))
        self._doing, self._since = doing, now

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch + 1

    def on_train_batch_begin(self, batch, logs=None):
        self.begins(f"in step {batch + 1} of epoch {self._epoch}")

    def on_epoch_end(self, epoch, logs=None):
        self.begins(f"at the end of epoch {epoch + 1}")

    def look(self) -> None:
        """Say the line, if it is time to."""
        still = time.monotonic() - self._since
        if still >= self._patience:
            self._tell(self._line(still))
            self._patience *= 2

    def _watch(self, interval: float) -> None:
        while not self._over.wait(interval):
            self.look()

    def _line(self, still: float) -> str:
        line = f"Nothing has happened for {still:.0f} s, {self._doing}"
        reading = {file: time.monotonic() - since for file, since in dict(self._reading).items()}
        if reading and max(reading.values()) > still / 2:
            file = max(reading, key=reading.get)
            return (
                f"{line}: {file} has been read for {reading[file]:.0f} s; look after its disk. If it does not come "
                f"back, end this process (kill {os.getpid()}) and start again with --resume."
            )  # Ctrl-C would wait for TensorFlow, which waits for the file
        if self._workers > 1:
            return f"{line}: this worker computes, or waits for another one, which says what it is at."
        return f"{line}: it computes, and waits for no image."
