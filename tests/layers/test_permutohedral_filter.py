"""The permutohedral filter: how near it is to all pairs, its gradient, and that images of a batch do not meet."""

import numpy as np
import pytest

from course_utils.backend import tf
from course_utils.datasets import toy_streets
from course_utils.layers.random_fields.gaussian_filters import exact_appearance_filter
from course_utils.layers.random_fields.permutohedral_filter import permutohedral_filter


def street(height, width, number=0):
    """The lower left part of a street."""
    image = toy_streets.render(0, number, (64, 128), "val").image / np.float32(255)
    return image[np.newaxis, -height:, :width]


def masks(height, width, channels=3):
    """Blocks of zeros and ones, as a label map's classes are."""
    blocks = np.random.default_rng(0).integers(0, 2, (1, -(-height // 8), -(-width // 8), channels))
    return blocks.repeat(8, 1).repeat(8, 2)[:, :height, :width].astype("float32")


@pytest.mark.parametrize(("position", "color"), [(10, 5), (20, 5), (20, 15), (40, 15)])
def test_a_street_is_filtered_as_by_all_pairs(position, color):
    """Within a tenth of the exact result's norm."""
    images, maps = street(48, 96), masks(48, 96)
    exact, near = (
        make(images, position, color / 255)(maps).numpy() for make in (exact_appearance_filter, permutohedral_filter)
    )
    assert np.linalg.norm(near - exact) < 0.1 * np.linalg.norm(exact)


def test_one_colour_is_blurred_by_position_alone():
    images, maps = np.full((1, 24, 30, 3), 0.4, "float32"), masks(24, 30)
    exact, near = (make(images, 5.0, 0.1)(maps).numpy() for make in (exact_appearance_filter, permutohedral_filter))
    assert np.linalg.norm(near - exact) < 0.05 * np.linalg.norm(exact)


def test_images_of_a_batch_and_channels_of_a_map_do_not_meet():
    images = np.concatenate([street(16, 24), street(16, 24, 1)])
    maps = np.concatenate([masks(16, 24), 1 - masks(16, 24)])
    both = permutohedral_filter(images, 8.0, 0.05)(maps)
    for number in range(2):
        alone = permutohedral_filter(images[number : number + 1], 8.0, 0.05)
        for channel in range(3):
            one = alone(maps[number : number + 1, ..., channel : channel + 1])
            np.testing.assert_allclose(both[number : number + 1, ..., channel : channel + 1], one, rtol=1e-4, atol=1e-6)


def test_gray_images_and_single_pixels():
    gray = street(12, 18).mean(-1, keepdims=True)
    assert permutohedral_filter(gray, 6.0, 0.1)(masks(12, 18)).shape == (1, 12, 18, 3)
    alone = permutohedral_filter(np.zeros((1, 1, 1, 3), "float32"), 6.0, 0.1)(np.ones((1, 1, 1, 2), "float32"))
    assert np.abs(alone).max() < 0.5, "a pixel is not bound to itself"


def test_the_gradient_is_the_transposed_matrix():
    apply = permutohedral_filter(street(10, 14), 6.0, 0.05)
    generator = np.random.default_rng(1)
    maps, weights = (tf.constant(generator.normal(size=(1, 10, 14, 2)).astype("float32")) for _ in range(2))
    with tf.GradientTape() as tape:
        tape.watch(maps)
        value = tf.reduce_sum(weights * apply(maps))
    np.testing.assert_allclose(tf.reduce_sum(maps * tape.gradient(value, maps)), value, rtol=1e-4)
