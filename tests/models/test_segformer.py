"""What only SegFormer promises."""

import numpy as np
import pytest

from course_utils.backend import tf
from course_utils.errors import CourseError
from course_utils.models import SYSTEMS, SegFormer
from course_utils.training.optimization.muon import hidden_kernels


def test_one_pixel_reaches_every_logit():
    """By attention, already in the first stage: no stack of convolutions of this depth sees so far."""
    model = SegFormer(2, width=1 / 8)
    images = np.random.default_rng(0).uniform(size=(1, 96, 160, 3)).astype("float32")
    changed = images.copy()
    changed[0, :8, :8] = 1 - changed[0, :8, :8]
    assert np.abs(model(changed) - model(images))[0, -4:, -4:].max() > 0


def test_other_encoders_will_do():
    model = SegFormer(3, encoder="slim", width=1 / 8)
    assert model(tf.zeros([1, 45, 71, 3])).shape == (1, 45, 71, 3)
    with pytest.raises(CourseError, match="none at 4"):
        SegFormer(3, encoder=lambda x, *_: [])


def test_muon_takes_every_linear_layer_between_image_and_scores():
    model = SYSTEMS["SegFormer"].network(3, width=1 / 8)
    hidden = set(hidden_kernels(model))
    paths = {variable.path: index in hidden for index, variable in enumerate(model.trainable_variables)}
    kernels = {path: taken for path, taken in paths.items() if path.endswith("/kernel")}
    left_out = {path for path, taken in kernels.items() if not taken}
    assert {path.split("/")[0] for path in left_out if "depthwise" not in path} == {
        "encoder_mit_b0_stage1_patches",
        "logits_scores",
    }
    assert sum(kernels.values()) == 3 + 8 * 6 + 2 * 3 + 4 + 1


def test_blocks_are_passed_over_in_training_only():
    model = SegFormer(2, width=1 / 8, dropout=0.0, skip_rate=0.9)
    images = tf.random.uniform([1, 32, 32, 3], seed=0)
    np.testing.assert_array_equal(model(images), model(images))
    features = model.get_layer("encoder_mit_b0_stage4_block2_add2_skip")
    assert features.rate == pytest.approx(0.9)
    outputs = features(tf.ones([64, 2, 2, 3]), training=True).numpy()
    assert {len(np.unique(image)) for image in outputs} == {1}, "an image is passed over as a whole"
