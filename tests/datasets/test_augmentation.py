"""Augmentation: image and labels move together, nothing is invented, the outside is void."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.backend import tf
from course_utils.datasets.augmentation import Augmentation
from course_utils.errors import CourseError
from course_utils.labels import VOID

SEEDS = [(0, s) for s in range(12)]
ALL = Augmentation((24, 40), (0.4, 2.0), True, 0.7)


def scene(seed=0, size=(32, 48)):
    """Blobs of classes 1 to 9; each class has a grey value of its own, the same in all channels."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(1, 10, (size[0] // 8, size[1] // 8))
    label = np.kron(coarse, np.ones((8, 8), int)).astype(np.uint8)
    image = np.repeat(label[..., None] / np.float32(10), 3, -1)
    return image.astype(np.float32), label


@settings(max_examples=25, deadline=None)
@given(
    seed=st.tuples(st.integers(0, 2**31), st.integers(0, 2**31)),
    low=st.floats(0.3, 1.5),
    spread=st.floats(0, 1),
    crop=st.none() | st.tuples(st.integers(1, 60), st.integers(1, 60)),
    flip=st.booleans(),
)
def test_no_label_is_invented(seed, low, spread, crop, flip):
    image, label = scene()
    image2, label2 = Augmentation(crop, (low, low + spread), flip, 0.5)(image, label, seed)
    assert set(np.unique(label2)) <= {*np.unique(label), VOID}
    assert label2.shape == (crop or label.shape) and image2.shape == (*label2.shape, 3)
    assert label2.dtype == tf.uint8 and image2.dtype == tf.float32
    assert float(tf.reduce_min(image2)) >= 0 and float(tf.reduce_max(image2)) <= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_image_and_label_stay_aligned(seed):
    """Away from the borders between classes the grey value still says which class it is."""
    image, label = (np.asarray(x) for x in Augmentation((24, 40), (0.6, 2.5), True)(*scene(), seed))
    said = np.rint(image[..., 0] * 10)
    inside = np.ones(label.shape, bool)
    for axis in (0, 1):
        for step in (-2, -1, 1, 2):
            inside &= np.roll(label, step, axis) == label
    inside[:2], inside[-2:], inside[:, :2], inside[:, -2:] = False, False, False, False
    inside &= label != VOID
    assert inside.sum() > 50
    assert np.array_equal(said[inside], label[inside])
    assert (image[label == VOID] == 0).all()


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_the_same_seed_gives_the_same_result(seed):
    image, label = scene()
    first, second, other = ALL(image, label, seed), ALL(image, label, seed), ALL(image, label, (7, seed[1]))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("seed", SEEDS)
def test_flip_twice_is_identity(seed):
    image, label = scene()
    flip = Augmentation(flip=True)
    image2, label2 = flip(*flip(image, label, seed), seed)
    assert np.array_equal(image, image2) and np.array_equal(label, label2)


def test_flip_happens_to_about_half():
    image, label = scene()
    flipped = sum(np.array_equal(Augmentation(flip=True)(image, label, (1, s))[1], label[:, ::-1]) for s in range(60))
    assert 18 <= flipped <= 42


@pytest.mark.parametrize("seed", SEEDS)
def test_shrinking_leaves_void_and_no_class_0(seed):
    image, label = scene()
    image2, label2 = (np.asarray(x) for x in Augmentation((32, 48), (0.5, 0.5))(image, label, seed))
    assert (label2 != 0).all()
    assert (label2 != VOID).sum() == 16 * 24, "the whole scene is still there"
    assert (image2[label2 == VOID] == 0).all()
    assert (image2[label2 != VOID] > 0).all()


def test_a_crop_larger_than_the_image_is_filled_with_void():
    image, label = scene()
    image2, label2 = (np.asarray(x) for x in Augmentation((40, 64))(image, label, (1, 2)))
    rows, columns = np.nonzero(label2 != VOID)
    top, left = rows.min(), columns.min()
    assert np.array_equal(label2[top : top + 32, left : left + 48], label)
    assert np.allclose(image2[top : top + 32, left : left + 48], image, atol=1e-6)
    assert (label2 == VOID).sum() == 40 * 64 - 32 * 48


