"""`load` and the batches: the right pixels, every image once per epoch, the same order for the same seed."""

from functools import partial

import numpy as np
import pytest
from PIL import Image
from tiny_datasets import save, write_camvid

from course_utils import datasets
from course_utils.backend import keras, tf
from course_utils.datasets import pipeline, toy_streets
from course_utils.datasets.augmentation import Augmentation
from course_utils.datasets.pipeline import clear_errors, evaluation_batches, from_frames, training_batches
from course_utils.errors import CourseError
from course_utils.labels import CAMVID, VOID


@pytest.fixture
def train(camvid_like_dir):
    """Seven images, each of which is recognised by its label map."""
    return datasets.load("camvid", "train", camvid_like_dir)


def names(batches, count, train):
    """Which image each of the first `count` places holds."""
    known = {label.numpy().tobytes(): i for i, (_, label) in enumerate(train)}
    found = []
    for _, labels in batches:
        found += [known[label.tobytes()] for label in labels.numpy()]
        if len(found) >= count:
            break
    return found[:count]


def test_load_gives_the_files_in_order(camvid_like_dir, train):
    assert train.cardinality() == 7
    image_spec, label_spec = train.element_spec
    assert (image_spec.dtype, image_spec.shape) == (tf.float32, (12, 16, 3))
    assert (label_spec.dtype, label_spec.shape) == (tf.uint8, (12, 16))
    frames = datasets.open("camvid", camvid_like_dir).frames("train")
    for frame, (image, label) in zip(frames, train, strict=True):
        assert np.array_equal(image, np.array(Image.open(frame.image)) / np.float32(255))
        ids = np.array(Image.open(frame.label))
        assert np.array_equal(label, np.where(ids == 11, VOID, ids))


def test_load_has_void_and_the_full_range(train):
    images, labels = (np.stack(part) for part in zip(*train.as_numpy_iterator(), strict=True))
    assert images.min() >= 0 and images.max() <= 1 and images.max() > 0.9
    assert set(np.unique(labels)) == {*range(11), VOID}


def test_resizing_equals_tensorflow(camvid_like_dir, train):
    small = datasets.load("camvid", "train", camvid_like_dir, image_size=(5, 7))
    large = datasets.load("camvid", "train", camvid_like_dir, image_size=(29, 41))
    assert small.element_spec[0].shape == (5, 7, 3)
    for resized, size in ((small, (5, 7)), (large, (29, 41))):
        for (image, label), (full, truth) in zip(resized, train, strict=True):
            expected = tf.image.resize(full, size, antialias=True)
            assert np.abs(image - expected).max() < 1.01 / 255  # rounded to 8 bits, once per direction
            expected = tf.image.resize(truth[..., None], size, "nearest")[..., 0]
            agree = np.equal(label, expected)
            assert agree[np.ix_(*(off_the_borders(new, old) for new, old in zip(size, (12, 16), strict=True)))].all()


def off_the_borders(new, old):
    """Which of the new pixels have their centre inside an old one, rather than on the border between two."""
    return (2 * np.arange(new) + 1) * old % (2 * new) != 0


def test_toy_streets_are_read_like_cityscapes(cityscapes_dir):
    ours = datasets.load("toy_streets", "val", cityscapes_dir)
    assert ours.cardinality() == 3
    assert max(label.numpy()[label != VOID].max() for _, label in ours) <= 18


def test_toy_streets_are_generated_on_first_use(tmp_path, monkeypatch):
    monkeypatch.delenv("TOY_STREETS_DATASET", raising=False)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    small = partial(toy_streets.generate, size=(64, 128), counts={"train": 2, "val": 2, "test": 1}, workers=1)
    monkeypatch.setattr(toy_streets.card, "generate", small)
    val = datasets.load("toy_streets", "val")
    assert val.cardinality() == 2 and val.element_spec[0].shape == (64, 128, 3)
    monkeypatch.setattr(toy_streets.card, "generate", None)
    assert datasets.load("toy_streets", "train", image_size=(16, 32)).cardinality() == 2
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["toy_streets"]


def test_an_epoch_has_every_image_once(train):
    endless = training_batches(train, 3, seed=1)
    assert endless.cardinality() == tf.data.INFINITE_CARDINALITY
    order = names(endless, 28, train)
    for epoch in range(4):
        assert sorted(order[7 * epoch : 7 * epoch + 7]) == list(range(7))
    assert len({tuple(order[7 * epoch : 7 * epoch + 7]) for epoch in range(4)}) > 1, "epochs differ in order"


def test_one_epoch_keeps_the_smaller_last_batch(train):
    batches = training_batches(train, 3, seed=1, repeat=False)
    assert batches.cardinality() == 3
    assert [len(labels) for _, labels in batches] == [3, 3, 1]
    assert sorted(names(batches, 7, train)) == list(range(7))


def test_the_seed_decides(train):
    augmentation = Augmentation((8, 8), (0.5, 2), True, 0.5)

    def taken(seed):
        batches = training_batches(train, 3, seed=seed, augmentation=augmentation)
        return [part.numpy() for batch in batches.take(7) for part in batch]

    first, second, other = taken(5), taken(5), taken(6)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    # The same image in two epochs is augmented in two ways: no batch occurs twice.
    assert len({part.tobytes() for part in first}) == len(first)


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(train, steps):
    options = {"seed": 3, "augmentation": Augmentation((8, 8), (0.5, 2), True, 0.5)}
    whole = list(training_batches(train, 3, **options).take(steps + 4))
    rest = list(training_batches(train, 3, start_step=steps, **options).take(4))
    for (image, label), (image2, label2) in zip(whole[steps:], rest, strict=True):
        assert np.array_equal(image, image2) and np.array_equal(label, label2)


