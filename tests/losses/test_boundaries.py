"""Gated-SCNN's losses: boundary labels by brute force, limits, balance and gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.backend import keras, tf
from course_utils.labels import VOID
from course_utils.losses.boundaries import DualTaskLoss, EdgeCrossEntropy, boundary_strength, edge_labels


def regions(seed=0, size=(2, 20, 24), num_classes=3, void=True):
    """Label maps of blocks of 4x4 pixels, some of them void."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, num_classes, (size[0], -(-size[1] // 4), -(-size[2] // 4)))
    if void:
        labels[rng.random(labels.shape) < 0.15] = VOID
    return np.kron(labels, np.ones((4, 4), int))[:, : size[1], : size[2]].astype("uint8")


def edges_by_loops(labels, radius):
    expected = np.zeros(labels.shape, int)
    for image, row, column in np.ndindex(labels.shape):
        if labels[image, row, column] == VOID:
            expected[image, row, column] = VOID
            continue
        for y, x in np.ndindex(labels.shape[1:]):
            other = labels[image, y, x]
            near = (y - row) ** 2 + (x - column) ** 2 <= radius**2
            if near and other not in (VOID, labels[image, row, column]):
                expected[image, row, column] = 1
    return expected


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**16), radius=st.integers(1, 4), size=st.sampled_from([(1, 9, 13), (2, 8, 5), (1, 1, 6)]))
def test_edge_labels_equal_brute_force(seed, radius, size):
    labels = regions(seed, size)
    np.testing.assert_array_equal(edge_labels(labels, radius), edges_by_loops(labels, radius))


def test_edges_are_as_wide_as_the_radius_on_both_sides_and_void_has_none():
    labels = np.zeros((1, 12, 20), "uint8")
    labels[:, :, 10:] = 1
    expected = np.zeros((1, 12, 20), int)
    expected[:, :, 8:12] = 1
    np.testing.assert_array_equal(edge_labels(labels, 2), expected)
    labels[:, :, 8:12] = VOID
    edges = edge_labels(labels, 2).numpy()
    assert set(edges[:, :, 8:12].ravel()) == {VOID} and not np.delete(edges, np.s_[8:12], axis=2).any()


def sure(edges):
    return (40.0 * (2 * (edges == 1) - 1)).astype("float32")[..., np.newaxis]


def test_edge_loss_limits():
    labels = regions()
    edges = edge_labels(labels).numpy()
    loss = EdgeCrossEntropy()
    assert float(loss(labels, sure(edges))) == pytest.approx(0, abs=1e-6)
    assert float(loss(labels, -sure(edges))) > 5
    assert float(loss(np.full_like(labels, VOID), sure(edges))) == 0
    # Equal chances: log 2, times twice the share of the boundary and of the rest, image by image.
    shares = [np.mean(image[image != VOID] == 1) for image in edges]
    known = [np.mean(image != VOID) for image in edges]
    expected = np.log(2) * np.average([2 * share * (1 - share) for share in shares], weights=known)
    assert float(loss(labels, np.zeros((2, 20, 24, 1), "float32"))) == pytest.approx(expected, rel=1e-5)


def test_both_kinds_of_pixels_weigh_alike_and_void_nothing():
    labels = regions()[:1]
    edges = edge_labels(labels).numpy()
    logits = tf.Variable(np.zeros((1, 20, 24, 1), "float32"))
    with tf.GradientTape() as tape:
        loss = EdgeCrossEntropy()(labels, logits)
    gradient = tape.gradient(loss, logits).numpy()[..., 0]
    assert (gradient[edges == VOID] == 0).all()
    assert (gradient[edges == 1] < 0).all() and (gradient[edges == 0] > 0).all()
    assert gradient[edges == 1].sum() == pytest.approx(-gradient[edges == 0].sum(), rel=1e-4)


def strength_by_hand(labels, num_classes):
    """Equation 4 pixel by pixel, with edge pixels repeated twice as by reflection."""
    shares = np.pad(np.eye(num_classes)[labels], ((2, 2), (2, 2), (0, 0)), "symmetric")
    kernel = np.outer([1, 2, 1], [1, 2, 1]) / 16
    result = np.zeros(labels.shape)

    def smooth(row, column):
        window = shares[row - 1 : row + 2, column - 1 : column + 2]
        return np.einsum("ij,ijc->c", kernel, window)

    for row, column in np.ndindex(labels.shape):
        y, x = row + 2, column + 2
        down = (smooth(y + 1, x) - smooth(y - 1, x)) / 2
        across = (smooth(y, x + 1) - smooth(y, x - 1)) / 2
        result[row, column] = np.sqrt(np.sum(down**2 + across**2)) / np.sqrt(2)
    return result


def test_boundary_strength_is_equation_4():
    labels = regions(void=False)
    strength = boundary_strength(np.eye(3, dtype="float32")[labels]).numpy()
    for image, values in zip(labels, strength, strict=True):
        np.testing.assert_allclose(values, strength_by_hand(image, 3), rtol=1e-5, atol=1e-6)
    straight = np.zeros((1, 9, 12), int)
    straight[:, :, 6:] = 1
    values = boundary_strength(np.eye(2, dtype="float32")[straight]).numpy()[0, 4]
    np.testing.assert_allclose(values, [0, 0, 0, 0, 0.125, 0.375, 0.375, 0.125, 0, 0, 0, 0], atol=1e-6)


