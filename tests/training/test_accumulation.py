"""Gradient accumulation: a step in parts is the step of the whole batch, and nothing else knows of it."""

import numpy as np
import pytest
from kills import contents, differences, killed_run, tiny_recipe

from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.labels import VOID
from course_utils.losses import SegmentationCrossEntropy
from course_utils.training import Budget, compile_model, fit, train_recipe
from course_utils.training.optimization.accumulation import accumulate
from course_utils.training.optimization.optimizers import OPTIMIZERS

CLASSES = 4
BATCH = 6


def batches():
    """Six images, of which some are void but for a few pixels: their losses must count for less."""
    generator = np.random.default_rng(0)
    images = generator.uniform(size=(BATCH, 16, 24, 3)).astype(np.float32)
    labels = generator.integers(0, CLASSES, (BATCH, 16, 24)).astype(np.uint8)
    labels[2:4, 1:] = VOID
    return tf.data.Dataset.from_tensors((images, labels)).repeat()


def network(auxiliary=False):
    """Two convolutions and the scores, without batch normalisation."""
    keras.utils.set_random_seed(0)
    images = x = keras.Input((None, None, 3))
    for _ in range(2):
        x = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    outputs = {name: keras.layers.Conv2D(CLASSES, 1, name=name)(x) for name in ("logits", "auxiliary")}
    return keras.Model(images, outputs if auxiliary else outputs["logits"])


def trained(parts, optimizer="sgd", auxiliary=False, steps=2, loss=None):
    """Weights and losses after some steps of a batch in parts."""
    model = network(auxiliary)
    loss = loss or SegmentationCrossEntropy([1.0, 3.0, 0.5, 2.0])
    terms = {"logits": (loss, 1.0), "auxiliary": (loss, 0.4)}
    compile_model(model, learning_rate=0.05, optimizer=OPTIMIZERS[optimizer], objective=terms)
    accumulate(model, parts, terms)
    losses = fit(model, batches(), Budget(steps=steps), learning_rate=0.05, schedule="constant", epoch_steps=1)
    return model.get_weights(), losses


def distance(one, other):
    """Largest difference between two networks, relative to how far the first went."""
    start = network().get_weights()
    moved = max(np.abs(a - b).max() for a, b in zip(one, start, strict=True))
    return max(np.abs(a - b).max() for a, b in zip(one, other, strict=True)) / moved


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "muon"])
def test_a_step_in_parts_is_that_of_the_whole_batch(optimizer):
    whole, losses = trained(1, optimizer)
    for parts in (2, BATCH):
        weights, others = trained(parts, optimizer)
        assert distance(whole, weights) < 1e-3, parts
        assert others == pytest.approx(losses, rel=1e-5)


def test_parts_count_by_their_labelled_pixels():
    """The mean of the parts' means is another step: parts of few labelled pixels would count too much."""

    class WithoutMass(keras.losses.Loss):
        def __init__(self):
            super().__init__(reduction="none")
            self.inner = SegmentationCrossEntropy([1.0, 3.0, 0.5, 2.0])

        def call(self, y_true, y_pred):
            return self.inner.call(y_true, y_pred)

    whole, _ = trained(1)
    assert distance(whole, trained(3, loss=WithoutMass())[0]) > 0.05


def test_compiled_and_with_several_outputs():
    """Five steps are compiled, four are not (`fitting.FEW_STEPS`)."""
    start = network(True).get_weights()
    one, other = (trained(parts, auxiliary=True, steps=5)[0] for parts in (1, 3))
    moved = max(np.abs(a - b).max() for a, b in zip(one, start, strict=True))
    assert max(np.abs(a - b).max() for a, b in zip(one, other, strict=True)) < 1e-3 * moved


def test_a_run_in_parts_has_the_steps_of_the_whole_and_goes_on_bit_for_bit(tiny_streets, tmp_path):
    """Batch normalisation among it; six images are one step, in two parts, and half of them are drawn by class."""
    options = {"batch_size": 3, "accumulate": 2, "epochs": 2, "optimizer": "sgd", "class_sampling": 0.5}
    recipe = tiny_recipe("SegNetBasic", tiny_streets, **options)
    run = train_recipe(recipe, tmp_path / "whole")
    assert [row["steps"] for row in run.log] == [1, 2]
    killed = killed_run(recipe, tmp_path / "killed", [2])
    assert differences(contents(run), contents(killed)) == []


def test_a_step_has_at_least_one_batch(tiny_streets):
    with pytest.raises(CourseError, match="accumulate at least 1"):
        tiny_recipe("SegNetBasic", tiny_streets, accumulate=0)
