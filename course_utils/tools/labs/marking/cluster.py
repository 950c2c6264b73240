"""Marks on the workers of a Dask cluster: each has a sandbox of its own, and is sent everything else.

Dask sends Python code between client, scheduler and workers, so whoever can reach the scheduler can run anything on
them. The README of this package says what follows from that.
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
from course_utils.tools.labs.marking.engines import AND_AGAIN, Engine
from course_utils.tools.labs.marking.job import Job
from course_utils.tools.labs.marking.process import MarkingProcess
from course_utils.tools.labs.sandbox.bubblewrap import require_sandbox

_MUST_AGREE = ("numpy", "scipy", "keras", "tensorflow", "distributed")
"""Packages whose versions must be the same everywhere, besides Python and the course itself."""
_CONNECT = 30
"""Seconds to wait for the scheduler's answer."""
_FIRST = 15
"""Seconds to wait for a first worker, as the cluster may just have been started."""
_GIVE_UP = 60
"""Seconds without a worker after which the marking gives up."""


@contextlib.contextmanager
def cluster(job: Job, address: str) -> Iterator[Engine]:
    """Mark on the workers of a running cluster; if a worker dies, its submissions go to others.

    Args:
        job: what is to be marked, and how.
        address: of the scheduler, such as "tcp://10.0.0.5:8786" or "tls://marking.example.org:8786".

    Raises:
        CourseError: no scheduler answers; there are no workers; or one of them has no sandbox, or other versions of the
            course, Python or the libraries.
    """
    for name in ("distributed", "distributed.client"):  # what matters is raised as an error
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}), _connected(address) as client:
        _check(client, job.confined)
        name = f"marking-{hashlib.sha256(job.content).hexdigest()[:16]}"
        client.register_plugin(_Marking(job), name=name)
        executor = client.get_executor(pure=False)
        try:
            yield Engine(partial(executor.submit, _mark, name), _Width(client))
        finally:
            with contextlib.suppress(Exception):  # the cluster may be gone, or about to go
                executor.shutdown(wait=False)
                client.unregister_worker_plugin(name)


class _Width:
    """Two submissions per worker thread: one being marked, one waiting."""

    def __init__(self, client: Client):
        self._client, self._seen = client, time.monotonic()

    def __call__(self) -> int:
        try:
            threads = sum(self._client.nthreads().values())
        except (OSError, TimeoutError) as error:
            raise CourseError(f"The scheduler is gone: start it, {AND_AGAIN}") from error
        if threads:
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > _GIVE_UP:
            raise CourseError(f"No worker is left: start some, {AND_AGAIN}")
        return max(1, 2 * threads)


class _Marking(WorkerPlugin):
    """A worker's marking process: started when a client or the worker arrives, ended when the client leaves."""

    idempotent = True
    """If a client was killed, its marking processes are still running; a new client with the same job uses them."""

    def __init__(self, job: Job):
        self._job, self.process = job, None

    def setup(self, worker):
        self.process = MarkingProcess(self._job)

    def teardown(self, worker):
        if self.process:
            self.process.close()


def _mark(name: str, *task) -> bytes:
    """On a worker: mark a submission, as `MarkingProcess.mark` does."""
    worker = get_worker()
    try:
        return worker.plugins[name].process.mark(*task)
    except CourseError as error:
        raise CourseError(f"Worker {worker.address}: {error}") from None


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Client]:
    try:
        client = Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError) as error:
        raise CourseError(f"No Dask scheduler answers at {address}: {error}") from error
    with client:
        yield client


def _check(client: Client, confined: bool) -> None:
    """Raise `CourseError` unless the scheduler and all workers would give the same marks as this machine."""
    address = client.scheduler.address
    try:
        client.wait_for_workers(1, timeout=_FIRST)
    except TimeoutError:
        raise CourseError(f"The cluster at {address} has no workers: start some with dask worker {address}.") from None
    workers = client.run(_versions_and_problem, on_error="return")
    try:
        scheduler = client.run_on_scheduler(_versions_and_problem)
    except Exception as error:
        scheduler = error
    ours, _ = _versions_and_problem()
    for who, theirs in [("The scheduler", scheduler), *((f"Worker {name}", reply) for name, reply in workers.items())]:
        if isinstance(theirs, Exception):
            raise CourseError(f"{who} does not have the course: install it there, too ({theirs}).")
        versions, problem = theirs
        for package, version in ours.items():
            if versions.get(package) != version:
                raise CourseError(
                    f"{who} has {package} {versions.get(package)}, this machine has {version}; marks could differ. "
                    "Install the same version on both."
                )
        if problem and confined and who != "The scheduler":
            raise CourseError(f"{who}: {problem}")


def _versions_and_problem() -> tuple[dict[str, str], str | None]:
    """On whatever machine it is called: the versions that marks depend on, and why there is no sandbox."""
    versions = {"Python": ".".join(platform.python_version_tuple()[:2]), "course_utils": _course()}
    for package in _MUST_AGREE:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    try:
        require_sandbox()
    except CourseError as error:
        return versions, str(error)
    return versions, None


@cache
def _course() -> str:
    """The course's version: a digest of its sources, which tells working copies apart, too."""
    folder = Path(course_utils.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]
