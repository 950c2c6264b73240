import numpy as np
import pytest

from course_utils import models
from course_utils.backend import keras, tf
from course_utils.training import Budget, Phase, PhaseTrainer, compile_model, confusion_on, fit, fitting, settle_encoder


@pytest.fixture
def batches():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, (4, 32, 32)).astype(np.uint8)
    images = np.repeat(labels[..., None] / 2, 3, axis=-1).astype(np.float32)
    return tf.data.Dataset.from_tensors((images, labels)).repeat()


@pytest.fixture(params=[0, 4], ids=["compiled", "as_it_comes"])
def few_steps(request, monkeypatch):
    """Up to how many steps are trained without compiling one."""
    monkeypatch.setattr(fitting, "FEW_STEPS", request.param)


def weights_of(layers):
    return [value.copy() for layer in layers for value in layer.get_weights()]


def test_a_frozen_encoder_stays_bit_for_bit_the_same_and_the_decoder_learns(batches, few_steps):
    model = models.SegNet(3, width=0.05)
    encoder = models.encoder_layers(model)
    decoder = [layer for layer in model.layers if layer not in encoder]
    seen = []

    def measure(model):
        seen.append((weights_of(encoder), weights_of(decoder)))
        return len(seen)

    phases = [Phase("decoder", 4, frozen=True), Phase("fine-tuning", 2)]
    steps, values = PhaseTrainer(model).train(batches, phases, measure, every=2)
    assert steps == [0, 2, 4, 6] and values == [1, 2, 3, 4]
    same = [all(np.array_equal(a, b) for a, b in zip(seen[0][0], now[0], strict=True)) for now in seen]
    assert same == [True, True, True, False], "the encoder changes only after it is unfrozen"
    assert all(any((a != b).any() for a, b in zip(seen[0][1], now[1], strict=True)) for now in seen[1:])


def test_a_second_training_from_the_same_weights_repeats_the_first(batches):
    model = models.SegNet(3, width=0.05)
    trainer, start = PhaseTrainer(model), model.get_weights()
    phases = [Phase("decoder", 2, frozen=True), Phase("fine-tuning", 2)]
    ends = []
    for _ in range(2):
        model.set_weights(start)
        trainer.train(batches, phases, lambda model: 0.0, every=2)
        ends.append(model.get_weights())
    for first, second in zip(*ends, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-3, atol=1e-4)


def test_confusion_on_counts_what_the_network_predicts(batches):
    model = models.SegNet(3, width=0.05)
    images, labels = next(iter(batches))
    prediction = np.argmax(model.predict_on_batch(images), axis=-1)
    confusion = confusion_on(model, batches.take(2), 3)
    for truth in range(3):
        for guess in range(3):
            assert confusion.matrix[truth, guess] == 2 * np.sum((labels.numpy() == truth) & (prediction == guess))


def test_few_steps_that_are_not_compiled_train_the_same(batches, monkeypatch):
    model = models.SegNetBasic(3, width=0.05, kernel_size=3)
    start, ends = model.get_weights(), []
    for few in (2, 0):
        monkeypatch.setattr(fitting, "FEW_STEPS", few)
        model.set_weights(start)
        compile_model(model)
        fit(model, batches, Budget(steps=2))
        assert (model.train_function is None) == bool(few), "what was not compiled is not kept"
        assert not model.run_eagerly, "what the network predicts is always compiled"
        ends.append(model.get_weights())
    for value, other, before in zip(*ends, start, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-3, atol=1e-4)
        assert (value != before).any()


def test_a_settled_encoder_normalises_what_comes_in_and_the_decoder_is_left_alone(batches):
    model = models.SegNet(3, width=0.05)
    encoder = models.encoder_layers(model)
    others = weights_of([layer for layer in model.layers if layer not in encoder])
    images, _ = next(iter(batches))
    settle_encoder(model, images)
    norms = [layer for layer in encoder if hasattr(layer, "moving_mean")]
    norm, momenta = norms[0], {layer.momentum for layer in norms}
    incoming = keras.Model(model.inputs, norm.input)(images)
    np.testing.assert_allclose(norm.moving_mean, np.mean(incoming, axis=(0, 1, 2)), atol=1e-4)
    np.testing.assert_allclose(norm.moving_variance, np.var(incoming, axis=(0, 1, 2)), rtol=1e-3, atol=1e-5)
    assert momenta == {0.9}
    now = weights_of([layer for layer in model.layers if layer not in encoder])
    assert all(np.array_equal(a, b) for a, b in zip(others, now, strict=True))
