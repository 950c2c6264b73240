"""The loss of semantic segmentation: cross-entropy over the pixels that have a class."""

import numpy as np

from course_utils.backend import keras, tf
from course_utils.labels import VOID


@keras.saving.register_keras_serializable(package="course_utils")
class SegmentationCrossEntropy(keras.losses.Loss):
    """Cross-entropy between label maps and logits, void pixels left out.

    With class weights `w` the loss is the weighted mean `sum(w[y] * CE) / sum(w[y])` over the pixels of a batch that
    are not void, as in SegNet (Badrinarayanan et al. 2017, section 3.1); a batch of nothing but void has loss 0.

    Args:
        class_weights: one weight for each class, or None for equal weights.
        ignore_label: the label of void pixels.

    Call arguments:
        y_true: integer train ids `[batch, height, width]`.
        y_pred: logits `[batch, height, width, num_classes]`.

    Returns:
        a scalar, float32.
    """

    def __init__(self, class_weights=None, ignore_label=VOID, name="segmentation_cross_entropy", **kwargs):
        super().__init__(name=name, reduction="none", **kwargs)
        self.class_weights = None if class_weights is None else [float(weight) for weight in class_weights]
        self.ignore_label = ignore_label

    def call(self, y_true, y_pred):
        truth = tf.cast(y_true, tf.int32)
        counts = truth != self.ignore_label
        classes = tf.where(counts, truth, 0)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(classes, tf.cast(y_pred, tf.float32))
        weight = tf.cast(counts, tf.float32)
        if self.class_weights is not None:
            weight *= tf.gather(tf.constant(self.class_weights, tf.float32), classes)
        return tf.math.divide_no_nan(tf.reduce_sum(weight * loss), tf.reduce_sum(weight))

    def get_config(self):
        return {"class_weights": self.class_weights, "ignore_label": self.ignore_label, "name": self.name}


def median_frequency_weights(pixels, image_pixels, power: float = 1.0) -> np.ndarray:
    """Class weights by median frequency balancing (Eigen and Fergus 2015, as used by SegNet, section 3.1).

    A class's frequency is its pixels divided by the pixels of all images in which it occurs; its weight is the median
    frequency over the classes divided by its own.

    Args:
        pixels: pixels of each class, `[num_classes]`.
        image_pixels: pixels of the images that contain the class, `[num_classes]`.
        power: 1 as published; 0.5 tempers the weights, 0 switches them off.

    Returns:
        float64 `[num_classes]`; a class that never occurs gets weight 1.
    """
    pixels, image_pixels = np.asarray(pixels, np.float64), np.asarray(image_pixels, np.float64)
    present = pixels > 0
    weights = np.ones(len(pixels))
    if present.any():
        frequency = pixels[present] / image_pixels[present]
        weights[present] = (np.median(frequency) / frequency) ** power
    return weights
