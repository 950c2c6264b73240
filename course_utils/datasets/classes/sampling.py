"""Class-uniform sampling: a share of an epoch's images is drawn by class, so that rare classes are seen more often."""

from __future__ import annotations  # TensorFlow's types are only read: beside another backend it is imported when used

import numpy as np

from course_utils.backend import tf
from course_utils.errors import CourseError
from course_utils.labels import VOID


class ClassSampling:
    """The order of an epoch in which each class has its turn.

    A share of the images is drawn: the classes that occur take turns, each equally often but for one image; a frame in
    which the class occurs is drawn at random, and its crop is laid around a random pixel of the class. The rest of the
    epoch are frames in random order, each at most once. An epoch has as many images as there are frames, as ever.

    Rota Bulò, Porzi and Kontschieder (CVPR 2018) draw all images so, Zhu et al. (CVPR 2019) half of them around
    centroids, which may lie beside the class.

    Args:
        present: bool [frames, num_classes], as `Dataset.classes_present` gives it.
        share: of the images that are drawn by class, above 0 to 1.

    Raises:
        CourseError: the share is out of its range, or no class occurs anywhere.
    """

    def __init__(self, present: np.ndarray, share: float):
        if not 0 < share <= 1:
            raise CourseError(f"Class sampling draws a share above 0 and at most 1 of the images, not {share}.")
        self.frames, self.drawn = len(present), round(share * len(present))
        self._classes = np.flatnonzero(present.any(axis=0))
        if not len(self._classes):
            raise CourseError("Class sampling needs labels: all frames are void all over. Give --class-sampling 0.")
        of_class = [np.flatnonzero(present[:, number]) for number in self._classes]
        self._counts = np.array([len(frames) for frames in of_class])
        self._begins = np.cumsum(self._counts) - self._counts
        self._frames = np.concatenate(of_class)

    def order(self, seed) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The images of an epoch, in order.

        Args:
            seed: two integers; the same seed gives the same order.

        Returns:
            for each image, int64 `[frames]`: its frame; a number that no other image of the epoch has, to draw its
            augmentation by; and the class that its crop is laid around, `VOID` for none.
        """
        seeds = [tf.random.experimental.stateless_fold_in(seed, number) for number in range(4)]
        shuffle = tf.random.experimental.stateless_shuffle
        rest = shuffle(tf.range(self.frames, dtype=tf.int64), seed=seeds[0])[self.drawn :]
        turns = shuffle(tf.range(len(self._classes), dtype=tf.int64), seed=seeds[1])
        turns = tf.gather(turns, tf.range(self.drawn) % len(self._classes))
        counts = tf.gather(self._counts, turns)
        random = tf.random.stateless_uniform([self.drawn], seeds[2], dtype=tf.float64)
        chosen = tf.cast(random * tf.cast(counts, tf.float64), tf.int64)
        drawn = tf.gather(self._frames, tf.gather(self._begins, turns) + chosen)
        images = (
            tf.concat([rest, drawn], 0),
            tf.concat([rest, tf.range(self.drawn, dtype=tf.int64) + self.frames], 0),
            tf.concat([tf.fill(tf.shape(rest), np.int64(VOID)), tf.gather(self._classes, turns)], 0),
        )
        places = shuffle(tf.range(self.frames), seed=seeds[3])
        return tuple(tf.gather(part, places) for part in images)


def pixel_of(label, number, seed):
    """A random pixel of a class.

    Args:
        label: uint8 `[height, width]` train ids.
        number: the class, int64; `VOID` for none.
        seed: two integers.

    Returns:
        row and column, float32 `[2]`; -1 for both where there is no such pixel.
    """

    def choose():
        pixels = tf.where(label == tf.cast(number, label.dtype))
        count = tf.shape(pixels)[0]
        random = tf.random.stateless_uniform([], seed, dtype=tf.float64)
        chosen = tf.cast(random * tf.cast(count, tf.float64), tf.int32)
        return tf.cond(count > 0, lambda: tf.cast(pixels[chosen], tf.float32), lambda: tf.fill([2], -1.0))

    return tf.cond(number == VOID, lambda: tf.fill([2], -1.0), choose)
