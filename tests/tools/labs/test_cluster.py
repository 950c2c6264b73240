"""Marking on a Dask cluster of processes on this machine gives the same marks, even if a client or worker dies."""

import itertools
import shutil
import signal
import socket
import sys

import pytest
from classroom import SLOW, TRUTH, points, start, wait_for, write_answer
from dask_cluster import ADDRESS, GRADE, Cluster
from distributed import Client, LocalCluster
from guide import translated

from course_utils.tools import cli
from course_utils.tools.labs.marking import cluster

INTRUDER = """\
def ends(values):
    import socket
    socket.create_connection(("{}", {}), timeout=5)
    return min(values), max(values)
"""


@pytest.fixture
def dask(tmp_path):
    """A scheduler without workers."""
    (tmp_path / "dask").mkdir()
    with Cluster(tmp_path / "dask") as started:
        yield started


def everything(course):
    """What marking has written about every student, and the copies of their notebooks."""
    labs = course / "labs"
    files = [*(labs / "results" / "small").glob("[!.]*.json"), *(labs / "autograded").rglob("[!.]*.ipynb")]
    return {str(path.relative_to(labs)): path.read_text() for path in files}


@pytest.mark.timeout(1800)
def test_clients_and_workers_may_die(dask, course, needs_sandbox):
    """Client killed: the next one goes on. Worker killed: the other one takes over. The marks are those of one machine,
    and fay, whose answer tries to talk to the scheduler, gets nothing for it.
    """
    for student in ("ada", "cy", "dan"):
        write_answer(course, student, "ends", SLOW)
    write_answer(course, "fay", "ends", INTRUDER.format(*dask.address.split(":")))
    workers = {name: dask.worker(name) for name in ("first", "second")}
    command = [dask.address if word == ADDRESS else word for word in translated(GRADE)[3:]]
    results = course / "labs" / "results" / "small"

    killed = start(course, *command)
    wait_for(lambda: list(results.glob("[!.]*.json")) or killed.poll() is not None)
    assert killed.poll() is None, killed.stderr.read() + dask.log()
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    done = points(course)
    assert 0 < len(done) < len(TRUTH) and all(TRUTH[student] == got for student, got in done.items())

    going_on = start(course, *command)
    with Client(dask.address, set_as_default=False) as watching:
        addresses = {worker["id"]: address for address, worker in watching.scheduler_info()["workers"].items()}
        tasks = []
        wait_for(lambda: tasks.extend(watching.processing().get(addresses["first"], ())) or tasks or going_on.poll())
    workers["first"].kill()
    _, said = going_on.communicate()
    assert tasks and going_on.returncode == 0, said + dask.log()
    assert f"{len(TRUTH) - len(done)} marked, {len(done)} kept" in said
    assert points(course) == TRUTH and workers["second"].poll() is None

    there = everything(course)
    for folder in ("results", "autograded"):
        (course / "labs" / folder).rename(course / folder)
    # In a process of its own, too: this one has the threads of Dask.
    here = start(course)
    _, said = here.communicate()
    assert here.returncode == 0, said
    assert len(there) == 2 * len(TRUTH) and everything(course) == there


def test_a_cluster_that_cannot_mark_is_told_in_a_line(course, monkeypatch, capsys):
    monkeypatch.chdir(course)
    monkeypatch.setattr(cluster, "_CONNECT", 2)
    monkeypatch.setattr(cluster, "_FIRST", 1)

    def refused(address):
        assert cli.main(["grade", "in", "--scheduler", address]) == 2
        return " ".join(capsys.readouterr().err.split())

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{free.getsockname()[1]}"
        assert f"No Dask scheduler answers at {nobody}" in refused(nobody)
    options = {"processes": False, "threads_per_worker": 1, "dashboard_address": None, "protocol": "tcp"}
    with LocalCluster(n_workers=0, host="127.0.0.1", **options) as running:
        assert "has no workers" in refused(running.scheduler_address)
        running.scale(1)
        with monkeypatch.context() as patched:
            patched.setattr(shutil, "which", lambda name: None)
            assert "apt install bubblewrap" in refused(running.scheduler_address)
        with monkeypatch.context() as patched:
            versions = itertools.count()
            patched.setattr(cluster, "_course", lambda: f"version {next(versions)}")
            assert "has course_utils version" in refused(running.scheduler_address)
    monkeypatch.delitem(sys.modules, "course_utils.tools.labs.marking.cluster")
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "comes with the extra cluster" in refused(nobody)
    assert not points(course)
