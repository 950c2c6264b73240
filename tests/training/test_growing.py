"""Training images of growing size, from full frames where memory allows."""

import dataclasses

import numpy as np
import pytest

from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.losses import SegmentationCrossEntropy
from course_utils.training import Recipe, growing, train_recipe
from course_utils.training.growing import Stage, TrainingImages, stages


class LOSS:
    """What `spying_loss` has seen."""


@keras.saving.register_keras_serializable(package="tests")
class _Spying(SegmentationCrossEntropy):
    def call(self, y_true, y_pred):
        LOSS.traced += 1
        tf.py_function(lambda size: LOSS.sizes.add(tuple(size.numpy())), [tf.shape(y_true)[1:]], [])
        return super().call(y_true, y_pred)


def spying_loss(class_weights):
    """The usual loss, watched."""
    return _Spying(class_weights)


@pytest.fixture
def recipe(tiny_streets):
    return Recipe("SegNet", "toy_streets", str(tiny_streets), image_size=(96, 192), batch_size=2, epochs=2)


def test_images_grow_where_small_ones_are_large_enough(recipe):
    assert stages(recipe) == [Stage(0.5, 2 / 3), Stage(1.0)]
    for unchanged in ({"growing": 0}, {"image_size": (64, 128)}, {"image_size": None}, {"crop_size": (64, 64)}):
        assert stages(dataclasses.replace(recipe, **unchanged)) == [Stage(1.0)]


def test_half_of_the_images_are_drawn_by_class(recipe):
    """Where the recipe says so, the labels of crops are others; whole frames alone would have no use for it."""
    recipe = dataclasses.replace(recipe, crop_size=(32, 32), batch_size=6)
    labels = {
        share: next(iter(TrainingImages(dataclasses.replace(recipe, class_sampling=share)).batches(Stage(1.0), 0)))[1]
        for share in (0.0, 0.5)
    }
    assert not np.array_equal(labels[0.0], labels[0.5])
    with pytest.raises(CourseError, match="drawn by class"):
        dataclasses.replace(recipe, class_sampling=1.5)


@pytest.mark.parametrize("crop", [None, (72, 96)])
def test_batches_have_the_size_of_their_stage(recipe, crop):
    images = TrainingImages(dataclasses.replace(recipe, crop_size=crop))
    height, width = crop or (96, 192)
    for stage, size in zip(stages(recipe), [(height * 2 // 3, width * 2 // 3), (height, width)], strict=True):
        batch, labels = next(iter(images.batches(stage, 0)))
        assert batch.shape == (2, *size, 3) and labels.shape == (2, *size)


def test_a_stage_goes_on_in_the_order_of_the_run(recipe):
    images = TrainingImages(recipe)
    batches = iter(images.batches(Stage(1.0), 0))
    for _ in range(5):
        expected = next(batches)
    found = next(iter(images.batches(Stage(1.0), 4)))
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_frames_that_do_not_fit_into_memory_are_kept_at_the_largest_size_a_crop_needs(recipe, monkeypatch):
    recipe = dataclasses.replace(recipe, image_size=(16, 32), scale=(0.5, 2.0))
    assert TrainingImages(recipe).data.reader.size == (64, 128), "the frames' own"
    monkeypatch.setattr(growing, "memory_limit", lambda: 4 * 64 * 128)
    assert TrainingImages(recipe).data.reader.size == (32, 64)
    large = dataclasses.replace(recipe, scale=(0.5, 9.0))  # of 16x32: 144x288
    assert TrainingImages(large).data.reader.size == (64, 128), "never larger than the frames"


def test_a_run_on_growing_images_compiles_one_step(recipe, tmp_path):
    """The loss is traced once; the sizes that it meets are two."""
    LOSS.traced, LOSS.sizes = 0, set()
    run = train_recipe(
        dataclasses.replace(recipe, model_options={"width": 0.05}, epochs=4, loss=f"{__name__}:spying_loss"),
        tmp_path / "run",
    )
    assert len(run.log) == 4 and LOSS.traced == 1
    assert LOSS.sizes == {(64, 128), (96, 192)}
