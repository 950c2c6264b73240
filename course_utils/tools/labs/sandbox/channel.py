"""Messages between the marking process and a student's process: plain values over a socket, with limits."""

import socket
import struct
import time
from collections.abc import Callable

from course_utils.tools.labs.sandbox.values import MAX_ARRAYS, MAX_TEXT, NotPlain, dumps, loads

_HEADER = struct.Struct(">II")


class Closed(Exception):
    """The other side is gone."""


class Channel:
    """One end of the connection.

    Args:
        end: a connected stream socket.
    """

    def __init__(self, end: socket.socket):
        self._socket = end

    def send(self, message, timeout: float | None = None) -> None:
        """Send a value.

        Raises:
            NotPlain: it cannot be sent.
            Closed: the other side is gone.
            TimeoutError: it took longer than `timeout` seconds.
        """
        self.send_bytes(*dumps(message), timeout=timeout)

    def send_bytes(self, text: bytes, arrays: bytes, timeout: float | None = None) -> None:
        """Send the structure and arrays that `values.dumps` returned."""
        self._socket.settimeout(timeout)
        try:
            self._socket.sendall(_HEADER.pack(len(text), len(arrays)) + text + arrays)
        except TimeoutError:
            raise
        except OSError as error:
            raise Closed(str(error)) from None

    def receive(self, left: Callable[[], float] | None = None):
        """The next value.

        Args:
            left: says how many more seconds the message may take, however slowly it arrives; None for no limit.

        Raises:
            NotPlain: what arrived is not a value, or is too large; the connection cannot be used any more.
            Closed: the other side is gone.
            TimeoutError: it took longer.
        """
        text, arrays = _HEADER.unpack(self._read(_HEADER.size, left))
        if text > MAX_TEXT or arrays > MAX_ARRAYS:  # before anything of it is read
            raise NotPlain("a message that is too large")
        return loads(self._read(text, left), self._read(arrays, left))

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _read(self, count: int, left: Callable[[], float] | None) -> bytes:
        data = bytearray()
        while len(data) < count:
            seconds = None if left is None else left()
            if seconds is not None and seconds <= 0:
                raise TimeoutError
            self._socket.settimeout(seconds)
            try:
                piece = self._socket.recv(min(count - len(data), 2**20))
            except TimeoutError:
                continue  # there may be time left: it is not always the clock that counts
            except OSError as error:
                raise Closed(str(error)) from None
            if not piece:
                raise Closed("the other side hung up")
            data += piece
        return bytes(data)


def on_the_clock(seconds: float) -> Callable[[], float]:
    """What `Channel.receive` takes for a limit that ends at a time of day."""
    deadline = time.monotonic() + seconds
    return lambda: deadline - time.monotonic()
