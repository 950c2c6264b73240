"""Which workers there are, how they meet and part, and the examples for clusters."""

import json
import re
import shlex
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
import yaml
from parted import free_ports

from course_utils.errors import CourseError
from course_utils.tools.cli import build_parser
from course_utils.training.strategies.cluster import Cluster, find_cluster
from course_utils.training.strategies.meeting import Meeting, WorkerGone
from course_utils.training.strategies.replicas import STRATEGIES

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def _config(addresses, index, kind="worker", **more):
    return {"TF_CONFIG": json.dumps({"cluster": {"worker": addresses, **more}, "task": {"type": kind, "index": index}})}


SLURM = {
    "SLURM_STEP_NUM_TASKS": "3",
    "SLURM_PROCID": "2",
    "SLURM_JOB_ID": "10007",
    "SLURM_STEP_NODELIST": "n[9-10],gpu3",
}


@pytest.mark.parametrize(
    ("environment", "cluster"),
    [
        ({}, None),
        ({"TF_CONFIG": "{}"}, None),
        (_config(["one:1"], 0), None),
        (_config(["one:1", "two:2"], 1), Cluster(("one:1", "two:2"), 1)),
        (_config(["one:1", "two:2"], 1, chief=["zero:3"]), Cluster(("zero:3", "one:1", "two:2"), 2)),
        (_config(["one:1", "two:2"], 0, "chief", chief=["zero:3"]), Cluster(("zero:3", "one:1", "two:2"), 0)),
        ({"SLURM_STEP_NUM_TASKS": "1"}, None),
        (SLURM, Cluster(("n9:20007", "n10:20007", "gpu3:20007"), 2)),
        (
            {**SLURM, "SLURM_STEP_NODELIST": "b-[008,010-011]"},
            Cluster(("b-008:20007", "b-010:20007", "b-011:20007"), 2),
        ),
    ],
)
def test_the_environment_names_the_workers(environment, cluster):
    assert find_cluster(environment) == cluster
    if cluster:
        assert find_cluster({"TF_CONFIG": cluster.config()}) == cluster


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"TF_CONFIG": "{"}, "no JSON"),
        ({"TF_CONFIG": "[1]"}, "no JSON"),
        ({"TF_CONFIG": "[" * 100_000}, "no JSON"),
        (_config(["one", "two:2"], 0), "HOST:PORT"),
        (_config(["one:99999", "two:2"], 0), "HOST:PORT"),
        (_config("one:1", 0), "not a list"),
        (_config(["one:1", "one:1"], 0), "address of its own"),
        (_config(["one:1", "two:2"], 2), "no worker 2"),
        (_config(["one:1", "two:2"], -1), "whole number"),
        (_config(["one:1", "two:2"], 0, "ps"), '"worker" or "chief"'),
        ({"SLURM_STEP_NUM_TASKS": "2"}, "SLURM"),
        ({**SLURM, "SLURM_STEP_NUM_TASKS": "6"}, "one task per node"),
        ({**SLURM, "SLURM_STEP_NODELIST": "n[9-"}, "SLURM"),
        ({**SLURM, "SLURM_STEP_NODELIST": "r[1-2]n[3-4]"}, "set TF_CONFIG"),
        ({**SLURM, "SLURM_STEP_NODELIST": "n[1-999999999]"}, "too long"),
    ],
)
def test_what_names_no_workers_is_told_in_a_line(environment, words):
    with pytest.raises(CourseError, match=re.escape(words)) as error:
        find_cluster(environment)
    assert "\n" not in str(error.value)


def _meet(count=3, wait=10.0, absent=(), patience=60.0):
    """Meetings of workers in threads, by index, or their errors; and the lines that they were told."""
    addresses, found, told = tuple(f"127.0.0.1:{port}" for port in free_ports(count)), {}, {}

    def come(index):
        try:
            cluster = Cluster(addresses, index)
            found[index] = Meeting(cluster, wait, lambda line: told.setdefault(index, line), patience)
        except CourseError as error:
            found[index] = error

    threads = [threading.Thread(target=come, args=[index]) for index in range(count) if index not in absent]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found, told


