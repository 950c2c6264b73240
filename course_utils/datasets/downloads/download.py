"""Downloads that survive interruptions.

The bytes go to `NAME.part`; what they are part of (address, size, the server's ETag or date) is kept beside them in
`NAME.part.json`. A second call asks the server for the rest only, and starts again where the file has changed or the
server knows no ranges. `NAME` appears when it is complete and its checksum, if one is published, is right.
"""

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import requests
import urllib3

from course_utils.errors import CourseError, brief, cannot_write
from course_utils.files import write_whole
from course_utils.progress import Progress

_CHUNK = 1 << 14  # bytes that are written at a time, at most
_TIMEOUT = (20, 60)  # seconds to connect, and between two pieces of data
_ALL_ATTEMPTS = 100
"""Of one call, whatever they bring: a server that forgets what it sent could go on for ever."""

LONGEST = 24 * 3600
"""Seconds that one call takes at most."""

_SLOWEST = 1000
"""Bytes per second; a connection that brings less counts as broken."""

_WINDOW = 120
"""Seconds over which that is measured."""


def fetch(
    url: str,
    destination: Path,
    *,
    checksum: str | None = None,
    session: requests.Session | None = None,
    allow_redirects: bool = True,
    attempts: int = 5,
    pause: float = 2.0,
    longest: float = LONGEST,
    progress: bool = True,
) -> str:
    """Download a file, or the rest of it.

    Args:
        url: where it is.
        destination: the file to write; when it exists only its checksum is looked at.
        checksum: "md5:...", "sha1:..." or "sha256:...", where one is published.
        session: for servers that want a login.
        allow_redirects: False where a redirection means that the login has run out.
        attempts: how often to try without receiving anything new before giving up; a hundred times at most in all.
        pause: seconds before the second attempt, twice as many before the third, and so on.
        longest: seconds for all attempts together.
        progress: show how far it is, on standard error.

    Returns:
        The file's checksum, as "sha256:..." where none was given.

    Raises:
        CourseError: no connection, the server refuses, the disk is full, or the checksum differs.
    """
    destination = Path(destination)
    part = destination.with_name(f"{destination.name}.part")
    if not destination.exists():
        destination.parent.mkdir(parents=True, exist_ok=True)
        session = session or requests.Session()
        failures, most, until = 0, _size(part), time.monotonic() + longest
        for number in range(1, _ALL_ATTEMPTS + 1):
            try:
                if _receive(session, url, part, allow_redirects, until, progress):
                    break
                reason = "the connection broke"
            except (requests.RequestException, ValueError) as error:  # the latter by addresses a server redirects to
                reason = brief(error)
            except OSError as error:
                raise cannot_write(part, error) from None
            # Only what was never reached before is progress: without ranges a server starts again each time.
            failures = 0 if _size(part) > most else failures + 1
            most = max(most, _size(part))
            wait = pause * 2 ** max(0, failures - 1)
            if failures >= attempts or number == _ALL_ATTEMPTS or time.monotonic() + wait > until:
                raise CourseError(
                    f"{url}: the download stopped at {_size(part) / 1e6:.0f} MB ({reason}). "
                    "Run the same command again: it goes on from there."
                )
            time.sleep(wait)
    found = _digest(destination if destination.exists() else part, checksum)
    if checksum is not None and found != checksum.lower():
        for file in (destination, part, _state_file(part)):
            file.unlink(missing_ok=True)
        raise CourseError(
            f"{destination}: the checksum is {found} instead of {checksum.lower()}, so what came from {url} is "
            "damaged and was deleted. Run the same command again."
        )
    if part.exists() and not destination.exists():
        os.replace(part, destination)
    _state_file(part).unlink(missing_ok=True)
    return found


def need_space(folder: Path, size: int, purpose: str, option: str = "--dest") -> None:
    """Make sure that the disk has room.

    Args:
        folder: on the disk.
        size: bytes.
        purpose: what takes them, for the message.
        option: what the folder was given as.

    Raises:
        CourseError: it has none; the message says how much is needed and how much is free.
    """
    free = shutil.disk_usage(folder).free
    if free < size:
        raise CourseError(
            f"{folder}: {purpose} takes {_shown(size)} and only {_shown(free)} are free. "
            f"Make room, or choose another place with {option}."
        )


