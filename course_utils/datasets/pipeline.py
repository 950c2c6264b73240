"""From frames to batches: decoding in parallel, caching, shuffling.

Images stay uint8 until after the cache, so that a data set takes four bytes per pixel: three of image, one of label.
Order and augmentation depend on nothing but (seed, epoch, index): the same seed gives the same batches on every run and
every number of threads, and a run that was cut off goes on exactly where it stopped.
"""

from __future__ import annotations  # TensorFlow's types are only read: beside another backend it is imported when used

import contextlib
import re
import time
from collections.abc import Sequence

import numpy as np

from course_utils.backend import tf
from course_utils.datasets.augmentation import Augmentation
from course_utils.datasets.classes.sampling import ClassSampling, pixel_of
from course_utils.datasets.frames import Frame, label_map, resized
from course_utils.errors import CourseError
from course_utils.images import image_size, read_image
from course_utils.labels import VOID, LabelTable
from course_utils.machine import memory_limit


def from_frames(
    frames: Sequence[Frame], table: LabelTable, image_size: tuple[int, int] | None = None
) -> tf.data.Dataset:
    """As `Dataset.load`, for frames of your own choice, such as the first 24.

    Args:
        frames: frames with ground truth; they are not checked.
        table: their label table.
        image_size: (height, width) to resize to; None keeps the size.
    """
    reader = _Reader(frames, table, image_size)
    dataset = tf.data.Dataset.range(len(reader)).map(
        lambda index: _to_float(*_decoded(reader, index)), num_parallel_calls=tf.data.AUTOTUNE
    )
    dataset.frames = reader.frames
    dataset.reader = reader
    return dataset


