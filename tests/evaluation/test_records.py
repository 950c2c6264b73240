"""Recorded results: written, read and counted as the scores count."""

from dataclasses import replace

import numpy as np
import pytest

from course_utils.errors import CourseError
from course_utils.evaluation import BoundaryF, ConfusionMatrix, Records, records_file
from course_utils.evaluation.files.records import results_dir
from course_utils.labels import VOID

FACTS = {"dataset": "toy", "command": "make", "parameters": [10, 20], "epochs": [1, 2]}


@pytest.fixture
def label_maps():
    random = np.random.default_rng(0)
    truths = {f"frame {k}": random.choice([0, 1, 2, VOID], size=(8, 12)).astype(np.uint8) for k in range(3)}
    return truths, {name: random.integers(0, 3, size=(3, 8, 12)) for name in ("A", "B")}


@pytest.mark.parametrize("keep", [True, False])
def test_counts_are_those_of_each_frame(label_maps, keep):
    truths, predictions = label_maps
    given = {name: iter(maps) for name, maps in predictions.items()}
    records = Records.of(given, truths, 3, keep=keep, **FACTS)
    assert records.systems == ("A", "B") and records.frames == tuple(truths)
    for system, maps in predictions.items():
        boundary = BoundaryF(3, 0.0075)
        for frame, (truth, prediction) in enumerate(zip(truths.values(), maps, strict=True)):
            confusion = ConfusionMatrix(3)
            confusion.update(truth, prediction)
            np.testing.assert_array_equal(records.of_system(system)[frame], confusion.matrix)
            boundary.update(truth, prediction)
        assert records.boundary_of(system).mean("skip") == pytest.approx(boundary.mean("skip"))
        if keep:
            np.testing.assert_array_equal(records.predictions[records.systems.index(system)], maps)
    assert keep or records.predictions is None


def test_the_prior_is_counted_frame_by_frame_and_kept(label_maps, tmp_path):
    truths, predictions = label_maps
    answer = np.ones((8, 12), np.uint8)
    records = Records.of(predictions, truths, 3, prior=lambda size: answer[: size[0], : size[1]], **FACTS)
    records.save(records_file("toy", tmp_path))
    again = Records.read(records_file("toy", tmp_path)).prior
    assert again.dtype == np.int64
    for counts, truth in zip(again, truths.values(), strict=True):
        np.testing.assert_array_equal(counts[:, 1], [(truth == train_id).sum() for train_id in range(3)])
        assert counts[:, [0, 2]].sum() == 0


@pytest.mark.parametrize("keep", [True, False])
def test_what_is_saved_is_read(label_maps, tmp_path, keep):
    records = Records.of(label_maps[1], label_maps[0], 3, keep=keep, **FACTS)
    records.save(tmp_path / "systems_toy.npz")
    again = Records.read(records_file("toy", tmp_path))
    for name in ("dataset", "command", "systems", "frames"):
        assert getattr(again, name) == getattr(records, name)
    for name in ("parameters", "epochs", "counts", "boundary", "present"):
        np.testing.assert_array_equal(getattr(again, name), getattr(records, name))
    assert again.counts.dtype == np.int64
    assert keep == (again.predictions is not None)


def test_further_trainings_are_kept_beside_the_first(label_maps, tmp_path):
    truths, predictions = label_maps
    first, second = (
        Records.of(predictions, truths, 3, **FACTS),
        Records.of({name: (maps + 1) % 3 for name, maps in predictions.items()}, truths, 3, **FACTS),
    )
    records = replace(first, split="test", others=second.counts[None], multiply_adds=np.array([5, 6]))
    records.save(tmp_path / "systems_toy.npz")
    again = Records.read(tmp_path / "systems_toy.npz")
    assert again.split == "test" and again.multiply_adds.tolist() == [5, 6]
    np.testing.assert_array_equal(again.trainings_of("B"), [first.of_system("B"), second.of_system("B")])
    np.testing.assert_array_equal(first.trainings_of("A"), first.of_system("A")[None])
    with pytest.raises(CourseError, match="no records of 'C'"):
        again.trainings_of("C")


def test_what_is_no_record_is_refused(label_maps, tmp_path):
    with pytest.raises(CourseError, match=r"no recorded results at .*systems_x\.npz.*benchmarks/systems\.py"):
        Records.read(records_file("x", tmp_path))
    records_file("x", tmp_path).write_bytes(b"PK broken")
    with pytest.raises(CourseError, match="make it again"):
        Records.read(records_file("x", tmp_path))
    np.savez(records_file("x", tmp_path), counts=np.zeros(3))
    with pytest.raises(CourseError, match="make it again"):
        Records.read(records_file("x", tmp_path))
    with pytest.raises(CourseError, match="no records of 'C': choose one of A, B"):
        Records.of(label_maps[1], label_maps[0], 3, **FACTS).of_system("C")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("counts", lambda value: value[:, :2]),
        ("counts", lambda value: -value),
        ("counts", lambda value: value.astype(object)),
        ("boundary", lambda value: value * np.nan),
        ("boundary", lambda value: value + 2),
        ("present", lambda value: value[0]),
        ("systems", lambda value: value[:1]),
        ("frames", lambda value: np.arange(3)),
        ("epochs", lambda value: value[:, None]),
        ("parameters", lambda value: np.array(["a", "b"])),
        ("predictions", lambda value: value[0]),
        ("prior", lambda value: np.zeros(3)),
        ("strange", lambda value: np.zeros(3)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_records_that_do_not_fit_together_are_refused(label_maps, tmp_path, name, change):
    file = tmp_path / "systems_toy.npz"
    Records.of(label_maps[1], label_maps[0], 3, **FACTS).save(file)
    with np.load(file) as stored:
        values = dict(stored)
    np.savez(file, **values | {name: change(values.get(name))})
    with pytest.raises(CourseError, match=r"systems_toy\.npz holds no recorded results .*make it again") as error:
        Records.read(file)
    assert "\n" not in str(error.value)


def test_damaged_records_are_one_line(label_maps, tmp_path):
    file = tmp_path / "systems_toy.npz"
    Records.of(label_maps[1], label_maps[0], 3, **FACTS).save(file)
    whole, random = file.read_bytes(), np.random.default_rng(0)
    for length in random.integers(0, len(whole) - 1, 60):
        file.write_bytes(whole[:length])
        with pytest.raises(CourseError, match="make it again"):
            Records.read(file)
    for place in random.integers(0, len(whole), 120):
        spoilt = bytearray(whole)
        spoilt[place] ^= 1 << int(random.integers(8))
        file.write_bytes(spoilt)
        try:
            Records.read(file)
        except CourseError as error:
            assert "make it again" in str(error) and "\n" not in str(error)


FILES = sorted(results_dir().glob("systems_*.npz"))


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_courses_own_records_are_consistent(file):
    """The predictions, where they are kept, and the counts of a frame tell of the same pixels."""
    records = Records.read(file)
    systems, frames, classes = len(records.systems), len(records.frames), records.present.shape[1]
    assert records.counts.shape == (systems, frames, classes, classes)
    assert records.boundary.shape == (systems, frames, classes)
    truth = records.counts.sum(axis=3)
    assert (truth == truth[0]).all(), "all systems saw the same truth"
    np.testing.assert_array_equal(truth[0] > 0, records.present)
    if records.predictions is not None:
        pixels = (records.predictions[:, 0, ..., None] == np.arange(classes)).sum(axis=(1, 2))
        assert (pixels >= records.counts[:, 0].sum(axis=1)).all()
