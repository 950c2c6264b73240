"""Prediction at an image's own resolution.

The network sees the image at the size it was trained for; its logits, not its classes, are resized back, and the best
class is taken last. Resizing a map of classes instead would give the jagged borders of the small map.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from course_utils.backend import tf
from course_utils.datasets.frames import Frame, read_image
from course_utils.errors import CourseError
from course_utils.evaluation import Scores, Tally, tally_frame
from course_utils.evaluation.folders import in_order
from course_utils.labels import LabelTable
from course_utils.progress import Progress

BATCH_PIXELS = 1 << 19
"""`predict_frames` batches images up to this many pixels: larger batches cost memory and gain no time."""

CLASSES_AT_ONCE = 10
"""Logits are resized for so many classes at a time: all 171 of COCO at 2048x1024 would take 1.4 GB."""


def predict_logits(model, image, image_size: tuple[int, int] | None = None) -> np.ndarray:
    """Logits at the image's own resolution.

    Args:
        model: a network from images `[batch, height, width, 3]` in 0..1 to logits.
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
        self._predict = tf.function(lambda images: _train_ids(model, images, self.image_size), reduce_retracing=True)

    def __call__(self, images) -> np.ndarray:
        return self._predict(tf.constant(images)).numpy()


def predict_frames(predictor: Predictor, frames: Iterable[Frame]) -> Iterator[tuple[Frame, np.ndarray]]:
    """Predict the frames of a data set, in order, with the next images read in the background.

    Args:
        predictor: the network.
        frames: from `course_utils.datasets.frames`.

    Yields:
        `(frame, train_ids)`, the latter uint8 [height, width] at the size of the frame's image.
    """
    waiting = []
    for frame, image in in_order(lambda frame: (frame, read_image(frame.image)), frames):
        if waiting and (waiting[0][1].shape != image.shape or (len(waiting) + 1) * image.size > 3 * BATCH_PIXELS):
            yield from _predict_batch(predictor, waiting)
            waiting = []
        waiting.append((frame, image))
    if waiting:
        yield from _predict_batch(predictor, waiting)


def score_frames(predictor: Predictor, frames: Sequence, table: LabelTable, *, title="Scoring", save=None) -> Scores:
    """Predict the frames of a data set and score the predictions against its files.

    Args:
        predictor: the network.
        frames: labelled frames, from `course_utils.datasets.frames`.
        table: the data set's labels.
        title: what the progress line says.
        save: called with `(label_ids, frame)` for each prediction, uint8 [height, width].

    Returns:
        the scores; iIoU among them if the frames have instance maps.
    """
    total = Tally(table)
    with Progress(title, total=len(frames)) as progress:
        for frame, train_ids in predict_frames(predictor, frames):
            label_ids = table.to_label_ids(train_ids)
            if save is not None:
                save(label_ids, frame)
            total += tally_frame(frame, label_ids, table, f"the prediction for {frame.image}")
            progress.update(total.frames)
    return total.scores()


def _predict_batch(predictor, pairs):
    frames, images = zip(*pairs, strict=True)
    return zip(frames, predictor(np.stack(images)), strict=True)


def read_photo(path) -> np.ndarray:
    """Read any picture as the networks want it.

    The orientation that a camera noted (EXIF) is applied, greyscale becomes three equal channels, transparency is
    dropped, and 16 bits a channel become 8.

    Returns:
        uint8 [height, width, 3].

    Raises:
        CourseError: the file is no picture, is damaged, or holds floating-point pixels.
    """
    try:
        with Image.open(path) as file:
            image = ImageOps.exif_transpose(file)
            if image.mode.startswith("I"):
                grey = np.clip(np.asarray(image, np.int64), 0, 65535) // 257
                return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=-1)
            if image.mode == "F":
                raise CourseError(f"{path} holds floating-point pixels: save it as an 8-bit PNG or JPEG.")
            return np.asarray(image.convert("RGB"))
    except FileNotFoundError:
        raise CourseError(f"There is no image {path}.") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise CourseError(f"Cannot read {path} as an image: {error}.") from error


def save_label_ids(label_ids: np.ndarray, folder, name: str) -> Path:
    """Write a label-id PNG named as the official Cityscapes script looks for it: `<name>_labelIds.png`."""
    path = Path(folder) / f"{name}_labelIds.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(label_ids).save(path)
    return path


def _checked(image) -> np.ndarray:
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[-1] != 3:
        raise CourseError(f"An image must have the shape [height, width, 3], got {list(image.shape)}.")
    return image


def _logits(model, images, image_size):
    """Logits at the network's size: [batch, height, width, classes]."""
    images = tf.image.convert_image_dtype(images, tf.float32)
    if image_size is not None:
        images = tf.image.resize(images, image_size, antialias=True)
    return tf.cast(model(images, training=False), tf.float32)


def _train_ids(model, images, image_size):
    """The class of the largest resized logit, uint8 [batch, height, width]; of equal ones the first."""
    logits = _logits(model, images, image_size)
    if image_size is None:
        return tf.cast(tf.argmax(logits, axis=-1), tf.uint8)
    size = tf.shape(images)[1:3]
    best_value = best_class = None
    for first in range(0, logits.shape[-1], CLASSES_AT_ONCE):
        resized = tf.image.resize(logits[..., first : first + CLASSES_AT_ONCE], size)
        value = tf.reduce_max(resized, axis=-1)
        number = tf.cast(tf.argmax(resized, axis=-1) + first, tf.uint8)
        if best_value is None:
            best_value, best_class = value, number
        else:
            best_class = tf.where(value > best_value, number, best_class)
            best_value = tf.maximum(value, best_value)
    return best_class