def _shown(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def _receive(
    session: requests.Session, url: str, part: Path, allow_redirects: bool, until: float, progress: bool
) -> bool:
    """One request; True when the file is complete after it."""
    state = _load_state(part, url)
    have = _size(part) if state else 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if state["validator"]:
            headers["If-Range"] = state["validator"]
    with session.get(url, headers=headers, stream=True, timeout=_TIMEOUT, allow_redirects=allow_redirects) as response:
        if response.status_code == 416:  # nothing left of what we have: it is complete, or no longer the same file
            if _total(response) == have:
                return True
            _forget(part)
            return False
        if response.status_code >= 500:
            raise requests.HTTPError(f"the server answered {response.status_code}")
        if response.status_code not in (200, 206):
            raise CourseError(
                f"{url}: the server answered {response.status_code} {response.reason}. "
                "Check the address and, where it takes an account, that yours may download this file."
            )
        resumed = response.status_code == 206
        if resumed and not have:  # a part that nobody asked for
            raise requests.HTTPError("the server answered 206 to a request for the whole file")
        total = _total(response)
        if resumed and (_start(response) != have or (state["total"] and total != state["total"])):
            _forget(part)
            return False
        if not resumed:
            have = 0
            _save_state(part, url, _validator(response), total)
        if total:
            need_space(part.parent, total - have, f"the rest of {part.stem}")
        with Progress(part.stem, total, "B", shown=progress) as bar, open(part, "ab" if resumed else "wb") as file:
            bar.update(have)
            for piece in _pieces(response, until):
                have += len(piece)
                if total and have > total:
                    break  # whatever this is, it is not the file that was promised
                file.write(piece)
                bar.update(have)
    if total and have > total:
        _forget(part)
    return not total or have == total


def _pieces(response: requests.Response, until: float) -> Iterator[bytes]:
    """What arrives, as it arrives.

    Args:
        response: whose body has not been read.
        until: the end of all patience, on the clock of `time.monotonic`.

    Raises:
        requests.RequestException: the connection breaks, brings hardly anything, or takes too long.
    """
    began, arrived = time.monotonic(), 0
    try:
        while piece := response.raw.read1(_CHUNK, decode_content=True):
            yield piece
            now, arrived = time.monotonic(), arrived + len(piece)
            if now > until:
                raise requests.ConnectionError("the time for it is over")
            if now - began > _WINDOW:
                if arrived < _SLOWEST * (now - began):
                    raise requests.ConnectionError(f"less than {_SLOWEST} bytes per second arrived")
                began, arrived = now, 0
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(str(error)) from None


def _total(response) -> int | None:
    """Size of the whole file, where the server says it."""
    found = re.search(r"/([0-9]{1,18})$", response.headers.get("Content-Range", ""))
    if found:
        return int(found[1])
    length = response.headers.get("Content-Length")
    return int(length) if response.status_code == 200 and re.fullmatch("[0-9]{1,18}", length or "") else None


def _start(response) -> int | None:
    found = re.match(r"bytes ([0-9]{1,18})-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _validator(response) -> str | None:
    """What tells this version of the file from the next; weak ETags must not be used for ranges (RFC 9110, 13.1.5)."""
    etag = response.headers.get("ETag")
    if etag and not etag.startswith("W/"):
        return etag
    return response.headers.get("Last-Modified")


def _state_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _load_state(part: Path, url: str) -> dict | None:
    """What is known of a partial download from this address; None when there is none."""
    try:
        state = json.loads(_state_file(part).read_text())
    except (OSError, ValueError):
        return None
    known = isinstance(state, dict) and state.get("url") == url and {"validator", "total"} <= state.keys()
    return state if known and part.exists() else None


def _save_state(part: Path, url: str, validator: str | None, total: int | None) -> None:
    part.unlink(missing_ok=True)
    write_whole(_state_file(part), json.dumps({"url": url, "validator": validator, "total": total}))


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _state_file(part).unlink(missing_ok=True)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _digest(file: Path, checksum: str | None) -> str:
    algorithm = checksum.split(":")[0].lower() if checksum else "sha256"
    with open(file, "rb") as stream:
        return f"{algorithm}:{hashlib.file_digest(stream, algorithm).hexdigest()}"
