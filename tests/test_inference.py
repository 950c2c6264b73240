"""Prediction at an image's own resolution."""

import numpy as np
import pytest
from PIL import Image

from course_utils import inference
from course_utils.backend import keras
from course_utils.datasets.frames import Frame
from course_utils.errors import CourseError
from course_utils.inference import prediction


@pytest.fixture(scope="module")
def model():
    """A network of 23 classes that blurs: random, so that its logits vary all over the image."""
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(23, 3, padding="same")])


def _image(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def _linear(size, own):
    """The matrix [own, size] of linear interpolation with half-pixel centres and repeated borders."""
    position = np.clip((np.arange(own) + 0.5) * size / own - 0.5, 0, size - 1)
    left = np.minimum(position.astype(int), size - 2)
    matrix = np.zeros((own, size))
    matrix[np.arange(own), left] = 1 - (position - left)
    matrix[np.arange(own), left + 1] += position - left
    return matrix


def test_without_a_size_the_network_sees_the_image_itself(model):
    image = _image(13, 17)
    expected = model(image[None] / np.float32(255))[0]
    np.testing.assert_allclose(inference.predict_logits(model, image), expected, atol=1e-6)
    np.testing.assert_array_equal(inference.predict(model, image), np.argmax(expected, -1))


def test_logits_are_resized_and_not_classes(model):
    image = _image(30, 44)
    # Pillow reduces with an antialiasing triangle, one channel at a time in float.
    channels = [Image.fromarray(image[..., k] / np.float32(255)) for k in range(3)]
    small = np.stack([np.asarray(channel.resize((16, 10), Image.Resampling.BILINEAR)) for channel in channels], -1)
    logits = np.asarray(model(small[None]))[0]
    expected = np.einsum("ah,bw,hwc->abc", _linear(10, 30), _linear(16, 44), logits)
    result = inference.predict_logits(model, image, (10, 16))
    assert result.dtype == np.float32 and result.shape == (30, 44, 23)
    np.testing.assert_allclose(result, expected, atol=1e-4)


@pytest.mark.parametrize("image_size", [None, (8, 12), (40, 20)])
def test_classes_taken_piece_by_piece_are_the_argmax(model, image_size):
    images = np.stack([_image(21, 33, seed) for seed in range(3)])
    predictor = inference.Predictor(model, image_size)
    for image, train_ids in zip(images, predictor(images), strict=True):
        expected = np.argmax(inference.predict_logits(model, image, image_size), axis=-1)
        np.testing.assert_array_equal(inference.predict(model, image, image_size), expected)
        assert np.mean(train_ids == expected) > 0.999  # a compiled graph may round differently
        assert train_ids.dtype == np.uint8


def test_of_equal_logits_the_first_class_wins():
    equal = keras.Sequential(
        [keras.Input((None, None, 3)), keras.layers.Conv2D(21, 1, kernel_initializer="zeros", use_bias=False)]
    )
    assert not inference.predict(equal, _image(6, 6), (3, 3)).any()


def test_bytes_and_floats_are_the_same_image(model):
    image = _image(9, 9)
    as_float = inference.predict_logits(model, image / np.float32(255), (5, 5))
    np.testing.assert_allclose(inference.predict_logits(model, image, (5, 5)), as_float, atol=1e-6)


def test_an_image_of_another_shape_is_refused(model):
    with pytest.raises(CourseError, match=r"\[height, width, 3\], got \[9, 9\]"):
        inference.predict(model, np.zeros((9, 9), np.uint8))


def test_frames_of_several_sizes_come_back_in_order(model, tmp_path, monkeypatch):
    monkeypatch.setattr(inference.frames, "BATCH_PIXELS", 3 * 12 * 14)
    sizes = [(12, 14)] * 5 + [(10, 10)] + [(12, 14)] * 2
    frames = []
    for number, size in enumerate(sizes):
        Image.fromarray(_image(*size, seed=number)).save(tmp_path / f"{number}.png")
        frames.append(Frame(str(number), None, tmp_path / f"{number}.png", None))
    batches = []
    predictor = inference.Predictor(model)

    def recorded(images):
        batches.append(len(images))
        return predictor(images)

    results = list(inference.predict_frames(recorded, frames))
    assert [frame for frame, _ in results] == frames
    assert batches == [3, 2, 1, 2]
    for number, (_, train_ids) in enumerate(results):
        expected = inference.predict(model, _image(*sizes[number], seed=number))
        assert train_ids.shape == sizes[number] and np.mean(train_ids == expected) > 0.99


@pytest.mark.parametrize("shape", [(64, 80), (61, 37), (13, 200)])
def test_strips_give_what_the_whole_gives(model, shape, monkeypatch):
    """At most a tie of two classes is decided otherwise."""
    images = np.stack([_image(*shape, seed) for seed in (0, 1)])
    whole = inference.Predictor(model, (16, 24))(images)
    monkeypatch.setattr(prediction, "STRIP_PIXELS", 500)
    strips = inference.Predictor(model, (16, 24))(images)
    assert strips.dtype == np.uint8 and strips.shape == whole.shape and len(np.unique(whole)) > 5
    assert (strips != whole).mean() < 1e-3
