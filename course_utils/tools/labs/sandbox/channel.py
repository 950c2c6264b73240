"""Messages between the marking process and a student's process: plain values over a socket, with limits."""

import socket
import struct
import time

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

    def receive(self, timeout: float | None = None):
        """The next value.

        Args:
            timeout: seconds for the whole message, however slowly it arrives.

        Raises:
            NotPlain: what arrived is not a value, or is too large; the connection cannot be used any more.
            Closed: the other side is gone.
            TimeoutError: it took longer.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        text, arrays = _HEADER.unpack(self._read(_HEADER.size, deadline))
        if text > MAX_TEXT or arrays > MAX_ARRAYS:  # before anything of it is read
            raise NotPlain("a message that is too large")
        return loads(self._read(text, deadline), self._read(arrays, deadline))

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _read(self, count: int, deadline: float | None) -> bytes:
        data = bytearray()
        while len(data) < count:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            try:
                piece = self._socket.recv(min(count - len(data), 2**20))
            except TimeoutError:
                raise
            except OSError as error:
                raise Closed(str(error)) from None
            if not piece:
                raise Closed("the other side hung up")
            data += piece
        return bytes(data)
