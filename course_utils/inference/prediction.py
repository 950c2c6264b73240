"""Prediction at an image's own resolution.

The network sees the image at the size it was trained for; its logits, not its classes, are resized back, and the best
class is taken last. Resizing a map of classes instead would give the jagged borders of the small map.

TensorFlow resizes and takes the maximum on every backend of Keras; the network in between runs on the backend's own.
"""

from functools import partial

import numpy as np

from course_utils.backend import tf
from course_utils.errors import CourseError
from course_utils.layers.backend_operations import on_tensorflow

CLASSES_AT_ONCE = 10
"""Logits are resized for this many classes at a time: all 171 of COCO at 2048x1024 would take 1.4 GB."""

STRIP_PIXELS = 1 << 21
"""Larger images get their classes in strips of about so many pixels: 48 megapixels would take 1.9 GB at once."""


def predict_logits(model, image, image_size: tuple[int, int] | None = None) -> np.ndarray:
    """Logits at the image's own resolution.

    Args:
        model: a network from images `[batch, height, width, 3]` in 0..1 to logits, or `Views` of one.
        image: [height, width, 3], uint8 or floating point in 0..1.
        image_size: height and width the network was trained for, to which the image is resized (bilinear,
            antialiased) first; None for the image's own.

    Returns:
        float32 [height, width, classes].
    """
    image = _checked(image)
    logits = _logits(model, tf.constant(image[None]), image_size)
    return tf.image.resize(logits, image.shape[:2])[0].numpy()


def predict(model, image, image_size: tuple[int, int] | None = None) -> np.ndarray:
    """Train ids at the image's own resolution, uint8 [height, width]: the argmax of `predict_logits`."""
    return _train_ids(model, tf.constant(_checked(image)[None]), image_size)[0].numpy()


class Predictor:
    """`predict` for batches, compiled once: the faster way through many images.

    Args:
        model: as in `predict_logits`. Weights that change later are seen.
        image_size: as in `predict_logits`.

    Example:

        predictor = Predictor(model, (256, 512))
        train_ids = predictor(images)  # [batch, height, width, 3] -> uint8 [batch, height, width]
    """

    def __init__(self, model, image_size: tuple[int, int] | None = None):
        self.image_size = image_size and tuple(image_size)
        # Another backend compiles the network itself, and there is no graph around it.
        compiled = partial(tf.function, reduce_retracing=True) if on_tensorflow() else lambda function: function
        self._predict = compiled(lambda images: _train_ids(model, images, self.image_size))
        self._logits = compiled(lambda images: _logits(model, images, self.image_size))
        self._strip = compiled(_strip_classes)

    def __call__(self, images) -> np.ndarray:
        height, width = images.shape[1:3]
        if self.image_size is None or height * width <= STRIP_PIXELS:
            return self._predict(tf.constant(images)).numpy()
        # One by one: beside the image itself, memory holds the logits at the network's size and one strip of classes.
        return np.stack([self._in_strips(image) for image in images])

    def _in_strips(self, image) -> np.ndarray:
        height, width = image.shape[:2]
        logits = self._logits(tf.constant(image[None]))
        rows = max(1, STRIP_PIXELS // width)
        train_ids = np.empty((height, width), np.uint8)
        for top in range(0, height, rows):
            number = min(rows, height - top)
            train_ids[top : top + number] = self._strip(logits, tf.constant([top, number, height, width])).numpy()
        return train_ids


def _checked(image) -> np.ndarray:
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[-1] != 3:
        raise CourseError(f"An image must have the shape [height, width, 3], got {list(image.shape)}.")
    return image


def _logits(model, images, image_size):
    """Logits at the network's size: [batch, height, width, classes]."""
    bytes_given = images.dtype == tf.uint8
    if not bytes_given:
        images = tf.image.convert_image_dtype(images, tf.float32)
    if image_size is not None:  # of bytes before they become floating-point numbers, which take four times the memory
        images = tf.image.resize(images, image_size, antialias=True)
    if bytes_given:
        images = tf.cast(images, tf.float32) * (1 / 255)
    logits = model(images, training=False) if on_tensorflow() else model.predict_on_batch(images.numpy())
    return tf.cast(logits, tf.float32)


def _train_ids(model, images, image_size):
    """The class of the largest resized logit, uint8 [batch, height, width]; of equal ones the first."""
    logits = _logits(model, images, image_size)
    if image_size is None:
        return tf.cast(tf.argmax(logits, axis=-1), tf.uint8)
    return _best(logits, lambda some: tf.image.resize(some, tf.shape(images)[1:3]))


def _strip_classes(logits, place):
    """Some rows of what `_train_ids` gives, uint8 [rows, width].

    Args:
        logits: of one image, [1, height, width, classes] at the network's size.
        place: int32: the first row, the number of rows, and height and width of the whole image.
    """
    top, number, height, width = tf.unstack(place)
    small = tf.shape(logits)[1]
    # Pixel centres, as `tf.image.resize` has them.
    rows = (tf.cast(tf.range(top, top + number), tf.float32) + 0.5) * tf.cast(small / height, tf.float32) - 0.5
    below = tf.floor(rows)
    share = (rows - below)[:, tf.newaxis, tf.newaxis]
    first, second = (tf.clip_by_value(tf.cast(below, tf.int32) + step, 0, small - 1) for step in (0, 1))

    def resized(some):
        strip = tf.gather(some[0], first) * (1 - share) + tf.gather(some[0], second) * share
        return tf.image.resize(strip[tf.newaxis], tf.stack([number, width]))

    return _best(logits, resized)[0]


def _best(logits, resize):
    """The class of the largest logit after resizing, uint8: a few classes at a time."""
    best_value = best_class = None
    for first in range(0, logits.shape[-1], CLASSES_AT_ONCE):
        resized = resize(logits[..., first : first + CLASSES_AT_ONCE])
        value = tf.reduce_max(resized, axis=-1)
        number = tf.cast(tf.argmax(resized, axis=-1) + first, tf.uint8)
        if best_value is None:
            best_value, best_class = value, number
        else:
            best_class = tf.where(value > best_value, number, best_class)
            best_value = tf.maximum(value, best_value)
    return best_class
