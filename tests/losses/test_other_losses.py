"""Hard examples, Lovász-Softmax, soft Dice and their sums, against plain NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.labels import VOID
from course_utils.training import (
    HardExampleCrossEntropy,
    LovaszSoftmax,
    SegmentationCrossEntropy,
    SoftDice,
    TotalLoss,
)

LOSSES = {
    "hard examples": HardExampleCrossEntropy(),
    "weighted hard examples": HardExampleCrossEntropy([1.0, 2.0, 0.5], 0.4, 0.3),
    "lovasz": LovaszSoftmax(),
    "dice": SoftDice(),
    "total": TotalLoss([SegmentationCrossEntropy(), LovaszSoftmax(), SoftDice()], [1.0, 0.5, 2.0]),
}


def example(seed, shape=(2, 3, 5), classes=3, void_share=0.2):
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, classes, shape).astype(np.uint8)
    truth[generator.random(shape) < void_share] = VOID
    return truth, 2 * generator.normal(size=(*shape, classes)).astype(np.float32)


def pixels_with_a_class(truth, logits):
    """Truth `[pixels]` and probabilities `[pixels, classes]` in float64."""
    probabilities = np.exp(logits.astype(np.float64))
    probabilities /= probabilities.sum(-1, keepdims=True)
    return truth[truth != VOID], probabilities[truth != VOID]


def certain(prediction, classes):
    """Logits that give a label map with probabilities of exactly 0 and 1."""
    return 200 * np.eye(classes, dtype=np.float32)[prediction]


seeds = st.integers(0, 2**16)
shapes = st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6))
void_shares = st.sampled_from([0.0, 0.3, 1.0])


def hard_examples(truth, logits, weights, threshold, share):
    labels, probabilities = pixels_with_a_class(truth, logits)
    if not len(labels):
        return 0.0
    right = probabilities[np.arange(len(labels)), labels]
    order = np.argsort(right)
    count = max(np.sum(right < threshold), int(np.ceil(np.float32(share) * len(labels))))
    chosen = order[:count]
    return np.average(-np.log(right[chosen]), weights=weights[labels[chosen]]) if count else 0.0


@settings(max_examples=20, deadline=None)
@given(seeds, shapes, void_shares, st.sampled_from([0.1, 0.5, 0.9]), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_hard_examples_equal_sorting_in_numpy(seed, shape, void_share, threshold, share):
    truth, logits = example(seed, shape, void_share=void_share)
    weights = np.array([1.0, 2.0, 0.5])
    loss = HardExampleCrossEntropy(weights, threshold, share)(truth, logits)
    assert float(loss) == pytest.approx(hard_examples(truth, logits, weights, threshold, share), 1e-4, 1e-6)


def test_hard_examples_lie_between_their_limits():
    truth, logits = example(0)
    every_pixel = float(SegmentationCrossEntropy()(truth, logits))
    assert float(HardExampleCrossEntropy(minimum_share=1.0)(truth, logits)) == pytest.approx(every_pixel, 1e-6)
    assert float(HardExampleCrossEntropy(threshold=1.0)(truth, logits)) == pytest.approx(every_pixel, 1e-6)
    assert float(HardExampleCrossEntropy(threshold=0.5)(truth, logits)) > every_pixel
    for arguments in ({"threshold": 0.0}, {"threshold": 1.5}, {"minimum_share": -0.1}):
        with pytest.raises(CourseError, match="Hard examples"):
            HardExampleCrossEntropy(**arguments)


def lovasz(truth, logits):
    """Equation by equation: sets of pixels one by one, hardest first, and the rise of 1 - IoU with each."""
    labels, probabilities = pixels_with_a_class(truth, logits)
    losses = []
    for c in np.unique(labels):
        members = labels == c
        errors = np.where(members, 1 - probabilities[:, c], probabilities[:, c])
        loss = before = 0.0
        wrong = np.zeros(len(labels), bool)
        for pixel in np.argsort(-errors):
            wrong[pixel] = True
            predicted = members ^ wrong
            now = 1 - np.sum(members & predicted) / np.sum(members | predicted)
            loss, before = loss + errors[pixel] * (now - before), now
        losses.append(loss)
    return np.mean(losses) if losses else 0.0


@settings(max_examples=20, deadline=None)
@given(seeds, shapes, void_shares)
def test_lovasz_equals_sets_that_grow_pixel_by_pixel(seed, shape, void_share):
    truth, logits = example(seed, shape, void_share=void_share)
    assert float(LovaszSoftmax()(truth, logits)) == pytest.approx(lovasz(truth, logits), 1e-4, 1e-6)


@settings(max_examples=20, deadline=None)
@given(seeds, shapes, void_shares)
def test_dice_equals_its_formula(seed, shape, void_share):
    truth, logits = example(seed, shape, void_share=void_share)
    labels, p = pixels_with_a_class(truth, logits)
    g = np.eye(3)[labels]
    losses = 1 - 2 * (p * g).sum(0) / np.maximum((p**2).sum(0) + g.sum(0), 1e-9)
    expected = losses[np.unique(labels)].mean() if len(labels) else 0.0
    assert float(SoftDice()(truth, logits)) == pytest.approx(expected, 1e-4, 1e-6)


@settings(max_examples=20, deadline=None)
@given(seeds, shapes)
def test_of_certain_predictions_they_are_one_minus_iou_and_one_minus_f(seed, shape):
    truth, _ = example(seed, shape, 4)
    prediction, _ = example(seed + 1, shape, 4, void_share=0.0)
    logits = certain(prediction, 4)
    valid = truth != VOID
    iou, f = [], []
    for c in np.unique(truth[valid]):
        members, predicted = (truth == c)[valid], (prediction == c)[valid]
        iou.append(np.sum(members & predicted) / np.sum(members | predicted))
        f.append(2 * np.sum(members & predicted) / (members.sum() + predicted.sum()))
    assert float(LovaszSoftmax()(truth, logits)) == pytest.approx(1 - np.mean(iou) if iou else 0, 1e-5, 1e-6)
    assert float(SoftDice()(truth, logits)) == pytest.approx(1 - np.mean(f) if f else 0, 1e-5, 1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_perfect_predictions_and_nothing_but_void_cost_nothing(name):
    truth, logits = example(0, void_share=0.0)
    assert float(LOSSES[name](truth, certain(truth, 3))) == pytest.approx(0.0, abs=1e-6)
    assert float(LOSSES[name](np.full_like(truth, VOID), logits)) == 0.0


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("void_share", [0.3, 1.0])
def test_gradients_are_finite_and_void_has_none(name, void_share):
    truth, logits = example(3, void_share=void_share)
    logits[0, 0] *= 100  # certain, rightly or wrongly
    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        loss = LOSSES[name](truth, variable)
    gradient = tape.gradient(loss, variable).numpy()
    assert np.isfinite(gradient).all() and not gradient[truth == VOID].any()
    assert gradient.any() == (void_share < 1)


@pytest.mark.parametrize("name", ["lovasz", "dice"])
def test_descending_the_gradient_raises_the_overlap(name):
    truth, logits = example(5)
    variable = tf.Variable(logits / 10)
    for _ in range(200):
        with tf.GradientTape() as tape:
            loss = LOSSES[name](truth, variable)
        variable.assign_sub(5.0 * tape.gradient(loss, variable))
    assert float(loss) < 0.1
    valid = truth != VOID
    np.testing.assert_array_equal(variable.numpy().argmax(-1)[valid], truth[valid])


@pytest.mark.parametrize("name", LOSSES)
def test_graph_and_xla_give_the_same_at_any_size(name):
    def loss_and_gradient(truth, logits):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = LOSSES[name](truth, logits)
        return loss, tape.gradient(loss, logits)

    signature = [tf.TensorSpec([None, None, None], tf.uint8), tf.TensorSpec([None, None, None, 3])]
    graph = tf.function(loss_and_gradient, input_signature=signature)
    compiled = tf.function(loss_and_gradient, jit_compile=True)
    for shape in [(2, 3, 5), (1, 7, 4)]:
        truth, logits = map(tf.constant, example(1, shape))
        loss, gradient = loss_and_gradient(truth, logits)
        for way in (graph, compiled):
            other = way(truth, logits)
            assert float(other[0]) == pytest.approx(float(loss), 1e-5)
            np.testing.assert_allclose(other[1], gradient, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_they_survive_serialisation(name):
    truth, logits = example(2)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(LOSSES[name]))
    assert type(copy) is type(LOSSES[name]) and copy.get_config() == LOSSES[name].get_config()
    assert float(copy(truth, logits)) == float(LOSSES[name](truth, logits))