def _soon(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_workers_talk_and_part():
    found, told = _meet()
    assert [found[k].share({"a": [1]}) for k in range(3)] == [{"a": [1]}] * 3
    assert [found[k].collect(10 * k) for k in (2, 1, 0)] == [None, None, [0, 10, 20]]
    threads = [threading.Thread(target=meeting.leave) for meeting in found.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert not told


def test_all_are_told_when_a_worker_is_gone():
    found, told = _meet()
    found[2]._peers[0].shutdown(2)  # as the system does when it is killed
    _soon(lambda: {0, 1} <= told.keys())
    assert "worker 2 (" in told[0] and "is gone" in told[0]
    assert "worker 2 (" in told[1]


def test_the_chief_says_what_another_worker_notes(capsys):
    found, _ = _meet()
    found[2].note("nothing has happened")
    found[0].note("of the chief's own")
    said = []
    _soon(lambda: said.append(capsys.readouterr().err) or "nothing" in "".join(said))
    (line,) = "".join(said).splitlines()
    assert re.fullmatch(r"worker 2 \(127\.0\.0\.1:\d+\): nothing has happened", line)


@pytest.mark.parametrize("hung", [0, 2])
def test_all_are_told_when_a_worker_hangs(hung):
    """The chief or another one, if it says nothing for so long, not even that it lives."""
    found, told = _meet(patience=1.5)
    time.sleep(3.0)
    assert not told
    found[hung]._leaving, begun = True, time.monotonic()  # its thread that says so stops, as it does with the process
    others = {0, 1, 2} - {hung}
    _soon(lambda: others <= told.keys())
    assert 1.0 < time.monotonic() - begun < 8
    assert all(f"worker {hung} (" in told[index] and "has said nothing for 1.5 s" in told[index] for index in others)
    assert "end its process, and start all workers again with --resume" in told[1 if hung == 0 else 0]


def test_the_error_that_ends_a_worker_is_told_by_all():
    found, told = _meet()
    found[1].leave("frame_3.png: cannot be read; restore it.")
    _soon(lambda: {0, 2} <= told.keys())
    assert all(line.endswith("ended: frame_3.png: cannot be read; restore it.") for line in (told[0], told[2]))


def test_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as door:
        cluster = Cluster((f"127.0.0.1:{door.getsockname()[1]}", "127.0.0.1:1"), 0)
        with pytest.raises(CourseError, match="cannot listen"):
            Meeting(cluster, 1.0)


def test_workers_of_different_clusters_do_not_meet():
    ports, found = free_ports(3), {}

    def come(index, last):
        try:
            Meeting(Cluster(tuple(f"127.0.0.1:{port}" for port in (ports[0], ports[last])), index), 10.0)
        except CourseError as error:
            found[index] = str(error)

    threads = [threading.Thread(target=come, args=place) for place in ((0, 1), (1, 2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert all("another cluster" in found[index] for index in range(2))


@pytest.mark.parametrize("absent", [0, 2])
def test_a_worker_that_does_not_come_is_waited_for_so_long(absent):
    begun = time.monotonic()
    found, _ = _meet(wait=1.0, absent=[absent])
    assert 0.9 < time.monotonic() - begun < 8
    assert all(isinstance(error, WorkerGone) and error.status == 1 for error in found.values())
    assert all(f"worker {absent} (" in str(error) for error in found.values())
    assert "within 1 s" in str(found[1])


def _commands(text):
    """The command lines of `course` in a script, as lists of words."""
    text = re.sub(r"\\\n", " ", text)
    found = re.findall(r"(?:^|\s)course (.+)", text)
    return [[word for word in shlex.split(line) if word != "$resume"] for line in found]


def _check_commands(text):
    commands = _commands(text)
    assert commands
    for words in commands:
        arguments = build_parser().parse_args(words)
        assert arguments.strategy in STRATEGIES and arguments.epochs


def test_the_example_for_slurm():
    script = EXAMPLES / "slurm.sh"
    subprocess.run(["bash", "-n", str(script)], check=True)
    text = script.read_text("utf-8")
    _check_commands(text)
    assert re.search(r"^#SBATCH --ntasks-per-node=1$", text, re.M) and "srun" in text


def test_the_example_for_kubernetes():
    service, job = yaml.safe_load_all((EXAMPLES / "kubernetes.yaml").read_text("utf-8"))
    assert (service["apiVersion"], service["kind"]) == ("v1", "Service")
    assert service["spec"]["clusterIP"] == "None" and service["spec"]["publishNotReadyAddresses"] is True
    assert (job["apiVersion"], job["kind"], job["spec"]["completionMode"]) == ("batch/v1", "Job", "Indexed")
    name, workers, pod = job["metadata"]["name"], job["spec"]["completions"], job["spec"]["template"]["spec"]
    assert service["spec"]["selector"] == {"job-name": name} and job["spec"]["parallelism"] == workers
    assert pod["subdomain"] == service["metadata"]["name"] and pod["restartPolicy"] in ("OnFailure", "Never")
    (container,) = pod["containers"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    bash, option, script = container["command"]
    assert (bash, option) == ("bash", "-c")
    _check_commands(script)
    # What the script makes of the number of its pod is a cluster of all pods.
    begin = script.partition("resume=")[0] + 'printf %s "$TF_CONFIG"'
    for index in range(workers):
        environment = {"JOB_COMPLETION_INDEX": str(index), "PATH": "/usr/bin:/bin"}
        config = subprocess.run(
            [bash, option, begin], env=environment, capture_output=True, text=True, check=True
        ).stdout
        port = service["spec"]["ports"][0]["port"]
        addresses = tuple(f"{name}-{k}.{pod['subdomain']}:{port}" for k in range(workers))
        assert find_cluster({"TF_CONFIG": config}) == Cluster(addresses, index)
