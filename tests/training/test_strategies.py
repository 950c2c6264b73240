"""Several replicas end like one, wait for one another only so long, and go on when one was killed."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import parted
import pytest
from kills import contents, tiny_recipe
from parted import free_ports, start_worker

from course_utils.backend import tf
from course_utils.datasets import toy_streets
from course_utils.datasets.augmentation import Augmentation
from course_utils.datasets.pipeline import training_batches
from course_utils.errors import CourseError
from course_utils.labels import VOID
from course_utils.layers import together
from course_utils.losses import LOSSES as LOSSES_OF_LOGITS
from course_utils.losses import HardExampleCrossEntropy, LovaszSoftmax, SegmentationCrossEntropy, SoftDice
from course_utils.losses.boundaries import DualTaskLoss, EdgeCrossEntropy
from course_utils.losses.piecewise import NodeCrossEntropy, PairCrossEntropy
from course_utils.training import Run, train_recipe
from course_utils.training.strategies.replicas import ONE, Replicas, start

CLOSE, LOSSES = 1e-2, 1e-4
"""Arrays of a training by several replicas may differ so much from those by one, as a share of their largest number,
and losses relatively: sums of floats in another order, eight steps long.

Found were 0.002, in momenta, whose summands nearly cancel, and 0.000005. Batch normalisation by each replica alone
gives 1.8 and 0.02, a loss that each divides by its own pixels 0.6 and 0.001.
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
    """Batch normalisation of maps and of one value per image, void pixels, a loss that needs the whole batch.

    And once more by steps in parts, each of which counts by its pixels and is normalised by itself.
    """
    data, whole = alone
    in_parts = train_recipe(parted.recipe(data, **parted.IN_PARTS), tmp_path / "alone_in_parts")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, parted.__file__, str(data), str(tmp_path / "run")]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert found.returncode == 0, found.stderr
    assert_close(whole, Run(tmp_path / "run"))
    assert_close(in_parts, Run(tmp_path / "run_in_parts"))


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
    worker.terminate()
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


class _Part:
    """Stands for the context of a replica: first notes what it would add up, then gives the sums."""

    num_replicas_in_sync = 2

    def __init__(self, index, sums=None):
        self.replica_id_in_sync_group, self.noted, self.sums = index, [], sums and list(sums)

    def all_reduce(self, kind, tensor):
        assert kind == "SUM"
        self.noted.append(tensor)
        return tensor if self.sums is None else self.sums.pop(0)


def _by_parts(compute):
    """What `compute(index)` gives for each of two replicas that add up what they ask for."""
    noted = []
    for index in range(2):
        part = _Part(index)
        with together.replica(part):
            compute(index)
        noted.append(part.noted)
    sums = [one + other for one, other in zip(*noted, strict=True)]
    results = []
    for index in range(2):
        with together.replica(_Part(index, sums)):
            results.append(compute(index))
    return results


LABELS = np.random.default_rng(0).integers(0, 4, (4, 2, 2)).astype(np.uint8).repeat(6, 1).repeat(8, 2)
LABELS[0, :9] = VOID  # replicas with equally many labelled pixels would not show what each divides by
PAIRS = [(0, 1), (1, 0)]


@pytest.mark.parametrize(
    ("loss", "shape"),
    [
        (SegmentationCrossEntropy([1.0, 2.0, 3.0, 4.0]), (4, 12, 16, 4)),
        (NodeCrossEntropy(), (4, 3, 4, 4)),
        (PairCrossEntropy(PAIRS), (4, 3, 4, 2, 4, 4)),
        (EdgeCrossEntropy(), (4, 12, 16, 1)),
        (DualTaskLoss(threshold=0.5), (4, 12, 16, 5)),
    ],
)
def test_losses_that_add_up(loss, shape):
    """With the gradients, which each replica has for its own outputs alone."""
    outputs = tf.constant(np.random.default_rng(1).normal(size=shape).astype(np.float32))

    def of(part):
        own = outputs[part]
        with tf.GradientTape() as tape:
            tape.watch(own)
            value = loss(LABELS[part], own)
        return value.numpy(), tape.gradient(value, own).numpy()

    whole, gradient = of(slice(None))
    (first, first_gradient), (second, second_gradient) = _by_parts(lambda index: of(slice(2 * index, 2 * index + 2)))
    assert loss.adds_up and first + second == pytest.approx(whole, rel=1e-5)
    np.testing.assert_allclose(np.concatenate([first_gradient, second_gradient]), gradient, rtol=1e-4, atol=1e-8)
    assert first != pytest.approx(second, rel=1e-3)


def test_hard_examples_do_not_say_that_they_add_up():
    assert not HardExampleCrossEntropy().adds_up
    assert not any(hasattr(loss, "adds_up") for loss in (LovaszSoftmax(), SoftDice(), LOSSES_OF_LOGITS["lovasz"]()))


def test_mean_and_variance_of_the_whole_batch():
    """Where the mean is a thousand times the deviation, a difference of squares would have lost all digits."""
    values = 1000 + np.random.default_rng(0).normal(size=(2, 50, 3)).astype(np.float32)
    found = _by_parts(lambda index: together.mean_and_variance(*tf.nn.moments(tf.constant(values[index]), [0])))
    for mean, variance in found:
        np.testing.assert_allclose(mean, values.mean((0, 1), np.float64), rtol=1e-6)
        np.testing.assert_allclose(variance, values.astype(np.float64).var((0, 1)), rtol=1e-3)


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
    # A step in two parts: all replicas have some of the first one, and some of the second.
    by_worker = [batches(worker=worker, workers=workers, replicas=workers, parts=2) for worker in range(workers)]
    shares = [np.split(one[0], 2) for one in by_worker]
    np.testing.assert_array_equal(np.concatenate([share[part] for part in range(2) for share in shares]), whole[0])


def test_replicas_refuse_what_they_cannot_do_together(tiny_streets, tmp_path):
    class Two(Replicas):
        count = 2

    recipe = tiny_recipe("SegNet", tiny_streets, batch_size=5)
    with pytest.raises(CourseError, match="--batch-size 4 or 6"):
        train_recipe(recipe, tmp_path / "run", replicas=Two())
    several = Two()
    several.workers = 2
    with pytest.raises(CourseError, match="give --epochs"):
        several.check(tiny_recipe("SegNet", tiny_streets, epochs=None, minutes=1.0))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("batch", "parts", "words"),
    [
        (2, 8, "--batch-size 8 --accumulate 2 (the same step)"),
        (3, 4, "--batch-size 12 --accumulate 1 (the same step)"),
        (2, 5, "--batch-size 4"),
    ],
)
def test_batches_that_do_not_suit_four_gpus_are_trained_on_one(batch, parts, words, tiny_streets, capsys):
    """Where nobody named a strategy; otherwise they are refused, and a line says what fits."""

    class Four(Replicas):
        count = 4

    recipe = tiny_recipe("SegNet", tiny_streets, batch_size=batch, accumulate=parts)
    assert Four(asked=False).check(recipe) is ONE
    said = capsys.readouterr().err
    assert words in said and "one GPU trains" in said and said.count("\n") == 1
    with pytest.raises(CourseError, match=re.escape(words)):
        Four().check(recipe)
    fits = tiny_recipe("SegNet", tiny_streets, batch_size=4, accumulate=parts)
    assert (several := Four(asked=False)).check(fits) is several


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
