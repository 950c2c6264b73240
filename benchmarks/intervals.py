"""Speed of the bootstrap, and how often its intervals hold the truth.

    python benchmarks/intervals.py                  # under five minutes
    python benchmarks/intervals.py --samples 2000   # coverage to half a point

Coverage is found by simulation, since there the truth is known: images show six classes, one in all of them and one in
twenty, in areas and with a skill that vary from image to image; a sample's 95 % interval should hold the scores of
400,000 such images in 95 of 100 samples. The same with cities, whose images have a skill in common, resampled whole,
and with drives, in which the share of right pixels wanders from frame to frame, resampled frame by frame and in blocks.
"""

import argparse
import os
import platform
import time

import numpy as np

from course_utils.evaluation import block_length, bootstrap_interval, paired_test
from course_utils.evaluation.measures.score_functions import means_and_iou, pixel_accuracy
from course_utils.machine import processors

SHARES = np.array([1.0, 0.9, 0.6, 0.3, 0.1, 0.05])  # of the images that show a class
SKILL = np.array([0.9, 0.8, 0.7, 0.6, 0.6, 0.5])  # share of a class's pixels that is found
SIZES = (10, 25, 50, 100, 200, 500)
CITIES = (2, 3, 6, 12, 25, 50)
IMAGES_OF_A_CITY = 20
DRIVES = ((0.0, 100), (0.5, 100), (0.9, 100), (0.9, 300), (0.95, 100), (0.95, 500))
"""Correlation of a frame with the next one, and number of frames."""


def draw(random, images: int, cities: int | None = None) -> np.ndarray:
    """Pixels of images `[images, 6, 6]`, truth in rows; with cities, the sums of their images `[cities, 6, 6]`."""
    classes = len(SHARES)
    shift = random.normal(0, 0.3, size=(cities or images, 1)).repeat(images // cities if cities else 1, axis=0)
    skill = 1 / (1 + np.exp(-(np.log(SKILL / (1 - SKILL)) + shift)))
    area = random.gamma(2.0, 1000, size=(images, classes)) * (random.random((images, classes)) < SHARES)
    hits = (area * random.beta(6 * skill, 6 * (1 - skill))).astype(int)
    counts = np.repeat((area.astype(int) - hits)[..., None] // (classes - 1), classes, axis=-1)
    counts[:, range(classes), range(classes)] = hits
    return counts.reshape(cities, -1, classes, classes).sum(axis=1) if cities else counts


def scores_of(counts) -> np.ndarray:
    """Mean IoU, then the IoU of each class, of all images together."""
    total = counts.sum(axis=0)
    return means_and_iou(np.diag(total), total.sum(axis=1), total.sum(axis=0))


def coverage(seed: int, samples: int, truth, images: int, cities: int | None = None) -> np.ndarray:
    """Share of the intervals that hold the truth, for the mean and each class, where they are defined."""
    held = []
    for sample in range(samples):
        counts = draw(np.random.default_rng([seed, images, cities or 0, sample]), images, cities)
        low, high = bootstrap_interval(counts, means_and_iou, resamples=1000, block=1)
        held.append(np.where(np.isnan(low), np.nan, (low <= truth) & (truth <= high)))
    return np.nanmean(held, axis=0)


def drive(random, correlation: float, frames: int) -> np.ndarray:
    """Pixels of the frames of a drive `[frames, 2, 2]`, 60 % of them right in the mean."""
    series = [random.normal()]
    for step in random.normal(size=frames - 1):
        series.append(correlation * series[-1] + np.sqrt(1 - correlation**2) * step)
    right = (1000 * np.clip(0.6 + 0.08 * np.array(series), 0, 1)).round().astype(int)
    counts = np.zeros((frames, 2, 2), int)
    counts[:, 0, 0], counts[:, 0, 1] = right, 1000 - right
    return counts


def coverage_of_drives(seed: int, samples: int) -> None:
    """Print how often intervals over single frames and over blocks hold the truth of a drive."""
    print(f"\n{'correlation':>11}{'frames':>8}{'single frames':>15}{'blocks':>8}{'block length':>14}")
    for correlation, frames in DRIVES:
        held, lengths = {1: [], None: []}, []
        for sample in range(samples):
            counts = drive(np.random.default_rng([seed, frames, sample]), correlation, frames)
            lengths.append(block_length(counts, pixel_accuracy))
            for block, found in held.items():
                low, high = bootstrap_interval(counts, pixel_accuracy, resamples=500, block=block)
                found.append(low <= 0.6 <= high)
        single, blocks = (100 * np.mean(found) for found in held.values())
        print(f"{correlation:11.2f}{frames:8}{single:15.1f}{blocks:8.1f}{np.median(lengths):14.0f}")


def speed() -> None:
    """Time 10,000 resamples of 500 images and 19 classes."""
    random = np.random.default_rng(0)
    first, second = random.integers(0, 1000, size=(2, 500, 19, 19))
    for name, work in [
        ("intervals of mIoU and 19 classes", lambda: bootstrap_interval(first, means_and_iou)),
        ("the same for a difference, and p-values", lambda: paired_test(first, second, means_and_iou)),
    ]:
        wall, processor = time.perf_counter(), time.process_time()
        work()
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        print(f"10,000 resamples of 500 images, {name}: {wall:.2f} s ({processor:.2f} s of processor time)")


def main() -> None:
    """Time, simulate, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=500, help="of which the coverage is a share")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(f"{platform.machine()}, {processors()} processors, load {os.getloadavg()[0]:.1f}")
    speed()
    error = 100 * np.sqrt(0.95 * 0.05 / options.samples)
    print(f"\nCoverage of nominal 95 % intervals in per cent, {options.samples} samples, standard error {error:.1f}")
    heads = [f"in {share:.0%}" for share in SHARES]
    for kind, numbers in (("images", SIZES), ("cities", CITIES)):
        grouped = kind == "cities"
        many = draw(np.random.default_rng([options.seed, 1]), 400_000, 400_000 // IMAGES_OF_A_CITY if grouped else None)
        truth = scores_of(many)
        print(f"\n{kind:>8}{'mIoU':>8}" + "".join(f"{head:>10}" for head in heads))
        for number in numbers:
            images, cities = (number * IMAGES_OF_A_CITY, number) if grouped else (number, None)
            shares = coverage(options.seed, options.samples, truth, images, cities)
            print(f"{number:8}{100 * shares[0]:8.1f}" + "".join(f"{100 * share:10.1f}" for share in shares[1:]))
    coverage_of_drives(options.seed, options.samples)


if __name__ == "__main__":
    main()
