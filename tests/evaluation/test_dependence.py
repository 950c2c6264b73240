"""Frames of one drive: their correlation measured, and intervals and tests that do not take them for independent."""

import numpy as np
import pytest
from random_counts import draw

from course_utils.evaluation import (
    Records,
    Scores,
    Tally,
    block_length,
    bootstrap_interval,
    compare,
    compare_all,
    paired_test,
    records_file,
    seed_spread,
)
from course_utils.evaluation.measures.score_functions import mean_iou, pixel_accuracy
from course_utils.evaluation.statistics.dependence import autocorrelation, dependent_lags, influences
from course_utils.evaluation.statistics.image_counts import counts_of
from course_utils.evaluation.statistics.intervals import draw_weights, images_that_count
from course_utils.labels import CAMVID

AREA = 1000


def drive(images, correlation, seed, mean=0.6):
    """Counts [images, 2, 2] whose share of right pixels is an autoregressive series of this lag-1 correlation."""
    random, share = np.random.default_rng([images, seed]), [0.0]
    share[0] = random.normal()
    for _ in range(images - 1):
        share.append(correlation * share[-1] + np.sqrt(1 - correlation**2) * random.normal())
    right = (AREA * np.clip(mean + 0.08 * np.array(share), 0, 1)).round().astype(int)
    counts = np.zeros((images, 2, 2), int)
    counts[:, 0, 0], counts[:, 0, 1] = right, AREA - right
    return counts


def width(interval):
    return interval.high - interval.low


def test_correlation_is_that_of_a_known_series():
    assert autocorrelation([1.0, -1.0, 1.0, -1.0], 2) == pytest.approx([1, -3 / 4, 2 / 4])
    series = drive(20_000, 0.9, 0)[:, 0, 0]
    assert autocorrelation(series, 3) == pytest.approx([1, 0.9, 0.81, 0.73], abs=0.03)
    assert dependent_lags(np.array([1, 0.9, 0.6, *[0.1] * 8]), 100) == 2
    assert dependent_lags(np.array([1, *[0.2] * 8]), 100) == 0  # up to 0.28 may be chance among 100


def test_the_influence_of_an_image_is_what_leaving_it_out_takes_away():
    counts = counts_of(draw(6, 1))
    found = influences(mean_iou, counts)
    left = [mean_iou(*(np.delete(part, k, axis=0).sum(axis=0) for part in counts)) for k in range(6)]
    assert np.argmax(found) == np.argmin(left)
    assert found - found[0] == pytest.approx(-(np.array(left) - left[0]))


def test_blocks_are_as_long_as_the_correlation_asks_for_and_independent_images_stay_single():
    """For 300 images of lag-1 correlation 0.9, Politis and White's formula gives blocks of 34."""
    lengths = [block_length(drive(300, 0.9, seed), pixel_accuracy) for seed in range(30)]
    g, variance = 2 * 0.9 / (1 - 0.9) ** 2, (1 + 0.9) / (1 - 0.9)
    ideal = (1.5 * (g / variance) ** 2 * 300) ** (1 / 3)
    assert 0.5 * ideal < np.median(lengths) < 1.2 * ideal
    assert np.mean([block_length(draw(100, seed)) == 1 for seed in range(60)]) > 0.9
    assert block_length(np.repeat(draw(1, 0), 30, axis=0)) == 1  # nothing varies
    shuffled = np.random.default_rng(0).permutation(drive(300, 0.9, 0))
    assert block_length(shuffled, pixel_accuracy) < 5 < block_length(drive(300, 0.9, 0), pixel_accuracy)


@pytest.mark.parametrize(("images", "block"), [(60, 4), (101, 17), (7, 7), (9, 1)])
def test_each_resample_has_as_many_images_in_blocks_on_a_circle_and_all_are_drawn_equally_often(images, block):
    weights = draw_weights(np.random.default_rng(0), images, 4000, block)
    assert (weights.sum(axis=1) == images).all()
    assert weights.mean(axis=0) == pytest.approx(1, abs=0.1 * np.sqrt(block))
    if 1 < block < images:
        # Neighbours come together: how often an image comes is correlated with how often the next one does.
        ties = np.corrcoef(weights.T)
        assert ties[3, 4] == pytest.approx(1 - 1 / block, abs=0.15) and ties[0, images - 1] > 0.3


