"""Images of four classes with a known skill, counted."""

import numpy as np

from course_utils.evaluation import ConfusionMatrix

SHARES = np.array([1.0, 0.9, 0.6, 0.3])  # of the images that show a class
SKILL = np.array([0.9, 0.8, 0.7, 0.5])  # share of a class's pixels that is found


def draw(images, seed, skill=SKILL):
    """Counts [images, 4, 4] of a system: areas and skill vary from image to image."""
    random = np.random.default_rng(seed)
    area = random.gamma(2.0, 1000 * SHARES, size=(images, 4)) * (random.random((images, 4)) < SHARES)
    hits = (area * random.beta(6 * skill, 6 * (1 - skill), size=(images, 4))).astype(int)
    counts = np.zeros((images, 4, 4), int)
    spread = (area.astype(int) - hits) // 3
    for label in range(4):
        counts[:, label] = spread[:, label, None]
        counts[:, label, label] = hits[:, label]
    return counts


def parts(counts):
    return np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1), counts.sum(axis=-2)


def confusion(counts):
    matrix = ConfusionMatrix(counts.shape[-1])
    matrix.matrix = counts.copy()
    return matrix
