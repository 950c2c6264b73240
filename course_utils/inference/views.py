"""Several views of an image: overlapping windows, scales and mirror images, averaged.

Papers report scores with and without. Nothing is learned by it, and its cost grows with the number of views.
"""

import numpy as np

from course_utils.backend import require_tensorflow, tf
from course_utils.errors import CourseError


class Views:
    """A network that predicts from the average of several views of an image.

    What is averaged are probabilities, pixel by pixel: first over the windows that cover a pixel, then over scales and
    mirror images, each brought back to the size of the image bilinearly. Their logarithm takes the place of the logits
    and has the same softmax, so that `Predictor` and its like take a `Views` where they take a network. On TensorFlow
    only: windows are cut within its graph.

    Args:
        model: a network from images `[batch, height, width, 3]` to logits `[batch, height, width, num_classes]`, for
            any height and width.
        scales: factors on height and width, the results rounded to pixels.
        flip: whether each scale is also seen mirrored left to right.
        window: height and width in pixels of what the network sees at a time; images are cut into windows of this size
            after scaling, smaller images are seen whole. None for whole images always.
        overlap: least share of a window's height or width that it has in common with the next; 0 up to below 1.

    Raises:
        CourseError: there is no scale, one is not positive, or window or overlap is out of its range.

    Example:

        predictor = Predictor(Views(model, scales=(0.75, 1, 1.25), flip=True), (256, 512))
    """

    def __init__(self, model, *, scales=(1.0,), flip=False, window=None, overlap=1 / 3):
        require_tensorflow("Views")
        if not scales or min(scales) <= 0:
            raise CourseError(f"Scales must be positive numbers, got {list(scales)}.")
        if window is not None and min(window) < 1:
            raise CourseError(f"A window must have at least one pixel, got {window[0]}x{window[1]}.")
        if not 0 <= overlap < 1:
            raise CourseError(f"The overlap of windows is a share from 0 up to below 1, got {overlap}.")
        self.model, self.scales, self.flip = model, tuple(scales), flip
        self.window, self.overlap = window and tuple(window), overlap

    def __call__(self, images, training=False):
        """Logarithms of the mean probabilities, float32 `[batch, height, width, num_classes]`."""
        size = tf.shape(images)[1:3]
        views = []
        for scale in self.scales:
            scaled = images if scale == 1 else tf.image.resize(images, _scaled(size, scale), antialias=True)
            view = self._probabilities(scaled)
            if self.flip:
                view = (view + tf.reverse(self._probabilities(tf.reverse(scaled, [2])), [2])) / 2
            views.append(view if scale == 1 else tf.image.resize(view, size))
        # A probability of exactly 0 must not become minus infinity: 0 times that is no number.
        return tf.math.log(tf.maximum(tf.add_n(views) / len(views), np.finfo(np.float32).tiny))

    def _probabilities(self, images):
        if self.window is None:
            return self._seen(images)
        rows, columns = (starts(tf.shape(images)[axis], self.window[axis - 1], self.overlap) for axis in (1, 2))
        height, width = (tf.minimum(tf.shape(images)[axis], self.window[axis - 1]) for axis in (1, 2))
        places = tf.reshape(tf.stack(tf.meshgrid(rows, columns, indexing="ij"), -1), [-1, 2])

        def add(total, place):
            top, left = place[0], place[1]
            crop = self._seen(images[:, top : top + height, left : left + width])
            bottom, right = tf.shape(images)[1] - top - height, tf.shape(images)[2] - left - width
            return total + tf.pad(crop, [[0, 0], [top, bottom], [left, right], [0, 0]])

        nothing = tf.zeros([*tf.unstack(tf.shape(images)[:3]), self.model.output_shape[-1]])
        total = tf.foldl(add, places, nothing, parallel_iterations=1)
        across = _cover(columns, width, tf.shape(images)[2])
        return total / (_cover(rows, height, tf.shape(images)[1])[:, tf.newaxis] * across)[..., tf.newaxis]

    def _seen(self, images):
        return tf.nn.softmax(tf.cast(self.model(images, training=False), tf.float32))


def starts(size, window: int, overlap: float):
    """Where the windows along a side begin, int32: evenly spread from 0 to the last that still fits.

    Args:
        size: pixels of the side.
        window: pixels of a window; one as long as the side or longer begins at 0.
        overlap: least share of a window in common with the next.
    """
    rest = tf.maximum(size - window, 0)
    step = max(1, int(window * (1 - overlap)))
    gaps = -(-rest // step)
    # In whole numbers: neighbours are then at most `step` apart, and no pixel between them is missed.
    return tf.range(gaps + 1) * rest // tf.maximum(gaps, 1)


def _cover(begins, length, size):
    """How many windows of a side cover each of its pixels, float32 `[size]`."""
    pixels = tf.range(size)[:, tf.newaxis]
    return tf.reduce_sum(tf.cast((pixels >= begins) & (pixels < begins + length), tf.float32), axis=1)


def _scaled(size, scale):
    return tf.maximum(tf.cast(tf.round(scale * tf.cast(size, tf.float32)), tf.int32), 1)