def test_an_interval_over_one_drive_holds_the_truth_far_more_often_in_blocks():
    """In 150 drives of 300 frames with a lag-1 correlation of 0.9: the share's own standard error is 3 points."""
    held = {1: [], None: []}
    for seed in range(150):
        counts = drive(300, 0.9, seed)
        for block, found in held.items():
            low, high = bootstrap_interval(counts, pixel_accuracy, resamples=300, block=block)
            found.append(low <= 0.6 <= high)
    assert np.mean(held[1]) < 0.5 and np.mean(held[None]) > 0.8


def test_equal_systems_on_one_drive_are_told_apart_by_single_frames_and_not_by_blocks():
    p_values = {1: [], None: []}
    for seed in range(60):
        first, second = drive(100, 0.9, seed), drive(100, 0.9, 1000 + seed)
        for block, found in p_values.items():
            found.append(paired_test(first, second, pixel_accuracy, resamples=99, block=block).p_value <= 0.05)
    assert np.mean(p_values[1]) > 0.4 and np.mean(p_values[None]) < 0.25


def test_all_pairs_take_the_longest_block_and_seeds_count_fewer_images():
    systems = {"a": drive(100, 0.9, 1), "b": drive(100, 0.9, 2), "c": drive(100, 0.0, 3)}
    pairs = compare_all(systems, pixel_accuracy, resamples=200)
    assert pairs.block > 5 and compare_all(systems, pixel_accuracy, resamples=200, block=1).block == 1
    one = paired_test(systems["a"], systems["b"], pixel_accuracy, resamples=200, block=pairs.block)
    assert [pairs.difference[0, 1], pairs.low[0, 1], pairs.high[0, 1], pairs.p_value[0, 1]] == pytest.approx(one)
    trainings = [drive(100, 0.9, 1), drive(100, 0.9, 1, mean=0.61)]
    dependent, single = (seed_spread(trainings, pixel_accuracy, block=block) for block in (None, 1))
    assert dependent.images > 1.8 * single.images


def test_few_images_with_influence_make_few_that_count():
    random = np.random.default_rng(0)
    normal, rare = random.normal(size=200), np.where(np.arange(200) < 4, random.normal(size=200), 0)
    assert images_that_count(normal) > 150 > 10 > images_that_count(rare)
    assert images_that_count(normal, block=20) <= 10


def test_recorded_frames_of_one_drive_are_dependent_and_drawn_scenes_are_not():
    """CamVid val: every second frame of one drive. Single frames decide most pairs of systems there, blocks few."""
    camvid, toy = (Records.read(records_file(name)) for name in ("camvid", "toy_streets"))
    assert min(block_length(counts) for counts in camvid.counts) > 5
    assert [block_length(counts) for counts in toy.counts] == [1] * len(toy.systems)
    for counts in camvid.counts[:3]:
        single, blocks = (width(bootstrap_interval(counts, resamples=1000, block=block)) for block in (1, None))
        assert blocks > 2.5 * single


def scores_of_drive(shares) -> Scores:
    tally = Tally(CAMVID)
    road, sky = (next(label.id for label in CAMVID.labels if label.name == name) for name in CAMVID.names[:2])
    for number, share in enumerate(shares):
        truth = np.full((1, 200), road, np.uint8)
        truth[0, :20] = sky
        prediction = truth.copy()
        prediction[0, 100 : 100 + int(100 * share)] = sky
        tally.update(truth, prediction, name=f"{number:03d}")
    return tally.scores()


def test_scores_and_comparisons_of_frames_of_one_drive_say_that_they_are_dependent():
    shares = drive(60, 0.95, 4)[:, 0, 0] / AREA
    scores = scores_of_drive(shares)
    found = scores.intervals["images"]
    assert found.block > 3 and scores.to_dict()["intervals"]["images"]["block"] == found.block
    assert any(f"{found.block} in a row were drawn together" in told for told in scores.cautions)
    other = scores_of_drive(np.clip(shares + drive(60, 0.95, 5)[:, 0, 0] / AREA - 0.6, 0, 1))
    assert any("drawn together" in note for note in compare(scores, other, resamples=100).notes)
    shuffled = scores_of_drive(np.random.default_rng(0).permutation(shares))
    assert shuffled.intervals["images"].block == 1
