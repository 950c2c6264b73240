"""The image-blind prior: what it answers and scores, and where that is stated."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from course_utils.errors import CourseError
from course_utils.evaluation import Tally, score_table
from course_utils.evaluation import prior as module
from course_utils.evaluation.prior import ImageBlindPrior, evenly_spaced
from course_utils.labels import CAMVID


def test_each_place_gets_its_most_frequent_class():
    random = np.random.default_rng(0)
    maps = random.integers(0, 4, size=(9, 5, 7)).astype(np.uint8)
    maps[maps == 3] = 255
    prior = ImageBlindPrior(maps, 3)
    counts = np.stack([(maps == train_id).sum(axis=0) for train_id in range(3)])
    picked = np.take_along_axis(counts, prior.predict((5, 7))[None].astype(int), axis=0)[0]
    np.testing.assert_array_equal(picked, counts.max(axis=0))


def test_a_place_that_was_always_void_gets_the_class_that_is_most_frequent_anywhere():
    assert ImageBlindPrior([np.array([[1, 1, 0, 255]])], 2).classes.tolist() == [[1, 1, 0, 1]]


def test_maps_of_other_sizes_are_brought_to_one():
    small = np.array([[0, 1], [2, 3]], np.uint8)
    large = np.kron(small, np.ones((6, 4), np.uint8)).astype(np.uint8)
    for maps in ([small, large], [large, small]):
        prior = ImageBlindPrior(maps, 4)
        np.testing.assert_array_equal(prior.predict((2, 2)), small)
        np.testing.assert_array_equal(prior.predict((12, 8)), large)


def test_no_other_constant_answer_is_right_more_often_on_the_maps_it_was_made_from():
    random = np.random.default_rng(1)
    maps = random.choice([0, 1, 2, 255], p=[0.5, 0.3, 0.1, 0.1], size=(20, 8, 8)).astype(np.uint8)
    accuracy = ImageBlindPrior(maps, 3).confusion(maps).pixel_accuracy()
    for train_id in range(3):
        constant = ImageBlindPrior([np.full((8, 8), train_id, np.uint8)], 3)
        assert accuracy >= constant.confusion(maps).pixel_accuracy()


def test_large_maps_are_counted_at_a_lower_resolution(monkeypatch):
    monkeypatch.setattr(module, "MOST_PIXELS", 32)
    large = np.kron(np.array([[0, 1]], np.uint8), np.ones((16, 16), np.uint8)).astype(np.uint8)
    prior = ImageBlindPrior([large], 2)
    assert prior.classes.size <= 32
    np.testing.assert_array_equal(prior.predict(large.shape), large)


def test_nothing_to_learn_from_is_said():
    for maps in ([], [np.full((2, 2), 255, np.uint8)]):
        with pytest.raises(CourseError, match="at least one class"):
            ImageBlindPrior(maps, 2)


def test_a_copy_without_a_whole_training_split_has_no_prior():
    def frames(split):
        raise CourseError("a label is missing")

    for splits in (["val"], ["train", "val"]):
        assert ImageBlindPrior.of(SimpleNamespace(available_splits=splits, frames=frames)) is None


def test_the_table_and_the_json_state_the_prior():
    tally, truth = Tally(CAMVID), np.array([[0, 0, 1, 1]], np.uint8)
    tally.update(truth, truth)
    scores = replace(tally.scores(), prior=ImageBlindPrior([np.zeros((1, 4), np.uint8)], 11).confusion([truth]))
    assert json.loads(scores.to_json())["prior_mean_iou"] == scores.prior_mean_iou == 0.25
    table = score_table(scores).split("\n\n")[0].splitlines()
    assert table[-1].split() == ["image-blind", "prior", "25.0", "50.0"]
    plain = replace(scores, prior=None)
    assert "prior" not in score_table(plain) and json.loads(plain.to_json())["prior_mean_iou"] is None


@pytest.mark.parametrize("number", [0, 1, 4, 10, 11])
def test_evenly_spaced_items_are_few_enough_distinct_and_spread(number):
    chosen = evenly_spaced(list(range(number)), 4)
    assert len(chosen) == min(number, 4) and len(set(chosen)) == len(chosen)
    assert max(np.diff([*chosen, number]), default=0) <= -(-number // 4)
