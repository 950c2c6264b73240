"""The layers of LRR: patches drawn from bases, and the mask of a prediction's boundaries."""

import numpy as np
import pytest
from layer_checks import check_layer, check_saving

from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.layers import (
    BasisReconstruction,
    BoundaryMask,
    InterpolationUpsampling2D,
    cosine_bases,
    segment_bases,
)


def maps(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def sum_of_patches(coefficients, bases, factor):
    """Adds every patch where it belongs, and cuts off what falls outside."""
    batch, height, width, _ = coefficients.shape
    size, _, num_classes, num_bases = bases.shape
    canvas = np.zeros((batch, factor * (height + 1), factor * (width + 1), num_classes))
    for image, row, column in np.ndindex(batch, height, width):
        own = coefficients[image, row, column].reshape(num_classes, num_bases)
        patch = sum(bases[:, :, :, number] * own[:, number] for number in range(num_bases))
        canvas[image, factor * row :, factor * column :][:size, :size] += patch
    first = factor // 2
    return canvas[:, first : first + factor * height, first : first + factor * width]


@pytest.mark.parametrize(("factor", "num_classes", "num_bases"), [(4, 3, 10), (2, 1, 3), (3, 2, 4)])
def test_reconstruction_is_a_sum_of_patches(factor, num_classes, num_bases):
    coefficients = maps(2, 3, 5, num_classes * num_bases)
    layer = BasisReconstruction(num_classes, num_bases, factor)
    layer.build(coefficients.shape)
    layer.set_weights([maps(2 * factor, 2 * factor, num_classes, num_bases, seed=1)])
    expected = sum_of_patches(coefficients, layer.get_weights()[0], factor)
    np.testing.assert_allclose(layer(coefficients), expected, rtol=1e-4, atol=1e-4)


def test_reconstruction_is_a_transposed_convolution_in_groups():
    coefficients = maps(1, 4, 3, 6)
    layer = BasisReconstruction(2, 3)
    scores = layer(coefficients)
    for number in range(2):
        kernel = np.moveaxis(layer.get_weights()[0][:, :, number : number + 1], 2, 2)
        own = coefficients[..., 3 * number : 3 * number + 3]
        expected = tf.nn.conv2d_transpose(own, kernel, [1, 16, 12, 1], 4, "SAME")
        np.testing.assert_allclose(scores[..., number : number + 1], expected, rtol=1e-4, atol=1e-5)


def test_scores_of_a_class_depend_on_its_own_coefficients_only():
    coefficients = maps(1, 3, 4, 3 * 5)
    layer = BasisReconstruction(3, 5)
    before = layer(coefficients).numpy()
    coefficients[..., 5:10] += 1
    changed = (layer(coefficients).numpy() != before).any(axis=(0, 1, 2))
    np.testing.assert_array_equal(changed, [False, True, False])


def test_the_first_basis_alone_is_bilinear_upsampling():
    coefficients = np.zeros((1, 5, 6, 2 * 4), "float32")
    coefficients[..., [0, 4]] = scores = maps(1, 5, 6, 2)
    expected = InterpolationUpsampling2D(4)(scores)[:, 2:-2, 2:-2]
    # At the border patches from outside are missing; inside they add up to the interpolation.
    np.testing.assert_allclose(BasisReconstruction(2, 4)(coefficients)[:, 2:-2, 2:-2], expected, rtol=1e-5, atol=1e-6)


def test_bases_are_frozen_even_if_the_whole_network_is_unfrozen():
    symbol = keras.Input((None, None, 4))
    frozen, trained = (keras.Model(symbol, BasisReconstruction(2, 2, train_bases=train)(symbol)) for train in (0, 1))
    frozen.trainable = True
    assert not frozen.trainable_weights and len(frozen.weights) == len(trained.trainable_weights) == 1


def test_reconstruction_everywhere(tmp_path):
    coefficients = maps(2, 3, 5, 6)
    symbol = keras.Input((None, None, 6))
    model = keras.Model(symbol, BasisReconstruction(2, 3)(symbol))
    model.set_weights([maps(8, 8, 2, 3, seed=4)])
    expected = model(coefficients)
    assert model.output_shape == (None, None, None, 2) and expected.shape == (2, 12, 20, 2)
    assert BasisReconstruction(2, 3)(keras.Input((3, 5, 6))).shape == (None, 12, 20, 2)
    check_saving(model, coefficients, tmp_path / "model.keras")
    compiled = tf.function(model, jit_compile=True, autograph=False)(tf.constant(coefficients))
    np.testing.assert_allclose(compiled, expected, rtol=1e-4, atol=1e-5)
    for policy in ("mixed_float16", "mixed_bfloat16"):
        half = BasisReconstruction(2, 3, dtype=policy)
        half.build(coefficients.shape)
        half.set_weights(model.get_weights())
        assert half(coefficients).dtype == half.compute_dtype
        np.testing.assert_allclose(tf.cast(half(coefficients), "float32"), expected, rtol=0.1, atol=0.15)


def test_cosine_bases_are_independent_and_start_with_the_tent():
    bases = cosine_bases(3, 10)
    assert bases.shape == (8, 8, 3, 10) and np.abs(bases).max() <= 1
    tent = 1 - np.abs(np.arange(-3.5, 4)) / 4
    np.testing.assert_allclose(bases[:, :, 1, 0], np.outer(tent, tent), rtol=1e-6)
    assert np.linalg.matrix_rank(bases[:, :, 0].reshape(64, 10)) == 10


def test_segment_bases_are_principal_components():
    """Upright stripes vary across the columns only, and so do their bases."""
    columns = np.arange(96)
    labels = [np.tile((columns + shift) // 12 % 2, (32, 1)) for shift in range(0, 24, 3)]
    bases = segment_bases(labels, 3, num_bases=4, size=8, patch_size=8, patches=400)
    assert bases.shape == (8, 8, 3, 4) and bases.dtype == "float32"
    for number in (0, 1):
        components = np.moveaxis(bases[:, :, number], -1, 0)
        np.testing.assert_allclose(components, np.broadcast_to(components[:, :1], components.shape), atol=1e-5)
        products = components.reshape(4, -1) @ components.reshape(4, -1).T
        np.testing.assert_allclose(products, np.diag(np.diag(products)), atol=1e-5)
        assert (np.diff(np.diag(products)) < 0).all()
    # A class that never occurs has no windows: it keeps its initial bases.
    np.testing.assert_array_equal(bases[:, :, 2], cosine_bases(3, 4)[:, :, 2])


def test_bases_are_singular_vectors_averaged_down():
    labels = np.kron(np.random.default_rng(0).integers(0, 2, (1, 5, 5)), np.ones((7, 7), int))
    fine = segment_bases(labels, 1, 6, size=16, patch_size=16, patches=10**6)[:, :, 0]
    coarse = segment_bases(labels, 1, 6, size=8, patch_size=16, patches=10**6)[:, :, 0]
    np.testing.assert_allclose(coarse, fine.reshape(8, 2, 8, 2, 6).mean(axis=(1, 3)), atol=1e-5)
    # Every pixel of the class has contributed its window.
    mask = labels[0] == 0
    corners = [np.clip(np.array(pixel) - 8, 0, np.array(mask.shape) - 16) for pixel in np.argwhere(mask)]
    windows = np.array([mask[top : top + 16, left : left + 16].ravel() for top, left in corners], float)
    _, singular, vectors = np.linalg.svd(windows - windows.mean(axis=0), full_matrices=False)
    expected = (np.sqrt(singular / np.sqrt(len(windows)))[:, np.newaxis] * vectors)[:6]
    actual = fine.reshape(256, 6).T
    signs = np.sign(np.sum(actual * expected, axis=1, keepdims=True))
    np.testing.assert_allclose(signs * actual, expected, atol=1e-4)


def test_segment_bases_do_not_grow_with_the_windows_and_refuse_impossible_sizes():
    labels = np.kron(np.random.default_rng(0).integers(0, 2, (6, 8, 8)), np.ones((8, 8), int))
    few, many = (segment_bases(labels, 1, 3, patch_size=16, patches=count) for count in (300, 1200))
    np.testing.assert_allclose(np.linalg.norm(few), np.linalg.norm(many), rtol=0.05)
    # Identical windows have no components.
    np.testing.assert_array_equal(segment_bases(0 * labels, 1, 3, patch_size=16), cosine_bases(1, 3))
    with pytest.raises(CourseError, match="multiple"):
        segment_bases(labels, 1, patch_size=20)
    with pytest.raises(CourseError, match="at least 32"):
        segment_bases(labels[:, :20], 1)


def test_mask_is_zero_inside_regions_and_positive_at_edges():
    labels = np.zeros((1, 20, 30), int)
    labels[:, :, 15:] = 1
    mask = BoundaryMask(9)(8 * np.eye(3, dtype="float32")[labels]).numpy()
    np.testing.assert_array_equal(mask[:, :, :11], 0)
    np.testing.assert_array_equal(mask[:, :, 19:], 0)
    assert (mask[:, :, 11:19, :2] > 0.99).all() and (mask[:, :, :, 2] < 1e-3).all()


def test_mask_is_the_largest_minus_the_smallest_probability():
    logits = maps(2, 7, 11, 3)
    check_layer(BoundaryMask, {"window": 5}, logits)
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    mask = BoundaryMask(5)(logits).numpy()
    for row, column in np.ndindex(7, 11):
        window = probabilities[:, max(0, row - 2) : row + 3, max(0, column - 2) : column + 3]
        expected = window.max(axis=(1, 2)) - window.min(axis=(1, 2))
        np.testing.assert_allclose(mask[:, row, column], expected, rtol=1e-4, atol=1e-6)
    with pytest.raises(CourseError, match="even"):
        BoundaryMask(8)