@pytest.mark.parametrize("seed", SEEDS)
def test_a_crop_at_scale_1_is_a_copy(seed):
    rng = np.random.default_rng(3)
    image = rng.random((32, 48, 3), np.float32)
    label = np.arange(32 * 48).reshape(32, 48) % 250
    image2, label2 = (np.asarray(x) for x in Augmentation((20, 30))(image, label.astype(np.uint8), seed))
    places = [
        (y, x) for y in range(13) for x in range(19) if np.allclose(image[y : y + 20, x : x + 30], image2, atol=1e-6)
    ]
    assert len(places) == 1
    y, x = places[0]
    assert np.array_equal(label2, label[y : y + 20, x : x + 30])


def test_crops_reach_every_place():
    image, label = scene(size=(8, 16))
    label = np.arange(8 * 16, dtype=np.uint8).reshape(8, 16)
    crop = tf.function(lambda seed: Augmentation((7, 14))(image, label, seed)[1][0, 0])
    corners = {int(crop(tf.constant([2, s]))) for s in range(80)}
    assert corners == {16 * y + x for y in range(2) for x in range(3)}


@pytest.mark.parametrize("factor", [0.5, 0.73, 1.9])
def test_scaling_equals_resizing(factor):
    """With a crop of exactly the scaled size nothing is cut: it is tf.image.resize."""
    rng = np.random.default_rng(1)
    image = rng.random((100, 200, 3), np.float32)
    label = rng.integers(0, 5, (100, 200)).astype(np.uint8)
    size = (round(100 * factor), round(200 * factor))
    image2, label2 = Augmentation(size, (factor, factor))(image, label, (0, 0))
    assert np.abs(image2 - tf.image.resize(image, size, antialias=True)).max() < 1e-3
    # The framework computes nearest positions in another order of roundings; single pixels may fall the other way.
    assert np.mean(label2 != tf.image.resize(label[..., None], size, "nearest")[..., 0]) < 0.01


def test_colour_changes_the_image_alone():
    image, label = scene()
    image2, label2 = Augmentation(color=0.8)(image, label, (4, 4))
    assert np.array_equal(label, label2)
    assert np.abs(image2 - image).max() > 0.02


def test_colour_turns_hue_but_keeps_greys_grey():
    image, label = scene()
    grey, _ = Augmentation(color=1.0)(image, label, (4, 5))
    assert np.abs(grey[..., 0] - grey[..., 1]).max() < 0.01
    colourful = np.random.default_rng(0).random((8, 8, 3), np.float32) * 0.4 + 0.3
    turned, _ = Augmentation(color=0.4)(colourful, label[:8, :8], (4, 5))
    assert np.min(turned) > 0 and np.max(turned) < 1, "nothing was clipped"
    luma = [0.299, 0.587, 0.114]
    # Brightness and contrast are one affine map of the luma, whatever hue and saturation do.
    before, after = (np.asarray(x).reshape(-1, 3) @ luma for x in (colourful, turned))
    fit = np.polyfit(before, after, 1)
    assert np.abs(np.polyval(fit, before) - after).max() < 0.01
    assert not np.allclose(turned, colourful, atol=0.02)


def test_nothing_asked_nothing_done():
    image, label = scene()
    image2, label2 = Augmentation()(image, label, (0, 0))
    assert np.array_equal(image, image2) and np.array_equal(label, label2)


@pytest.mark.parametrize("options", [{"scale": (0, 1)}, {"scale": (2, 1)}, {"color": 1.5}, {"color": -0.1}])
def test_impossible_settings_are_refused(options):
    with pytest.raises(CourseError):
        Augmentation(**options)


def test_works_in_a_graph_without_static_shapes():
    image, label = scene()
    spec = (tf.TensorSpec((None, None, 3)), tf.TensorSpec((None, None), tf.uint8), tf.TensorSpec(2, tf.int64))
    for augmentation in (ALL, Augmentation(None, (0.5, 2), True, 0.5)):
        graph = tf.function(augmentation.__call__, input_signature=spec)
        eager = augmentation(image, label, np.int64([3, 4]))
        for a, b in zip(graph(image, label, np.int64([3, 4])), eager, strict=True):
            assert np.allclose(a, b, atol=1e-5)
