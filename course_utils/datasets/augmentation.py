"""Paired augmentation: what happens to an image happens to its label map.

Labels are never interpolated, and what comes from outside the image is void, never class 0.
"""

from dataclasses import dataclass

from course_utils.backend import tf
from course_utils.errors import CourseError
from course_utils.labels import VOID

# Rec. 601: red, green, blue to brightness and the two colour axes of YIQ; hue is the angle in their plane.
_YIQ = [[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]]


@dataclass(frozen=True)
class Augmentation:
    """Random scale, crop, flip and colour of one image and its labels, for `tf.data.Dataset.map`.

    Attributes:
        crop_size: (height, width) of the result; None for `image_size`.
        scale: (smallest, largest) factor by which the scene grows; below 1 it shrinks, and the rest is void.
        flip: mirror left and right, every other time.
        color: strength of the colour change, 0 for none to 1: brightness shifts by up to 0.4 * color, contrast and
            saturation change by a factor of up to 1 +- 0.8 * color, hue turns by up to color * 18 degrees.
        image_size: (height, width) of the whole scene at scale 1; None keeps the size of the image. Pixels are computed
            once, from the image as it is.
    """

    crop_size: tuple[int, int] | None = None
    scale: tuple[float, float] = (1.0, 1.0)
    flip: bool = False
    color: float = 0.0
    image_size: tuple[int, int] | None = None

    def __post_init__(self):
        if not 0 < self.scale[0] <= self.scale[1]:
            raise CourseError(f"Augmentation: scale must be (smallest, largest), both above 0, not {self.scale}.")
        if not 0 <= self.color <= 1:
            raise CourseError(f"Augmentation: color must lie in 0..1, not {self.color}.")

    @property
    def result_size(self) -> tuple[int, int] | None:
        """(height, width) of what comes out; None for that of the image."""
        return self.crop_size or self.image_size

    def __call__(self, image, label, seed, focus=None):
        """Apply it once.

        Args:
            image: float32 [height, width, 3] in 0..1.
            label: uint8 [height, width] train ids.
            seed: two integers; the same seed gives the same result.
            focus: row and column of a pixel that the crop must hold, float32 `[2]`; None, or -1 for both, for any crop.

        Returns:
            The image, float32 in 0..1, and its label map, both of `result_size`.
        """
        random = tf.random.stateless_uniform([8], seed)
        if self.result_size is not None or tuple(self.scale) != (1, 1):
            image, label = self._scale_and_crop(image, label, random[0], random[1:3], focus)
        if self.flip:
            image, label = tf.cond(random[3] < 0.5, lambda: (image[:, ::-1], label[:, ::-1]), lambda: (image, label))
        if self.color:
            image = self._recolor(image, 2 * random[4:] - 1)
        return image, label

    def _scale_and_crop(self, image, label, scale, offset, focus):
        """Only the pixels of the crop are computed, straight from the source."""
        height, width = self.result_size or tf.unstack(tf.shape(label))
        scale = (self.scale[0] + (self.scale[1] - self.scale[0]) * scale) * tf.ones(2)  # down and across
        if self.image_size is not None:
            scale *= tf.constant(self.image_size, tf.float32) / tf.cast(tf.shape(label), tf.float32)
        # Where the crop begins in the scaled image. Whole pixels, so that scale 1 copies; negative when the crop is
        # the larger of the two, which then lies somewhere inside.
        size = tf.cast(tf.stack([height, width]), tf.float32)
        room = tf.round(tf.cast(tf.shape(label), tf.float32) * scale) - size
        begin = tf.minimum(room, 0.0) + tf.floor(offset * (tf.abs(room) + 1))
        if focus is not None:
            around = tf.floor((focus + 0.5) * scale) - tf.floor(offset * size)
            around = tf.clip_by_value(around, tf.minimum(room, 0.0), tf.maximum(room, 0.0))
            begin = tf.where(tf.reduce_all(focus >= 0), around, begin)
        image = tf.raw_ops.ScaleAndTranslate(
            images=image[None],
            size=tf.stack([height, width]),
            scale=scale,
            translation=-begin,
            kernel_type="triangle",
            antialias=True,
        )[0]
        rows, rows_inside = _nearest(height, begin[0], scale[0], tf.shape(label)[0])
        columns, columns_inside = _nearest(width, begin[1], scale[1], tf.shape(label)[1])
        label = tf.gather(tf.gather(label, rows), columns, axis=1)
        label = tf.where(rows_inside[:, None] & columns_inside[None], label, tf.constant(VOID, label.dtype))
        if self.result_size is not None:
            image.set_shape((*self.result_size, 3))
            label.set_shape(self.result_size)
        return tf.clip_by_value(image, 0.0, 1.0), label

    def _recolor(self, image, amounts):
        """Brightness, contrast, saturation and hue as one affine map of (red, green, blue).

        Args:
            image: float32 [height, width, 3].
            amounts: float32 [4] in -1..1.
        """
        brightness, contrast, saturation, hue = tf.unstack(self.color * amounts)
        saturation, contrast, angle = 1 + 0.8 * saturation, 1 + 0.8 * contrast, hue * 0.314
        cosine, sine = saturation * tf.cos(angle), saturation * tf.sin(angle)
        turn = tf.stack([1.0, 0, 0, 0, cosine, -sine, 0, sine, cosine])
        to_yiq = tf.constant(_YIQ)
        matrix = contrast * tf.linalg.inv(to_yiq) @ tf.reshape(turn, (3, 3)) @ to_yiq
        mean = tf.reduce_mean(image)
        return tf.clip_by_value(tf.tensordot(image - mean, matrix, [[2], [1]]) + mean + 0.4 * brightness, 0.0, 1.0)


def _nearest(size, begin, scale, source_size):
    """For `size` pixels in a row: the source pixel under the centre of each, and whether there is one."""
    position = (tf.range(tf.cast(size, tf.float32)) + 0.5 + begin) / scale
    inside = (position >= 0) & (position < tf.cast(source_size, tf.float32))
    return tf.clip_by_value(tf.cast(tf.floor(position), tf.int32), 0, source_size - 1), inside
