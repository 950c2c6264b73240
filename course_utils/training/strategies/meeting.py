"""Workers wait for one another before they train, talk while they do, and notice when one of them is gone or hangs.

TensorFlow adds up gradients, and waits without an end for a worker that does not come or that is killed. So each worker
keeps a connection to the chief, and says every few seconds that it lives: what closes the connection, or a silence, is
told in a line, and ends all of them.
"""

import contextlib
import json
import os
import queue
import socket
import struct
import threading
import time
from collections.abc import Callable

from course_utils.errors import CannotGoOn, CourseError, brief, one_line
from course_utils.progress import say
from course_utils.training.strategies.cluster import Cluster

WAIT = 300.0
"""Seconds that workers wait for one another, unless told otherwise."""

VANISHED = 30
"""Seconds until a machine that says nothing any more counts as gone; a process that ends is noticed at once."""

HUNG = 60.0
"""Seconds until a process that says nothing any more counts as hung."""

_BEATS = 6
"""So often it says in that time that it lives."""

_PAUSE = 0.25
"""Seconds between two attempts to reach the chief."""

_LARGEST = 1 << 26
"""Bytes of a message."""


class WorkerGone(CannotGoOn):
    """A worker did not come, or is gone: nothing that was typed here is wrong."""


_ERRORS = os.dup(2)
"""Standard error, which is turned away while TensorFlow starts."""


def end(line: str) -> None:
    """End this process with a line: its other thread may wait inside TensorFlow, where no exception reaches it."""
    with contextlib.suppress(OSError):
        os.write(_ERRORS, f"course: {line}\n".encode())
    os._exit(1)


