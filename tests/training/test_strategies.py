"""Several replicas end like one, wait for one another only so long, and go on when one was killed."""

import json
import os
import re
import shlex
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import parted
import pytest
import yaml
from kills import contents, tiny_recipe
from parted import free_ports, start_worker

from course_utils.backend import tf
from course_utils.datasets import toy_streets
from course_utils.datasets.augmentation import Augmentation
from course_utils.datasets.pipeline import training_batches
from course_utils.errors import CourseError
from course_utils.tools.cli import build_parser
from course_utils.training import Run, train_recipe
from course_utils.training.strategies.cluster import Cluster, find_cluster
from course_utils.training.strategies.meeting import Meeting, WorkerGone
from course_utils.training.strategies.replicas import ONE, STRATEGIES, Replicas, start

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
CLOSE, LOSSES = 1e-2, 1e-4
"""Arrays of a training by several replicas may differ so much from those by one, as a share of their largest number, and
losses relatively: sums of floats in another order, eight steps long.

Found were 0.002, in momenta, whose summands nearly cancel, and 0.000005. Batch normalisation by each replica alone gives
1.8 and 0.02, a loss that each divides by its own pixels 0.6 and 0.001.
"""


def assert_close(run: Run, other: Run) -> None:
    """Everything that two runs hold is equal but for rounding."""
    one, two = contents(run), contents(other)
    assert one.keys() == two.keys()
    for epoch, again in zip(one.pop("log"), two.pop("log"), strict=True):
        assert epoch == pytest.approx(again, abs=2e-3)
        assert epoch["loss"] == pytest.approx(again["loss"], rel=LOSSES)
    del one["best"], two["best"]
    assert one.pop("seeds") == two.pop("seeds")
    compared = [name for name in one if not name.startswith("best")]  # which epoch is the best is a matter of rounding
    assert len(compared) > 30
    for name in compared:
        largest = np.abs(one[name]).max(initial=0.0)
        np.testing.assert_allclose(two[name], one[name], rtol=0, atol=CLOSE * largest + 1e-6, err_msg=name)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Toy Streets in miniature, and a training of four epochs by one process."""
    place = tmp_path_factory.mktemp("alone")
    counts = {"train": 8, "val": 3, "test": 1}
    data = toy_streets.generate(place / "toy", size=(64, 128), counts=counts, workers=1, progress=False)
    return data, train_recipe(parted.recipe(data), place / "run")


def test_mirrored_replicas_end_like_one(alone, tmp_path):
    """Batch normalisation of maps and of one value per image, void pixels, a loss that needs the whole batch."""
    data, whole = alone
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, parted.__file__, str(data), str(tmp_path / "run")]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert found.returncode == 0, found.stderr
    assert_close(whole, Run(tmp_path / "run"))


def test_two_workers_of_which_one_is_killed_end_like_one_process(alone, tmp_path):
    data, whole = alone
    output, addresses = tmp_path / "run", [f"127.0.0.1:{port}" for port in free_ports(2)]

    def begin(*more):
        # What does not keep the run has no place for it, and may know nothing of it.
        places = (output, "/nowhere/run")
        return [start_worker(k, addresses, data, place, "--epochs=4", *more) for k, place in enumerate(places)]

    chief, worker = begin()
    deadline = time.monotonic() + 240
    while not list(output.glob("checkpoints/0*")):
        assert time.monotonic() < deadline and chief.poll() is None, chief.stderr.read()
        time.sleep(0.02)
    worker.kill()
    killed = time.monotonic()
    out, errors = chief.communicate(timeout=60)
    assert time.monotonic() - killed < 15
    last = errors.splitlines()[-1]
    assert chief.returncode == 1 and "Traceback" not in errors, errors
    assert re.fullmatch(r"course: worker 1 \(127\.0\.0\.1:\d+\) is gone; start all workers again with --resume\.", last)
    worker.wait()
    assert 1 <= len(Run(output).log) < 4

    chief, worker = begin("--resume")
    for process in (chief, worker):
        out, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
    assert "Worker 1 of 2 is done" in out
    assert_close(whole, Run(output))
    assert not Path("/nowhere").exists()


@pytest.mark.parametrize("workers", [2, 3])
def test_the_parts_of_the_workers_are_the_batches(workers):
    pairs = tf.data.Dataset.from_tensor_slices(
        (np.random.default_rng(0).uniform(size=(7, 8, 8, 3)).astype(np.float32), np.zeros((7, 8, 8), np.uint8))
    )
    augmentation = Augmentation(scale=(0.8, 1.5), flip=True, color=0.5)

    def batches(**part):
        options = {"seed": 3, "augmentation": augmentation, "start_step": 2, **part}
        return [images.numpy() for images, _ in training_batches(pairs, 12, **options).take(4)]

    whole = batches()
    by_worker = [batches(worker=worker, workers=workers, replicas=workers) for worker in range(workers)]
    for number, batch in enumerate(whole):
        np.testing.assert_array_equal(np.concatenate([parts[number] for parts in by_worker]), batch)
    # A worker with two replicas gives them their parts one after the other.
    (first,) = [batches(worker=0, workers=workers, replicas=2 * workers)]
    np.testing.assert_array_equal(np.concatenate(first[:2]), by_worker[0][0])


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
    ],
)
def test_what_names_no_workers_is_told_in_a_line(environment, words):
    with pytest.raises(CourseError, match=re.escape(words)) as error:
        find_cluster(environment)
    assert "\n" not in str(error.value)


def _meet(count=3, wait=10.0, absent=()):
    """Meetings of workers in threads, by index, or their errors; and the lines that they were told."""
    addresses, found, told = tuple(f"127.0.0.1:{port}" for port in free_ports(count)), {}, {}

    def come(index):
        try:
            cluster = Cluster(addresses, index)
            found[index] = Meeting(cluster, wait, gone=lambda line: told.setdefault(index, line))
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


def test_the_error_that_ends_a_worker_is_told_by_all():
    found, told = _meet()
    found[1].leave("frame_3.png: cannot be read; restore it.")
    _soon(lambda: {0, 2} <= told.keys())
    assert "frame_3.png: cannot be read; restore it; start" in told[0] and "frame_3.png" in told[2]


@pytest.mark.parametrize("absent", [0, 2])
def test_a_worker_that_does_not_come_is_waited_for_so_long(absent):
    begun = time.monotonic()
    found, _ = _meet(wait=1.0, absent=[absent])
    assert 0.9 < time.monotonic() - begun < 8
    assert all(isinstance(error, WorkerGone) and error.status == 1 for error in found.values())
    assert all(f"worker {absent} (" in str(error) for error in found.values())
    assert "within 1 s" in str(found[1])


def test_replicas_refuse_what_they_cannot_do_together(tiny_streets, tmp_path):
    class Two(Replicas):
        count = 2

    recipe = tiny_recipe("SegNet", tiny_streets, batch_size=5)
    with pytest.raises(CourseError, match="--batch-size 4 or 6"):
        train_recipe(recipe, tmp_path / "run", replicas=Two())
    with pytest.raises(CourseError, match="--accumulate 2"):
        train_recipe(tiny_recipe("SegNet", tiny_streets, accumulate=2), tmp_path / "run", replicas=Two())
    several = Two()
    several.workers = 2
    with pytest.raises(CourseError, match="give --epochs"):
        several.check(tiny_recipe("SegNet", tiny_streets, epochs=None, minutes=1.0))
    assert not (tmp_path / "run").exists()


def test_a_strategy_needs_its_devices_and_workers(monkeypatch):
    for name in ("TF_CONFIG", "SLURM_STEP_NUM_TASKS"):
        monkeypatch.delenv(name, raising=False)
    assert start("one") is ONE
    with pytest.raises(CourseError, match="TF_CONFIG"):
        start("multiworker")
    if len(tf.config.list_physical_devices("GPU")) < 2:
        assert start("auto") is ONE
        with pytest.raises(CourseError, match="several GPUs"):
            start("mirrored")


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
