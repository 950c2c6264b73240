"""Several systems trained and recorded."""

import numpy as np
import pytest

from course_utils import datasets
from course_utils.errors import CourseError
from course_utils.evaluation import ConfusionMatrix
from course_utils.training import Run, leaderboard, recipe


def test_records_are_of_the_networks_that_the_runs_hold(tiny_streets, tmp_path, monkeypatch):
    small = {"image_size": (32, 64), "model_options": {"width": 0.05}, "batch_size": 2, "learning_rate": 0.1}
    monkeypatch.setattr(recipe, "machine_defaults", lambda card, system, gpu: dict(small))
    records = leaderboard.train_systems(
        ["SegNetBasic", "SegNet"], "toy_streets", tmp_path, data_dir=str(tiny_streets), epochs=1
    )
    assert records.systems == ("SegNetBasic", "SegNet") and records.epochs.tolist() == [1, 1]
    assert records.command.endswith("--epochs 1")
    data = datasets.open("toy_streets", tiny_streets)
    frames = data.frames("val")
    assert records.frames == tuple(frame.name for frame in frames)
    for name, predictions, counts, parameters in zip(
        records.systems, records.predictions, records.counts, records.parameters, strict=True
    ):
        run = Run(tmp_path / name)
        assert run.load_model().count_params() == parameters
        confusion = ConfusionMatrix(data.labels.num_classes)
        for frame, prediction in zip(frames, predictions, strict=True):
            confusion.update(data.label_map(frame), prediction)
        np.testing.assert_array_equal(counts.sum(axis=0), confusion.matrix)
        assert confusion.mean_iou() == pytest.approx(run.log[-1]["val_mean_iou"], abs=1e-5)
    prior = ConfusionMatrix(data.labels.num_classes)
    prior.matrix += records.prior.sum(axis=0)
    assert prior.mean_iou() == pytest.approx(run.config["prior_mean_iou"], abs=1e-5)
    # Once more: the runs are kept, and what another seed would have made is no part of them.
    written = (tmp_path / "SegNet" / "config.json").stat().st_mtime_ns
    again = leaderboard.train_systems(["SegNet"], "toy_streets", tmp_path, data_dir=str(tiny_streets), epochs=1)
    np.testing.assert_array_equal(again.counts[0], records.counts[1])
    with pytest.raises(CourseError, match="seed"):
        leaderboard.train_systems(["SegNet"], "toy_streets", tmp_path, data_dir=str(tiny_streets), epochs=1, seed=1)
    assert (tmp_path / "SegNet" / "config.json").stat().st_mtime_ns == written


def test_an_unknown_system_is_refused_before_anything_is_trained(tiny_streets, tmp_path):
    with pytest.raises(CourseError, match="Nonet"):
        leaderboard.train_systems(["Nonet"], "toy_streets", tmp_path / "runs", data_dir=str(tiny_streets), epochs=1)
    assert not (tmp_path / "runs").exists()