class Meeting:
    """The connections between the workers of a cluster, each to the chief.

    Args:
        cluster: the workers.
        wait: seconds for all of them to come.
        gone: called with a line, by another thread, when a worker is gone, hangs, or was ended by an error.
        patience: seconds of silence until a worker counts as hung.

    Raises:
        WorkerGone: one did not come in time.
        CourseError: the port of the chief is taken, or a worker names another cluster.
    """

    def __init__(
        self,
        cluster: Cluster,
        wait: float = WAIT,
        gone: Callable[[str], None] = end,
        patience: float = HUNG,
    ):
        self.cluster, self._gone, self._patience, self._leaving = cluster, gone, patience, False
        deadline = time.monotonic() + wait
        self._peers = self._receive(deadline, wait) if cluster.chief else {0: self._reach(deadline, wait)}
        self._heard = {index: queue.SimpleQueue() for index in self._peers}
        self._speaking = {index: threading.Lock() for index in self._peers}
        for index, peer in self._peers.items():
            peer.settimeout(patience)
            threading.Thread(target=self._listen, args=[index], daemon=True).start()
        threading.Thread(target=self._beat, daemon=True).start()

    def share(self, value=None):
        """What the chief gives, on every worker: anything that JSON holds."""
        if not self.cluster.chief:
            return self._heard[0].get()
        for index in self._peers:
            self._tell(index, {"value": value})
        return value

    def collect(self, value) -> list | None:
        """What every worker gives, in order, on the chief; None elsewhere."""
        if not self.cluster.chief:
            return self._tell(0, {"value": value})
        return [value, *(self._heard[index].get() for index in sorted(self._peers))]

    def note(self, line: str) -> None:
        """Have the chief say a line about this worker."""
        if not self.cluster.chief:
            self._tell(0, {"note": line})

    def leave(self, reason: str | None = None) -> None:
        """Part from the others; without a reason when all of them do.

        Args:
            reason: the error that ends this worker, and then all.
        """
        if reason is None:
            self.collect(None)
            if not self.cluster.chief:
                self.share()  # comes when the chief has written the last checkpoint, and all others are done
        self._leaving = True
        for index in self._peers:
            self._tell(index, {"value": None, "last": True} if reason is None else {"bye": reason})

    def _receive(self, deadline: float, wait: float) -> dict[int, socket.socket]:
        """The chief waits at its address; TensorFlow's server takes it over when all have come."""
        host, _, port = self.cluster.addresses[0].rpartition(":")
        try:
            door = socket.create_server(("127.0.0.1" if host in ("localhost", "127.0.0.1") else "", int(port)))
        except OSError as error:
            raise CourseError(f"{self.cluster.name(0)} cannot listen ({error.strerror}): name a free port.") from None
        came = {}
        with door:
            while len(came) < len(self.cluster.addresses) - 1:
                door.settimeout(max(0.01, deadline - time.monotonic()))
                try:
                    connection, _ = door.accept()
                    connection.settimeout(5.0)
                    hello = _read(connection)
                except TimeoutError:
                    if time.monotonic() < deadline:
                        continue
                    missing = [k for k in range(1, len(self.cluster.addresses)) if k not in came]
                    line = f"{' and '.join(map(self.cluster.name, missing))} did not come within {wait:g} s"
                    _dismiss(came, line)
                    raise WorkerGone(f"{line}: start every worker, each with its own index; see its output.") from None
                except (OSError, ValueError):  # something that is no worker
                    continue
                index = hello.get("worker") if isinstance(hello, dict) else None
                if type(index) is not int or not 0 < index < len(self.cluster.addresses):
                    continue
                if hello.get("addresses") != list(self.cluster.addresses):
                    line = f"{self.cluster.name(index)} names another cluster than worker 0: give both the same"
                    _dismiss({**came, index: connection}, line)
                    raise CourseError(f"{line}.")
                came[index] = _watched(connection)
        for connection in came.values():
            connection.sendall(_packed({"value": "go"}))
        return came

    def _reach(self, deadline: float, wait: float) -> socket.socket:
        host, _, port = self.cluster.addresses[0].rpartition(":")
        while True:
            try:
                connection = socket.create_connection((host, int(port)), timeout=5.0)
                connection.sendall(_packed({"worker": self.cluster.index, "addresses": self.cluster.addresses}))
                connection.settimeout(max(1.0, deadline - time.monotonic()) + wait)  # the chief may have begun later
                answer = _read(connection)
                break
            except (OSError, ValueError) as error:  # not there yet, or its name is not known yet
                if time.monotonic() > deadline:
                    raise WorkerGone(
                        f"{self.cluster.name(0)}, the chief, did not answer within {wait:g} s ({brief(error)}): start "
                        "it, and see its output."
                    ) from None
                time.sleep(_PAUSE)
        if "bye" in answer:
            raise WorkerGone(f"{self.cluster.name(0)} ended: {answer['bye']}.")
        return _watched(connection)

    def _listen(self, index: int) -> None:
        """Hear what a worker says, until it is gone."""
        while True:
            try:
                message = _read(self._peers[index])
            except TimeoutError:
                message = {"hung": True}
            except (OSError, ValueError):
                message = {"bye": None}
            if "alive" in message:
                continue
            if "note" in message:
                say(one_line(f"{self.cluster.name(index)}: {message['note']}"))
                continue
            if "value" in message:
                self._leaving = self._leaving or "last" in message
                self._heard[index].put(message["value"])
                continue
            if not self._leaving:
                name, reason = self.cluster.name(index), message.get("bye")
                line = f"{name} ended: {reason}" if reason else f"{name} is gone"
                remedy = "" if reason else "; start all workers again with --resume"
                if "hung" in message:
                    line = f"{name} hangs: it has said nothing for {self._patience:g} s"
                    remedy = "; end its process, and start all workers again with --resume"
                if self.cluster.chief:
                    self._leaving = True
                    _dismiss({k: peer for k, peer in self._peers.items() if k != index}, line)
                self._gone(f"{line.rstrip('.')}{remedy}.")
            return

    def _beat(self) -> None:
        """Say that this process lives, as long as it does."""
        while not self._leaving:
            time.sleep(self._patience / _BEATS)
            for index, lock in self._speaking.items():
                if not lock.locked():  # to whom something is being said, needs no more
                    self._tell(index, {"alive": True})

    def _tell(self, index: int, message: dict) -> None:
        # A worker that is gone is noticed where it is listened to.
        with self._speaking[index], contextlib.suppress(OSError):
            self._peers[index].sendall(_packed(message))


def _watched(connection: socket.socket) -> socket.socket:
    """A connection that the system looks after while nothing is said."""
    connection.settimeout(None)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    pace = {"TCP_KEEPIDLE": VANISHED // 3, "TCP_KEEPINTVL": VANISHED // 6, "TCP_KEEPCNT": 4}
    for name, value in {**pace, "TCP_USER_TIMEOUT": 1000 * VANISHED}.items():
        if hasattr(socket, name):  # Linux
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return connection


def _dismiss(peers: dict[int, socket.socket], reason: str) -> None:
    for connection in peers.values():
        with contextlib.suppress(OSError):
            connection.sendall(_packed({"bye": reason}))
            connection.close()


def _packed(message: dict) -> bytes:
    text = json.dumps(message).encode()
    return struct.pack("!I", len(text)) + text


def _read(connection: socket.socket) -> dict:
    """The next message; ValueError where there is none any more, or something else."""
    (length,) = struct.unpack("!I", _exactly(connection, 4))
    if length > _LARGEST:
        raise ValueError("this is no message")
    message = json.loads(_exactly(connection, length))
    if not isinstance(message, dict):
        raise ValueError("this is no message")
    return message


def _exactly(connection: socket.socket, length: int) -> bytes:
    parts = b""
    while len(parts) < length:
        part = connection.recv(min(length - len(parts), 1 << 16))
        if not part:
            raise ValueError("the connection is closed")
        parts += part
    return parts
