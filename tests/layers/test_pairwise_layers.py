"""Pairwise potentials and mean field on feature maps against brute force."""

import itertools

import numpy as np
from layer_checks import check_saving

from course_utils.backend import keras, tf
from course_utils.layers import PairwiseMeanField, PairwisePotentials

SHIFTS = ((0, 1), (1, -1), (2, 0))


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def test_pairwise_potentials_see_both_nodes_in_order():
    """By loops over the pairs, from the concatenated features of both nodes; 0 outside the map."""
    features, layer = normal(1, 4, 5, 6), PairwisePotentials(3, SHIFTS, hidden=7)
    scores = layer(features).numpy()
    assert scores.shape == (1, 4, 5, 3, 3, 3)
    kernel = np.concatenate([layer.first.kernel.numpy()[0, 0], layer.second.kernel.numpy()[0, 0]])
    for row, column, (number, (down, right)) in itertools.product(range(4), range(5), enumerate(SHIFTS)):
        expected = np.zeros(9)
        if row + down < 4 and 0 <= column + right < 5:
            both = np.concatenate([features[0, row, column], features[0, row + down, column + right]])
            hidden = np.maximum(both @ kernel / np.sqrt(1 + layer.normalizations[0].epsilon), 0)
            expected = hidden @ layer.scores.kernel.numpy() + layer.scores.bias.numpy()
        np.testing.assert_allclose(scores[0, row, column, number].ravel(), expected, rtol=1e-4, atol=1e-6)


def test_mean_field_equals_brute_force():
    unary, pairwise = normal(1, 8, 8, 2), normal(1, 8, 8, 3, 2, 2, seed=1)
    pairs = []
    for row, column, (number, (down, right)) in itertools.product(range(8), range(8), enumerate(SHIFTS)):
        if row + down < 8 and 0 <= column + right < 8:
            pairs.append(((row, column), (row + down, column + right), pairwise[0, row, column, number]))
        else:
            pairwise[0, row, column, number] = 0
    marginals = softmax(unary[0])
    for _ in range(3):
        updated = unary[0].astype("float64")
        for p, q, scores in pairs:
            updated[p] += scores @ marginals[q]
            updated[q] += marginals[p] @ scores
        marginals = softmax(updated)
    outputs = PairwiseMeanField(SHIFTS, 3)([unary, pairwise])
    np.testing.assert_allclose(softmax(outputs.numpy()[0]), marginals, rtol=1e-4, atol=1e-6)
    # Without pairwise scores the unary scores do not change.
    np.testing.assert_array_equal(PairwiseMeanField(SHIFTS)([unary, 0 * pairwise]), unary)


def test_piecewise_layers_are_saved_and_compiled(tmp_path):
    features, symbol = normal(2, 4, 5, 6), keras.Input((None, None, 6))
    potentials = PairwisePotentials(3, SHIFTS, hidden=4)(symbol)
    unary = keras.layers.Conv2D(3, 1)(symbol)
    model = keras.Model(symbol, PairwiseMeanField(SHIFTS)([unary, potentials]))
    check_saving(model, features, tmp_path / "model.keras")
    compiled = tf.function(model, jit_compile=True, autograph=False)(tf.constant(features))
    np.testing.assert_allclose(compiled, model(features), rtol=1e-4, atol=1e-5)
