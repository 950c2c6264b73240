"""Class-uniform sampling: each class has its turn, crops hold it, an epoch stays one, its order is by seed alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import datasets
from course_utils.backend import tf
from course_utils.datasets.augmentation import Augmentation
from course_utils.datasets.classes.sampling import ClassSampling, pixel_of
from course_utils.datasets.pipeline import training_batches
from course_utils.errors import CourseError
from course_utils.labels import VOID

FRAMES, RARE, CROP = 24, 2, (6, 8)


@pytest.fixture(scope="module")
def streets():
    """Frames of class 0 above class 1; class 2 is one pixel of one of them. The red of an image tells which it is."""
    labels = np.zeros((FRAMES, 30, 40), np.uint8)
    labels[:, 15:] = 1
    labels[5, 27, 33] = RARE
    images = np.broadcast_to(np.arange(FRAMES)[:, None, None, None] / FRAMES, (*labels.shape, 3)).astype(np.float32)
    present = np.stack([(labels == number).any((1, 2)) for number in range(4)], 1)
    return tf.data.Dataset.from_tensor_slices((images, labels)), present


def _epochs(streets, share, epochs=8, **options):
    """Frames and crops of labels in order, `[epochs, frames, ...]`."""
    pairs, present = streets
    sampling = ClassSampling(present, share) if share else None
    batches = training_batches(pairs, 6, seed=1, augmentation=Augmentation(CROP), sampling=sampling, **options)
    images, labels = zip(*batches.take(FRAMES * epochs // 6).as_numpy_iterator(), strict=True)
    frames = np.rint(np.concatenate(images)[:, 0, 0, 0] * FRAMES).astype(int)
    return frames.reshape(epochs, FRAMES), np.concatenate(labels).reshape(epochs, FRAMES, *CROP)


@settings(deadline=None, max_examples=25)
@given(
    present=st.integers(1, 12).flatmap(
        lambda classes: st.lists(st.lists(st.booleans(), min_size=classes, max_size=classes), min_size=1, max_size=30)
    ),
    share=st.floats(0.01, 1.0),
    seed=st.tuples(st.integers(0, 2**31), st.integers(0, 2**31)),
)
def test_an_epoch_has_as_many_images_as_frames_and_all_classes_take_turns(present, share, seed):
    present = np.array(present)
    if not present.any():
        return
    frames, keys, classes = (part.numpy() for part in ClassSampling(present, share).order(seed))
    assert len(frames) == len(keys) == len(classes) == len(present)
    assert len(set(keys)) == len(keys), "no two images are augmented alike"
    drawn = classes != VOID
    assert drawn.sum() == round(share * len(present))
    assert len(set(frames[~drawn])) == (~drawn).sum(), "the rest are frames of which each comes once at most"
    assert present[frames[drawn], classes[drawn]].all(), "a frame is drawn for a class that it has"
    turns = np.bincount(classes[drawn], minlength=present.shape[1])
    assert not turns[~present.any(0)].any()
    assert np.ptp(turns[present.any(0)]) <= 1


@pytest.fixture(scope="module")
def sampled(streets):
    """Eight epochs of which half is drawn by class."""
    return _epochs(streets, 0.5)


def test_the_rare_class_is_seen_more_often(streets, sampled):
    """Without, one image of an epoch has it, and not each crop of that. With, a third of those that are drawn."""
    frames, labels = _epochs(streets, 0)
    assert (np.sort(frames) == np.arange(FRAMES)).all(), "each frame once per epoch"
    before = (labels == RARE).any((2, 3)).sum(1)
    frames, labels = sampled
    seen = (labels == RARE).any((2, 3)).sum(1)
    assert before.max() <= 1 and seen.min() >= FRAMES // 2 // 3
    assert np.unique(frames).size == FRAMES, "all frames come in time"
    places = {tuple(np.argwhere(crop == RARE)[0]) for crop in labels.reshape(-1, *CROP) if (crop == RARE).any()}
    assert len(places) > 8, "the pixel is not always at the same place of the crop"


def test_going_on_gives_the_same_images(streets, sampled):
    """From within an epoch, across its end; for two workers, too."""
    frames, labels = (part.reshape(-1, 6, *part.shape[2:]) for part in sampled)
    again = _epochs(streets, 0.5, 1, start_step=7)
    assert np.array_equal(again[0].reshape(4, 6), frames[7:11])
    assert np.array_equal(again[1].reshape(4, 6, *CROP), labels[7:11])
    pairs, present = streets
    drawn = {"seed": 1, "augmentation": Augmentation(CROP), "sampling": ClassSampling(present, 0.5)}
    halves = [training_batches(pairs, 6, **drawn, worker=k, workers=2, replicas=2).take(1) for k in range(2)]
    assert np.array_equal(np.concatenate([next(iter(half))[1] for half in halves]), labels[0])


def test_a_pixel_of_the_class_is_chosen_at_random():
    label = tf.constant(np.array([[0, 1, 1], [2, 1, 0]], np.uint8))
    found = {tuple(pixel_of(label, np.int64(1), (0, seed)).numpy()) for seed in range(60)}
    assert found == {(0, 1), (0, 2), (1, 1)}
    for number in (3, VOID):
        assert pixel_of(label, np.int64(number), (0, 0)).numpy().tolist() == [-1, -1]


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([0.5, 1.0, 1.7, 3.0]),
    place=st.tuples(st.integers(0, 19), st.integers(0, 29)),
)
def test_the_crop_holds_the_pixel(seed, scale, place):
    """Wherever it is, at the border too; at half the size the labels around it may be all that is left."""
    label = np.zeros((20, 30), np.uint8)
    around = tuple(slice(max(0, k - 1), k + 2) for k in place) if scale < 1 else place
    label[around] = 7
    crop = Augmentation((8, 10), (scale, scale))
    focus = tf.constant(place, tf.float32)
    _, found = crop(tf.zeros((20, 30, 3)), tf.constant(label), (seed, 0), focus)
    assert (found.numpy() == 7).any()


def test_what_a_data_set_holds(camvid_like_dir):
    data = datasets.open("camvid", camvid_like_dir)
    present = data.classes_present("train")
    for frame, row in zip(data.frames("train"), present, strict=True):
        assert np.flatnonzero(row).tolist() == [k for k in np.unique(data.label_map(frame)) if k != VOID]
    present[:] = False
    assert data.classes_present("train").any(), "what callers get is theirs"


@pytest.mark.parametrize(("share", "present"), [(0.0, True), (1.2, True), (0.5, False)])
def test_what_cannot_be_drawn_is_refused(share, present):
    with pytest.raises(CourseError, match="Class sampling"):
        ClassSampling(np.full((3, 2), present), share)