def test_start_epoch(train):
    endless = names(training_batches(train, 7, seed=3), 21, train)
    single = names(training_batches(train, 3, seed=3, repeat=False, start_epoch=2), 7, train)
    assert names(training_batches(train, 7, seed=3, start_epoch=1), 14, train) == endless[7:]
    assert single == endless[14:]
    assert training_batches(train, 3, seed=3, repeat=False, start_epoch=2, start_step=2).cardinality() == 1


def test_memory_does_not_change_the_images(train):
    """What is kept must survive operations that work in place."""
    scribble = Augmentation(color=1.0)
    for _ in training_batches(train, 1, seed=0, augmentation=scribble).take(21):
        pass
    batches = training_batches(train, 1, seed=0, repeat=False).map(lambda image, label: (image * 0, label // 2))
    for _ in batches:
        pass
    again = from_frames(train.frames, CAMVID)
    for (image, label), (kept, kept_label) in zip(again, train, strict=True):
        assert np.array_equal(image, kept) and np.array_equal(label, kept_label)


def test_files_are_read_once_when_they_fit(train, monkeypatch):
    batches = training_batches(train, 7, seed=0)
    next(iter(batches))
    for frame in train.frames:
        frame.image.unlink()
    assert sorted(names(batches, 14, train)) == sorted([*range(7)] * 2)


def test_no_memory_is_taken_when_they_do_not_fit(camvid_like_dir, monkeypatch):
    monkeypatch.setattr(pipeline, "memory_limit", lambda: 4 * 4 * 7 * 12 * 16 - 1)
    train = datasets.load("camvid", "train", camvid_like_dir)
    batches = training_batches(train, 7, seed=0)
    next(iter(batches))
    train.frames[0].image.unlink()
    with pytest.raises(tf.errors.OpError):
        list(batches.take(2))


def test_evaluation_batches_are_in_order(train):
    batches = evaluation_batches(train, 4)
    assert batches.cardinality() == 2
    assert [len(labels) for _, labels in batches] == [4, 3]
    assert names(batches, 7, train) == list(range(7))


def test_a_choice_of_frames(camvid_like_dir):
    frames = datasets.open("camvid", camvid_like_dir).frames("train")[:2]
    chosen = from_frames(frames, CAMVID, image_size=(6, 8))
    assert chosen.cardinality() == 2
    assert sum(len(labels) for _, labels in training_batches(chosen, 2, seed=0, repeat=False)) == 2


def test_any_other_data_set(train):
    chosen = train.take(3)
    order = names(training_batches(chosen, 2, seed=0), 6, train)
    assert sorted(order[:3]) == sorted(order[3:]) == [0, 1, 2]
    images, _ = next(iter(training_batches(chosen, 3, seed=0, repeat=False)))
    assert images.dtype == tf.float32 and images.numpy().max() <= 1


def test_images_of_different_sizes_need_one(coco_dir):
    mixed = datasets.load("coco", "val", coco_dir)
    for batches in (lambda: training_batches(mixed, 2, seed=0), lambda: evaluation_batches(mixed, 2)):
        with pytest.raises(CourseError, match=r"different sizes.*image_size"):
            batches()
    crops = training_batches(mixed, 2, seed=0, augmentation=Augmentation((16, 16)), repeat=False)
    assert [tuple(labels.shape) for _, labels in crops] == [(2, 16, 16)]
    assert [tuple(labels.shape) for _, labels in evaluation_batches(mixed, 1)] == [(1, 40, 60), (1, 30, 50)]


def test_damage_found_while_decoding_names_the_file(camvid_like_dir):
    frame = datasets.open("camvid", camvid_like_dir).frames("train")[5]
    save(np.full((12, 16), 200, np.uint8), frame.label)
    train = datasets.load("camvid", "train", camvid_like_dir)
    with pytest.raises(tf.errors.OpError, match=r"train_005\.png: label id 200"):
        list(train)
    with pytest.raises(CourseError, match="label id 200") as error, clear_errors():
        list(training_batches(train, 2, seed=0, repeat=False))
    assert str(error.value).startswith(str(frame.label)) and "\n" not in str(error.value)


def test_other_errors_pass():
    with pytest.raises(tf.errors.InvalidArgumentError), clear_errors():
        tf.zeros(2) + tf.zeros(3)


def test_keras_trains_on_it(train):
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(11, 1)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=VOID))
    history = model.fit(training_batches(train, 3, seed=0), steps_per_epoch=3, epochs=2, verbose=0,
                        validation_data=evaluation_batches(train, 4))  # fmt: skip
    assert np.isfinite(history.history["val_loss"]).all()


def test_camvid_real_batches(camvid_dir):
    train = datasets.load("camvid", "val", camvid_dir, image_size=(45, 60))
    assert train.cardinality() == 101
    images, labels = next(iter(training_batches(train, 8, seed=0)))
    assert images.shape == (8, 45, 60, 3) and labels.shape == (8, 45, 60)


def test_empty_camvid_train_is_refused(tmp_path):
    write_camvid(tmp_path, {"train": 0, "val": 1})
    with pytest.raises(CourseError):
        datasets.load("camvid", "train", tmp_path)
