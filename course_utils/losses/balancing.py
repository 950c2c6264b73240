"""Class weights against the imbalance of streets: much road, few poles."""

import functools

import numpy as np


def median_frequency_weights(pixels, image_pixels, power: float = 1.0) -> np.ndarray:
    """Class weights by median frequency balancing (Eigen and Fergus 2015, as used by SegNet, section 3.2).

    A class's frequency is its pixels divided by the pixels of all images in which it occurs; its weight is the median
    frequency over the classes divided by its own.

    Args:
        pixels: pixels of each class, `[num_classes]`.
        image_pixels: pixels of the images that contain the class, `[num_classes]`.
        power: 1 as published; 0.5 tempers the weights, 0 switches them off.

    Returns:
        float64 `[num_classes]`; a class that never occurs gets weight 1.
    """
    pixels, image_pixels = np.asarray(pixels, np.float64), np.asarray(image_pixels, np.float64)
    present = pixels > 0
    weights = np.ones(len(pixels))
    if present.any():
        frequency = pixels[present] / image_pixels[present]
        weights[present] = (np.median(frequency) / frequency) ** power
    return weights


BALANCING = {
    "none": None,
    "sqrt-median": functools.partial(median_frequency_weights, power=0.5),
    "median": median_frequency_weights,
}
"""Class weights from the pixels of each class and those of the images it occurs in, both `[num_classes]`.

None weighs all classes alike, and then no pixels need to be counted.
"""
