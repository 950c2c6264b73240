"""What is kept of every frame, and the intervals that follow from it."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.evaluation import (
    BoundaryF,
    ConfusionMatrix,
    FrameCounts,
    Tally,
    best_and_worst,
    bootstrap_interval,
    score_table,
)
from course_utils.evaluation.measures.frame_counts import frames_with
from course_utils.evaluation.measures.score_functions import class_iou
from course_utils.evaluation.statistics.image_counts import summed
from course_utils.labels import CITYSCAPES, VOID


def draw(seed, shape=(12, 20)):
    """A label map and a prediction, void in both, as label ids."""
    rng = np.random.default_rng(seed)
    truth = rng.choice([0, 7, 8, 11, 26], shape).astype(np.uint8)
    prediction = np.where(rng.random(shape) < 0.7, truth, rng.choice([0, 7, 27, 33], shape)).astype(np.uint8)
    return truth, prediction


def tally_of(seeds, cities=None, **options):
    tally = Tally(CITYSCAPES, **options)
    for number, seed in enumerate(seeds):
        tally.update(*draw(seed), name=f"frame {number}", city=cities and cities[number])
    return tally


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=4))
def test_frames_add_up_to_the_whole(seeds):
    tally = tally_of(seeds)
    total = ConfusionMatrix(CITYSCAPES.num_classes)
    for seed, frame in zip(seeds, tally.per_frame, strict=True):
        alone = ConfusionMatrix(CITYSCAPES.num_classes)
        alone.update(*map(CITYSCAPES.to_train_ids, draw(seed)))
        assert frame.confusion == alone
        assert frame.pixel_accuracy() == pytest.approx(alone.pixel_accuracy())
        total += alone
    assert total == tally.confusion == tally.scores().confusion


def test_a_frame_that_is_all_void_keeps_nothing():
    frame = FrameCounts.of(np.array([VOID, VOID]), np.array([0, VOID]), np.array([3, 4]), 2)
    assert len(frame.cells) == 0 and np.isnan(frame.pixel_accuracy())
    assert best_and_worst([frame], 3) == ([], [])


def test_names_and_cities_are_kept_through_sums():
    tally = tally_of([1, 2], ["ulm", "bonn"])
    tally += tally_of([3], ["jena"])
    assert [frame.city for frame in tally.per_frame] == ["ulm", "bonn", "jena"]
    assert [frame.name for frame in tally.per_frame] == ["frame 0", "frame 1", "frame 0"]


@pytest.mark.parametrize("count", range(6))
def test_best_and_worst(count):
    frames = [
        FrameCounts.of(np.array([0, 0]), np.array([0, 1]), np.array([k + 1, 100]), 2, f"{k}") for k in range(count)
    ]
    best, worst = best_and_worst(frames, 2)
    names = [[int(frame.name) for frame in part] for part in (best, worst)]
    assert names[0] == list(range(count))[::-1][: min(2, (count + 1) // 2)]
    assert names[1] == list(range(count))[: min(2, count // 2)]


def test_frames_with_each_class():
    frames = [FrameCounts.of(np.array(t), np.array(t), np.ones(len(t), int), 4) for t in ([0, 1], [1, 1], [3, VOID])]
    assert frames_with(frames, 4).tolist() == [1, 2, 0, 1]
    assert frames_with([], 2).tolist() == [0, 0]


def test_intervals_are_those_of_the_matrices():
    cities = ["ulm", "ulm", "bonn", "jena", "jena", "jena"]
    tally = tally_of(range(6), cities)
    scores = tally.scores()
    matrices = [frame.confusion for frame in tally.per_frame]
    assert set(scores.intervals) == {"images", "cities"}
    for over, counts in (("images", matrices), ("cities", summed(matrices, cities))):
        found = scores.intervals[over]
        assert found.number == len(counts)
        assert found.mean_iou == pytest.approx(bootstrap_interval(counts))
        low, high = bootstrap_interval(counts, class_iou)
        expected = np.transpose([low, high])
        expected[np.array(list(scores.class_frames.values())) < 5] = np.nan
        np.testing.assert_allclose(list(found.class_iou.values()), expected)
        assert np.isfinite(expected).any()
        assert found.mean_iou.low < scores.mean_iou < found.mean_iou.high


def test_intervals_need_frames_and_cities():
    assert tally_of([1]).scores().intervals == {}
    assert set(tally_of([1, 2], ["ulm", "ulm"]).scores().intervals) == {"images"}
    assert set(tally_of([1, 2], ["ulm", None]).scores().intervals) == {"images"}


def test_table_and_json_with_intervals():
    scores = tally_of(range(6), ["ulm", "ulm", "bonn"] * 2).scores()
    head, _, *rows = score_table(scores, intervals=True).split("\n\n")[0].splitlines()
    assert head.split() == [
        "class",
        "IoU",
        "95",
        "%",
        "interval",
        "over",
        "2",
        "cities",
        "accuracy",
        "pixels",
        "frames",
    ]
    road = next(row for row in rows if row.startswith("road")).split()
    ends = scores.intervals["images"].class_iou["road"]
    assert road[2:5] == [f"{100 * ends.low:.1f}", "…", f"{100 * ends.high:.1f}"] and road[-1] == "6"
    assert next(row for row in rows if row.startswith("sky")).split()[1:4] == ["–", "–", "–"]
    assert "interval" not in score_table(scores)
    values = json.loads(scores.to_json())
    assert values["intervals"]["cities"]["number"] == 2
    assert values["intervals"]["images"]["mean_iou"] == list(scores.intervals["images"].mean_iou)
    assert values["intervals"]["images"]["class_iou"]["sky"] == [None, None]
    assert values["class_frames"]["road"] == 6 and values["class_frames"]["sky"] == 0
    assert [frame["name"] for frame in values["per_frame"]] == [f"frame {k}" for k in range(6)]
    assert values["boundary_f"] == {} and values["notes"] == []


def test_boundary_f_is_that_of_the_same_frames():
    tally = tally_of([5, 6], tolerances=(0.0075, 3))
    tally += tally_of([7], tolerances=(0.0075, 3))
    alone = BoundaryF(CITYSCAPES.num_classes, 3)
    for seed in (5, 6, 7):
        alone.update(*map(CITYSCAPES.to_train_ids, draw(seed)))
    scores = tally.scores()
    found = json.loads(scores.to_json())["boundary_f"]
    assert list(found) == ["0.0075", "3"]
    for absent in ("one", "skip"):
        assert found["3"][absent]["mean"] == alone.mean(absent)
        values = [np.nan if value is None else value for value in found["3"][absent]["classes"].values()]
        np.testing.assert_array_equal(values, alone.class_scores(absent))
    lines = score_table(scores).split("\n\n")[2].splitlines()
    assert lines[0].split() == ["boundary", "F", "0.75", "%", "3", "px"]
    assert lines[-1].split()[-1] == f"{100 * alone.mean('skip'):.1f}"
    assert lines[-2].split()[-1] == f"{100 * alone.mean('one'):.1f}"
