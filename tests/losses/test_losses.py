import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.backend import keras, tf
from course_utils.labels import VOID
from course_utils.training import SegmentationCrossEntropy, median_frequency_weights


def cross_entropy_by_loops(truth, logits, weights):
    total = norm = 0.0
    for index in np.ndindex(truth.shape):
        if truth[index] != VOID:
            z = logits[index].astype(np.float64)
            weight = weights[truth[index]]
            total += weight * (np.log(np.exp(z - z.max()).sum()) + z.max() - z[truth[index]])
            norm += weight
    return total / norm if norm else 0.0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16), weighted=st.booleans(), void_share=st.sampled_from([0.0, 0.3, 1.0]))
def test_loss_equals_a_plain_loop(seed, weighted, void_share):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, (2, 3, 5)).astype(np.uint8)
    truth[rng.random(truth.shape) < void_share] = VOID
    logits = rng.normal(size=(2, 3, 5, 4)).astype(np.float32)
    weights = rng.uniform(0.1, 5, 4) if weighted else None
    loss = float(SegmentationCrossEntropy(weights)(truth, logits))
    assert loss == pytest.approx(
        cross_entropy_by_loops(truth, logits, np.ones(4) if weights is None else weights), 1e-5
    )


def test_void_pixels_have_no_gradient_and_others_do():
    truth = np.array([[[0, VOID], [1, VOID]]], np.uint8)
    logits = tf.Variable(np.random.default_rng(0).normal(size=(1, 2, 2, 3)), dtype=tf.float32)
    with tf.GradientTape() as tape:
        loss = SegmentationCrossEntropy([1.0, 2.0, 3.0])(truth, logits)
    gradient = np.abs(tape.gradient(loss, logits).numpy()).sum(-1)
    assert (gradient[truth == VOID] == 0).all()
    assert (gradient[truth != VOID] > 0).all()


def test_equal_weights_equal_keras():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 5, (2, 4, 4)).astype(np.uint8)
    truth[0, 0] = VOID
    logits = rng.normal(size=(2, 4, 4, 5)).astype(np.float32)
    reference = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=VOID)
    assert float(SegmentationCrossEntropy()(truth, logits)) == pytest.approx(float(reference(truth, logits)), 1e-5)


@pytest.mark.parametrize("wrong", [3, 77, -1])
@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 3.0]], ids=str)
def test_a_class_that_there_is_not_is_refused_or_seen_in_the_loss(wrong, weights):
    truth, logits = np.array([[[0, wrong], [1, VOID]]]), np.random.default_rng(0).normal(size=(1, 2, 2, 3))
    loss = SegmentationCrossEntropy(weights)
    for compute in (loss, tf.function(loss)):
        with pytest.raises(tf.errors.InvalidArgumentError, match="a class that there is not: with 3 classes"):
            compute(truth, logits)
    assert np.isnan(tf.function(loss, jit_compile=True)(truth, logits))


def test_loss_survives_serialisation():
    loss = SegmentationCrossEntropy([0.5, 2.0], ignore_label=7)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    truth, logits = np.array([[[0, 1, 7]]]), np.array([[[[1.0, 0.0], [0.3, 0.1], [5.0, -5.0]]]], np.float32)
    assert float(copy(truth, logits)) == float(loss(truth, logits))


def test_median_frequency_weights_by_hand():
    # Three classes: frequencies 60/100, 30/100 and 10/50 (the third occurs in one image of 50 pixels only).
    weights = median_frequency_weights([60, 30, 10], [100, 100, 50])
    np.testing.assert_allclose(weights, [0.3 / 0.6, 1.0, 0.3 / 0.2])
    np.testing.assert_allclose(median_frequency_weights([60, 30, 10], [100, 100, 50], power=0.5) ** 2, weights)


def test_a_class_that_never_occurs_has_weight_one_and_does_not_move_the_median():
    weights = median_frequency_weights([60, 0, 30, 10], [100, 0, 100, 100])
    assert weights[1] == 1.0
    np.testing.assert_allclose(weights[[0, 2, 3]], median_frequency_weights([60, 30, 10], [100, 100, 100]))
