"""Kernels larger than the map they run over, as in small images at a stride of 32."""

import numpy as np
import pytest

from course_utils.backend import keras, tf
from course_utils.models import LRR, FCN32s


@pytest.mark.parametrize(
    ("build", "layer", "options"),
    [(FCN32s, "fc6", {"classifier_channels": 512}), (LRR, "level32_coefficients", {})],
    ids=["FCN32s", "LRR"],
)
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_taps_that_see_only_padding_have_no_gradient(build, layer, options, policy):
    """32x64 pixels are one row of two features: of a kernel's rows only the middle one ever meets them."""
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(policy)
    try:
        model = build(3, encoder="slim", width=1 / 2, **options)
    finally:
        keras.config.set_dtype_policy("float32")
    kernel = model.get_layer(layer).kernel
    batch = np.random.default_rng(0).uniform(size=(4, 32, 64, 3)).astype("float32")
    generator = np.random.default_rng(0)
    for _ in range(10):
        # What is freed here is what an operation finds that writes only part of its result.
        freed = [np.full(generator.integers(10**4, 10**6), np.nan, "float32") for _ in range(8)]
        del freed
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(batch, training=True)[..., 0] ** 2)
        gradient = tape.gradient(loss, kernel.value).numpy().astype("float32")
        middle = len(gradient) // 2
        assert np.abs(gradient[middle, middle]).max() > 0 and np.isfinite(gradient).all()
        np.testing.assert_array_equal(np.delete(gradient, middle, axis=0), 0)