def training_batches(
    dataset: tf.data.Dataset,
    batch_size: int,
    *,
    seed: int,
    augmentation: Augmentation | None = None,
    sampling: ClassSampling | None = None,
    repeat: bool = True,
    start_epoch: int = 0,
    start_step: int = 0,
    worker: int = 0,
    workers: int = 1,
    replicas: int = 1,
    parts: int = 1,
) -> tf.data.Dataset:
    """Shuffled, augmented batches; images are kept in memory where they take at most a quarter of it.

    Args:
        dataset: what `Dataset.load` or `from_frames` returned. Any other data set of (image, label) is read into
            memory whole.
        batch_size: images in a batch.
        seed: decides the order and the augmentation.
        augmentation: see `course_utils.datasets.augmentation`.
        sampling: draws rare classes more often; None takes each image once per epoch.
        repeat: True goes on forever, and batches run across epochs: of any `len` images in a row that start at an
            epoch's beginning each occurs once, unless `sampling` draws others. False gives one epoch, the last batch
            being smaller.
        start_epoch: the epoch to begin with.
        start_step: batches of that epoch (and, with repeat, of later ones) to pass over. A run that stopped after n
            batches goes on with `start_step=n` as if it had never stopped; nothing is decoded in passing.
        worker: with repeat, the worker that reads its part of each batch, 0 to `workers - 1`.
        workers: how many share a batch; they must divide its size.
        replicas: on all workers together; each gets its part of a batch, one after the other. They must divide its
            size, and `workers` them.
        parts: in which a batch is computed one after the other. Replicas share each of them, so that a replica's part
            of the batch is what it has of the first part, then of the second, and so on.

    Returns:
        Data set of (images float32 [batch, height, width, 3], labels uint8 [batch, height, width]).

    Raises:
        CourseError: the images have different sizes and nothing brings them to one.
    """
    reader = getattr(dataset, "reader", None) or _InMemory(dataset)
    if augmentation is None or augmentation.result_size is None:
        _need_one_size(dataset)
    reader.remember()
    count = len(reader)
    order_seed, example_seed = tf.constant([seed, 0], tf.int64), tf.constant([seed, 1], tf.int64)
    fold_in = tf.random.experimental.stateless_fold_in

    def order(epoch):
        seed = fold_in(order_seed, epoch)
        if sampling is not None:
            indices, keys, classes = sampling.order(seed)
        else:
            indices = keys = tf.random.experimental.stateless_shuffle(tf.range(count, dtype=tf.int64), seed=seed)
            classes = tf.fill([count], np.int64(VOID))
        return tf.data.Dataset.from_tensor_slices((tf.fill([count], epoch), indices, keys, classes))

    def example(epoch, index, key, number):
        image, label = _to_float(*_decoded(reader, index))
        if augmentation is not None:
            seed = fold_in(fold_in(example_seed, epoch), key)
            focus = None if sampling is None else pixel_of(label, number, fold_in(seed, 0))
            image, label = augmentation(image, label, seed, focus)
        return image, label

    epochs = tf.data.Dataset.counter(start_epoch) if repeat else tf.data.Dataset.from_tensors(np.int64(start_epoch))
    places = epochs.flat_map(order).skip(start_step * batch_size)
    if replicas > 1:
        shares = np.arange(batch_size).reshape(parts, replicas, -1).swapaxes(0, 1)
        own = shares.reshape(workers, -1)[worker]
        whole = places.batch(batch_size, drop_remainder=True)
        places = whole.map(lambda *batch: tuple(tf.gather(part, own) for part in batch)).unbatch()
    batches = places.map(example, num_parallel_calls=tf.data.AUTOTUNE).batch(
        batch_size // replicas,
        drop_remainder=repeat,  # there is no remainder where there is no end
    )
    length = tf.data.INFINITE_CARDINALITY if repeat else max(0, -(-count // batch_size) - start_step)
    return _ahead(batches.apply(tf.data.experimental.assert_cardinality(length)))


def evaluation_batches(dataset: tf.data.Dataset, batch_size: int) -> tf.data.Dataset:
    """Batches in order, the last one smaller; images are kept in memory where they take at most a quarter of it.

    Args:
        dataset: what `Dataset.load` or `from_frames` returned, or any other data set of (image, label).
        batch_size: images in a batch.

    Returns:
        Data set of (images float32 [batch, height, width, 3], labels uint8 [batch, height, width]).

    Raises:
        CourseError: the images have different sizes.
    """
    if batch_size > 1:
        _need_one_size(dataset)
    if hasattr(dataset, "reader"):
        dataset.reader.remember()
    return _ahead(dataset.batch(batch_size))


def _ahead(batches):
    """Prepare batches while the one before is in use.

    tf.data's tuning is off: its thread, which sleeps up to a minute at a time, at times kept a process from ending.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.prefetch(2).with_options(options)


@contextlib.contextmanager
def clear_errors():
    """Turn TensorFlow's report of a file that cannot be decoded back into the CourseError that names the file."""
    try:
        yield
    except tf.errors.OpError as error:
        found = re.search(r"CourseError: (.+)", error.message)
        if not found:
            raise
        raise CourseError(found[1]) from None


class _Reader:
    """Random access to decoded frames: `reader(index)` is (image uint8 [H, W, 3], label uint8 [H, W]).

    Attributes:
        frames: the frames, in order.
        size: (height, width) of all images, or (None, None) where they differ.
        reading: the files that are being read, and since when on the clock of `time.monotonic`.
    """

    def __init__(self, frames, table, resize_to):
        self.frames, self.dtype, self.reading = tuple(frames), tf.uint8, {}
        self._table = table
        self._resize_to = tuple(resize_to) if resize_to else None
        self._memory = None
        sizes = {self._resize_to} if resize_to else {image_size(frame.image) for frame in self.frames}
        self.size = sizes.pop() if len(sizes) == 1 else (None, None)
        self._bytes = 4 * sum(height * width for height, width in sizes or {self.size}) // max(1, len(sizes))

    def __len__(self):
        return len(self.frames)

    def remember(self):
        """Keep what is decoded, if all of it fits."""
        if self._memory is None and self._bytes * len(self) <= memory_limit() // 4:
            self._memory = {}

    def __call__(self, index):
        index = int(index)
        if self._memory is None:
            return self._read(index)
        if index not in self._memory:
            self._memory[index] = self._read(index)
        # TensorFlow takes the array's memory as its own and may write into it.
        return tuple(array.copy() for array in self._memory[index])

    def _read(self, index):
        frame = self.frames[index]
        with self._noted(str(frame.image)):
            image = read_image(frame.image)
        with self._noted(str(frame.label or frame.image)):
            label = label_map(frame, self._table)
        if image.shape[:2] != label.shape:
            raise CourseError(f"{frame.label or frame.image}: label and image differ in size; restore the pair.")
        if self._resize_to:
            image, label = resized(image, self._resize_to), resized(label, self._resize_to)
        return image, label

    @contextlib.contextmanager
    def _noted(self, file):
        self.reading[file] = time.monotonic()
        try:
            yield
        finally:
            self.reading.pop(file, None)


class _InMemory:
    """The same access to any data set of (image, label)."""

    def __init__(self, dataset):
        self._pairs = list(dataset.as_numpy_iterator())
        self.dtype = dataset.element_spec[0].dtype
        self.size = tuple(dataset.element_spec[1].shape)

    def __len__(self):
        return len(self._pairs)

    def remember(self):
        """It always does."""

    def __call__(self, index):
        return tuple(array.copy() for array in self._pairs[int(index)])


def _decoded(reader, index):
    image, label = tf.numpy_function(reader, [index], (reader.dtype, tf.uint8))
    image.set_shape((*reader.size, 3))
    label.set_shape(reader.size)
    return image, label


def _to_float(image, label):
    return (tf.cast(image, tf.float32) / 255 if image.dtype == tf.uint8 else image), label


def _need_one_size(dataset) -> None:
    if not dataset.element_spec[0].shape.is_fully_defined():
        raise CourseError(
            "The images of this data set have different sizes, so they do not fit into one batch: give `load` an "
            "image_size=(height, width), or train on crops with Augmentation(crop_size=(height, width))."
        )