def dual(labels, sharpness=30.0, edges=-30.0, num_classes=3):
    """Logits that are right everywhere, and boundary logits."""
    logits = sharpness * np.eye(num_classes, dtype="float32")[np.where(labels == VOID, 0, labels)]
    return np.concatenate([logits, np.full((*labels.shape, 1), edges, "float32")], axis=-1)


def test_dual_task_is_zero_where_classes_and_boundaries_agree():
    labels = regions()
    for edges in (-30.0, 30.0):
        assert float(DualTaskLoss()(labels, dual(labels, edges=edges))) == pytest.approx(0, abs=1e-6)
    assert float(DualTaskLoss()(np.full_like(labels, VOID), dual(labels, edges=30.0))) == 0


def test_equation_5_is_the_mean_difference_of_strengths():
    labels = regions(void=False)
    wrong = np.roll(labels, 2, axis=2)
    loss = DualTaskLoss(sure_weight=0)
    true, predicted = ([strength_by_hand(image, 3) for image in maps] for maps in (labels, wrong))
    counts = np.maximum(true, predicted) > 0.01
    expected = np.mean(np.abs(np.subtract(true, predicted))[counts])
    assert float(loss(labels, dual(wrong))) == pytest.approx(expected, rel=1e-3)
    # A prediction without borders misses all of the truth's.
    flat = dual(np.zeros_like(labels))
    assert float(loss(labels, flat)) == pytest.approx(np.mean(np.array(true)[np.array(true) > 0.01]), rel=1e-3)


def test_equation_6_is_cross_entropy_where_the_boundary_map_is_sure():
    labels = regions()
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(2, 20, 24, 4)).astype("float32")
    scores[..., 3] = rng.choice([1.3, 1.5], size=(2, 20, 24))  # sigmoid 0.79 and 0.82
    logits = scores[..., :3].astype(float)
    chosen = (scores[..., 3] > 1.4) & (labels != VOID)
    losses = np.log(np.exp(logits).sum(-1)) - np.take_along_axis(
        logits, np.where(labels == VOID, 0, labels)[..., np.newaxis].astype(int), -1
    ).squeeze(-1)
    assert float(DualTaskLoss(strength_weight=0)(labels, scores)) == pytest.approx(losses[chosen].mean(), rel=1e-5)
    scores[..., 3] = 1.3
    assert float(DualTaskLoss(strength_weight=0)(labels, scores)) == 0


def test_gradients_reach_the_classes_and_never_the_choice_of_pixels():
    labels = regions()
    scores = tf.Variable(np.random.default_rng(2).normal(size=(2, 20, 24, 4)).astype("float32"))
    scores[..., 3].assign(tf.fill((2, 20, 24), 3.0))
    for weights in ({"sure_weight": 0}, {"strength_weight": 0}):
        with tf.GradientTape() as tape:
            loss = DualTaskLoss(**weights)(labels, scores)
        gradient = tape.gradient(loss, scores).numpy()
        assert np.isfinite(gradient).all() and np.abs(gradient[..., :3]).max() > 0
        assert (gradient[..., 3] == 0).all()
    # A map without any border has a finite gradient too.
    plain = tf.Variable(np.zeros((1, 8, 8, 4), "float32"))
    with tf.GradientTape() as tape:
        loss = DualTaskLoss()(np.zeros((1, 8, 8), int), plain)
    assert np.isfinite(tape.gradient(loss, plain)).all()


def test_steps_down_the_gradient_bring_borders_to_their_places():
    labels = regions(void=False)
    loss = DualTaskLoss(sure_weight=0)
    scores = tf.Variable(dual(np.roll(labels, 1, axis=1), sharpness=2.0))
    values = []
    for _ in range(6):
        with tf.GradientTape() as tape:
            values.append(loss(labels, scores))
        scores.assign_sub(100 * tape.gradient(values[-1], scores))
    assert (np.diff(values) < 0).all()


def test_gumbel_softmax_is_random_around_the_same_limits():
    labels = regions()
    scores = np.random.default_rng(3).normal(size=(2, 20, 24, 4)).astype("float32")
    loss = DualTaskLoss(gumbel=True, sure_weight=0)
    assert float(loss(labels, scores)) != float(loss(labels, scores))
    assert float(loss(labels, dual(labels, sharpness=100.0))) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("loss", [EdgeCrossEntropy(radius=3), DualTaskLoss(threshold=0.6, temperature=2.0)])
def test_losses_survive_serialisation_and_compile(loss):
    labels = regions()
    channels = 1 if isinstance(loss, EdgeCrossEntropy) else 4
    scores = np.random.default_rng(4).normal(size=(2, 20, 24, channels)).astype("float32")
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert copy.get_config() == loss.get_config()
    compiled = tf.function(copy, jit_compile=True, autograph=False)(tf.constant(labels), tf.constant(scores))
    assert float(compiled) == pytest.approx(float(loss(labels, scores)), rel=1e-5)
