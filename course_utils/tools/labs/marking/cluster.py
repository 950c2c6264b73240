"""Marking on the workers of a Dask cluster: each has its own sandbox, and gets everything else sent.

Dask sends Python code between client, scheduler and workers: whoever can reach the scheduler can do anything with them.
`README.md` in this folder says what follows.
"""

import contextlib
import hashlib
import importlib.metadata
import logging
import platform
import time
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import dask
from distributed import Client, WorkerPlugin, get_worker

import course_utils
from course_utils.errors import CourseError
from course_utils.tools.labs.marking.engines import Engine
from course_utils.tools.labs.marking.marker import Job, Station
from course_utils.tools.labs.sandbox import bubblewrap as sandbox

_DECIDING = ("numpy", "scipy", "keras", "tensorflow", "distributed")
"""Packages whose versions must be the same everywhere, beside Python's and the course's own."""
_CONNECT = 30
"""Seconds in which a scheduler must answer."""
_FIRST = 15
"""Seconds in which a first worker must have come: a cluster may just have been started."""
_LONELY = 60
"""Seconds without any worker after which nobody is waited for."""


@contextlib.contextmanager
def cluster(job: Job, address: str) -> Iterator[Engine]:
    """Mark on the workers of a cluster that is running already; a submission whose worker dies goes to another.

    Args:
        job: what is to be marked, and how.
        address: of the scheduler, such as "tcp://10.0.0.5:8786" or "tls://marking.example.org:8786".

    Raises:
        CourseError: nobody answers there; there are no workers; one of them has no sandbox, or another version of
            the course or of what it computes with.
    """
    for name in ("distributed", "distributed.client"):  # what matters is said by errors
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}), _connected(address) as client:
        _check(client, job.confined)
        name = f"marking-{hashlib.sha256(job.content).hexdigest()[:16]}"
        client.register_plugin(_Marking(job), name=name)
        executor = client.get_executor(pure=False)
        try:
            yield Engine(partial(executor.submit, _mark, name), _Width(client))
        finally:
            with contextlib.suppress(Exception):  # whatever a cluster says that is about to go
                executor.shutdown(wait=False)
                client.unregister_worker_plugin(name)


class _Width:
    """Two submissions for each thread of the workers: one to mark, one to go on with."""

    def __init__(self, client: Client):
        self._client, self._seen = client, time.monotonic()

    def __call__(self) -> int:
        try:
            threads = sum(self._client.nthreads().values())
        except (OSError, TimeoutError) as error:
            raise CourseError("The scheduler is gone: start it, and the same command goes on where it was.") from error
        if threads:
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > _LONELY:
            raise CourseError("No worker is left: start some, and the same command goes on where it was.")
        return max(1, 2 * threads)


class _Marking(WorkerPlugin):
    """A worker's marking station: from when a client comes, or the worker itself, until the client goes."""

    idempotent = True
    """What a client left that was killed goes on when it comes back."""

    def __init__(self, job: Job):
        self._job, self.station = job, None

    def setup(self, worker):
        self.station = Station(self._job)

    def teardown(self, worker):
        if self.station:
            self.station.close()


def _mark(name: str, *task) -> bytes:
    """On a worker: what `Station.mark` returns."""
    worker = get_worker()
    try:
        return worker.plugins[name].station.mark(*task)
    except CourseError as error:
        raise CourseError(f"Worker {worker.address}: {error}") from None


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Client]:
    try:
        client = Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError) as error:
        raise CourseError(f"No scheduler of Dask answers at {address}: {error}") from error
    with client:
        yield client


def _check(client: Client, confined: bool) -> None:
    """Raise `CourseError` unless scheduler and workers can mark as this machine would."""
    address = client.scheduler.address
    try:
        client.wait_for_workers(1, timeout=_FIRST)
    except TimeoutError:
        raise CourseError(f"The cluster at {address} has no workers: start some (dask worker {address}).") from None
    workers = client.run(_introduction, on_error="return")
    try:
        scheduler = client.run_on_scheduler(_introduction)
    except Exception as error:
        scheduler = error
    ours, _ = _introduction()
    for who, theirs in [("The scheduler", scheduler), *((f"Worker {name}", said) for name, said in workers.items())]:
        if isinstance(theirs, Exception):
            raise CourseError(f"{who} does not have this course: install it there, too ({theirs}).")
        versions, problem = theirs
        for package, version in ours.items():
            if versions.get(package) != version:
                raise CourseError(
                    f"{who} has {package} {versions.get(package)}, this machine {version}; marks might differ. Install "
                    "the same on both."
                )
        if problem and confined and who != "The scheduler":
            raise CourseError(f"{who}: {problem}")


def _introduction() -> tuple[dict[str, str], str | None]:
    """Versions of everything that decides marks, and why there is no sandbox, on the machine where it is called."""
    versions = {"Python": ".".join(platform.python_version_tuple()[:2]), "course_utils": _course()}
    for package in _DECIDING:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    try:
        sandbox.require()
    except CourseError as error:
        return versions, str(error)
    return versions, None


@cache
def _course() -> str:
    """The course's version, as its sources say: two states of a working copy differ."""
    folder = Path(course_utils.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]
