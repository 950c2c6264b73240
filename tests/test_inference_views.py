"""Windows, scales and mirror images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import inference
from course_utils.backend import keras, tf
from course_utils.errors import CourseError
from course_utils.inference import Predictor, Views
from course_utils.inference.views import starts


def network(kernel_size, classes=4):
    keras.utils.set_random_seed(1)
    layer = keras.layers.Conv2D(classes, kernel_size, padding="same", kernel_initializer="random_normal")
    model = keras.Sequential([keras.Input((None, None, 3)), layer])
    layer.kernel.assign(20 * layer.kernel)
    return model


@pytest.fixture(scope="module")
def pointwise():
    return network(1)


@pytest.fixture(scope="module")
def blurring():
    """Sees a neighbourhood, without symmetry."""
    return network(5)


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(size=(*shape, 3)).astype(np.float32)


def probabilities(logits):
    return tf.nn.softmax(logits).numpy()


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 400), st.integers(1, 200), st.floats(0, 0.95))
def test_windows_cover_every_pixel_and_overlap(size, window, overlap):
    begins = starts(size, window, overlap).numpy()
    assert begins[0] == 0 and begins[-1] == max(0, size - window)
    assert np.all(np.diff(begins) <= max(1, int(window * (1 - overlap))))
    assert np.all(np.diff(begins) >= 1)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 25), st.integers(1, 25), st.integers(1, 12), st.integers(1, 12), st.booleans())
def test_a_pointwise_network_sees_no_windows_and_no_mirror(height, width, rows, columns, flip):
    model, batch = network(1), images(2, height, width)
    views = Views(model, flip=flip, window=(rows, columns))
    np.testing.assert_allclose(np.exp(views(batch)), probabilities(model(batch)), atol=1e-5)


def test_a_pointwise_network_sees_no_scales_in_an_even_image(pointwise):
    batch = np.tile(images(3, 1, 1), (1, 17, 23, 1))
    views = Views(pointwise, scales=(0.5, 1, 1.75), flip=True, window=(7, 9))
    np.testing.assert_allclose(np.exp(views(batch)), probabilities(pointwise(batch)), atol=1e-5)


def test_scales_give_back_what_lies_where():
    """Away from the border between two even halves, every scale says the same."""
    batch = np.repeat(np.repeat(images(1, 1, 2), 20, 1), 20, 2)
    model = network(1)
    views = np.exp(Views(model, scales=(0.5, 1.5, 2))(batch))
    away = np.abs(np.arange(40) - 19.5) > 4
    np.testing.assert_allclose(views[:, :, away], probabilities(model(batch))[:, :, away], atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"window": (6, 7)}, {"scales": (0.6, 1, 1.3)}])
def test_a_mirrored_image_gives_the_mirrored_result(blurring, options):
    batch = images(2, 13, 18)
    views = Views(blurring, flip=True, **options)
    np.testing.assert_allclose(views(batch[:, :, ::-1]), views(batch)[:, :, ::-1], atol=1e-4)
    assert not np.allclose(blurring(batch[:, :, ::-1]), blurring(batch)[:, :, ::-1], atol=0.1)


@pytest.mark.parametrize("window", [(13, 18), (13, 40), (100, 100)])
def test_a_window_as_large_as_the_image_is_the_image(blurring, window):
    batch = images(2, 13, 18)
    np.testing.assert_allclose(np.exp(Views(blurring, window=window)(batch)), probabilities(blurring(batch)), atol=1e-6)


def test_windows_equal_their_average_by_hand(blurring):
    batch = images(1, 9, 14)
    total, count = np.zeros((1, 9, 14, 4)), np.zeros((9, 14, 1))
    for top in (0, 3):
        for left in (0, 2, 5, 8):
            crop = probabilities(blurring(batch[:, top : top + 6, left : left + 6]))
            total[:, top : top + 6, left : left + 6] += crop
            count[top : top + 6, left : left + 6] += 1
    views = Views(blurring, window=(6, 6), overlap=0.5)
    np.testing.assert_allclose(np.exp(views(batch)), total / count, atol=1e-5)


def test_the_average_is_of_probabilities(blurring):
    batch = images(1, 8, 8)
    mirrored = probabilities(blurring(batch[:, :, ::-1]))[:, :, ::-1]
    expected = (probabilities(blurring(batch)) + mirrored) / 2
    np.testing.assert_allclose(np.exp(Views(blurring, flip=True)(batch)), expected, atol=1e-6)


def test_probabilities_of_zero_stay_numbers(pointwise):
    sure = network(1)
    sure.layers[0].kernel.assign(1e4 * sure.layers[0].kernel)
    image = images(10, 12)
    result = inference.predict_logits(Views(sure, scales=(0.7, 1), flip=True), image, (5, 7))
    assert np.isfinite(result).all()


@pytest.mark.parametrize("image_size", [None, (11, 16)])
def test_predictors_take_views_at_every_size(blurring, image_size):
    views = Views(blurring, scales=(0.75, 1, 1.25), flip=True, window=(8, 8))
    predictor = Predictor(views, image_size)
    for size in [(13, 17), (21, 9), (1, 5)]:
        batch = images(2, *size)
        logits = inference.predict_logits(views, batch[0], image_size)
        assert logits.shape == (*size, 4)
        np.testing.assert_array_equal(inference.predict(views, batch[0], image_size), logits.argmax(-1))
        assert np.mean(predictor(batch)[0] == logits.argmax(-1)) > 0.98  # a compiled graph may round differently


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scales": ()}, "Scales"),
        ({"scales": (1, 0)}, "Scales"),
        ({"window": (0, 5)}, "0x5"),
        ({"overlap": 1.0}, "overlap"),
    ],
)
def test_impossible_views_are_refused(pointwise, options, words):
    with pytest.raises(CourseError, match=words):
        Views(pointwise, **options)
