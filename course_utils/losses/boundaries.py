"""Gated-SCNN's losses on boundaries: where they are, and that classes and boundaries agree.

Takikawa, Acuna, Jampani and Fidler, "Gated-SCNN", ICCV 2019, sections 3.2 and 3.3. The whole loss is

    20 * boundaries (`EdgeCrossEntropy`) + 1 * classes (cross-entropy) + `DualTaskLoss` with 1 and 1,

the lambda 1 to 4 of the paper.
"""

import numpy as np

from course_utils.backend import keras, require_tensorflow, tf
from course_utils.labels import VOID
from course_utils.layers.together import total
from course_utils.losses.cross_entropy import cross_entropy

ops = keras.ops


def edge_labels(labels, radius=2, ignore_label=VOID):
    """Boundary labels from class labels: 1 where another class is within `radius`, 0 where none is.

    Void is no class: a border with void is no boundary, and void pixels stay void.

    Args:
        labels: integer train ids `[batch, height, width]`.
        radius: in pixels, of a disk; the boundary is `2 * radius` pixels wide.
        ignore_label: the label of void pixels.

    Returns:
        int32 `[batch, height, width]`: 0, 1 or `ignore_label`.
    """
    labels = ops.cast(labels, "int32")
    size, reach = ops.shape(labels), int(radius)
    padded = ops.pad(labels, [[0, 0], [reach, reach], [reach, reach]], constant_values=ignore_label)
    found = ops.zeros_like(labels, dtype="bool")
    for down, across in np.ndindex(2 * reach + 1, 2 * reach + 1):
        if 0 < (down - reach) ** 2 + (across - reach) ** 2 <= radius**2:
            other = padded[:, down : down + size[1], across : across + size[2]]
            found = found | ((other != labels) & (other != ignore_label))
    return ops.where(labels == ignore_label, ignore_label, ops.cast(found, "int32"))


@keras.saving.register_keras_serializable(package="course_utils")
class EdgeCrossEntropy(keras.losses.Loss):
    """Binary cross-entropy of a boundary map, balanced between the few boundary pixels and the many others.

    In every image boundary pixels weigh as the share of other pixels, and the others as the share of boundary pixels
    (Xie and Tu, "Holistically-nested edge detection", ICCV 2015, equation 2), so that both kinds count alike. The loss
    is the mean over the pixels of the batch that are not void. It is the first term of the paper's equation 3, which
    balances by a coefficient beta; these shares are the authors' code's, there of the whole batch.

    Args:
        radius: of the boundary, see `edge_labels`.
        ignore_label: the label of void pixels.

    Call arguments:
        y_true: integer train ids `[batch, height, width]`, from which the boundaries are taken.
        y_pred: logits of the boundaries `[batch, height, width, 1]`.

    Returns:
        a scalar, float32.
    """

    adds_up = True  # see `SegmentationCrossEntropy`

    def __init__(self, radius=2, ignore_label=VOID, name="edge_cross_entropy", **kwargs):
        super().__init__(name=name, reduction="none", **kwargs)
        self.radius, self.ignore_label = radius, ignore_label

    def call(self, y_true, y_pred):
        edges = edge_labels(y_true, self.radius, self.ignore_label)
        logits = ops.squeeze(ops.cast(y_pred, "float32"), -1)
        edge, plain = (ops.cast(edges == value, "float32") for value in (1, 0))
        edge_count, plain_count = (ops.sum(kind, axis=(1, 2), keepdims=True) for kind in (edge, plain))
        weight = ops.divide_no_nan(edge * plain_count + plain * edge_count, edge_count + plain_count)
        loss = ops.binary_crossentropy(edge, logits, from_logits=True)
        return ops.divide_no_nan(ops.sum(weight * loss), total(ops.sum(edge + plain)))

    def get_config(self):
        return {"radius": self.radius, "ignore_label": self.ignore_label, "name": self.name}


def boundary_strength(shares):
    """Equation 4: `|gradient of the smoothed map of classes| / sqrt(2)`, 0 inside regions.

    The map has a 1 in the channel of each pixel's class. It is smoothed by the weights 1, 2, 1 (over 4) along both
    sides, the smallest Gaussian (the paper names no width), its gradient are the half differences between neighbours,
    and the magnitude goes over all channels: between two classes two of them change, hence the root of two.

    Args:
        shares: of each class in each pixel, float32 `[batch, height, width, num_classes]`: one-hot, or a softmax.

    Returns:
        float32 `[batch, height, width]`; 0.375 beside a straight border between two classes.
    """
    padded = ops.pad(shares, [[0, 0], [2, 2], [2, 2], [0, 0]], "symmetric")
    smooth = (_cut(padded, 1, 0, 2) + 2 * _cut(padded, 1, 1, 1) + _cut(padded, 1, 2, 0)) / 4
    smooth = (_cut(smooth, 2, 0, 2) + 2 * _cut(smooth, 2, 1, 1) + _cut(smooth, 2, 2, 0)) / 4
    inner_columns, inner_rows = _cut(smooth, 2, 1, 1), _cut(smooth, 1, 1, 1)
    down = (_cut(inner_columns, 1, 2, 0) - _cut(inner_columns, 1, 0, 2)) / 2
    across = (_cut(inner_rows, 2, 2, 0) - _cut(inner_rows, 2, 0, 2)) / 2
    square = ops.sum(down**2 + across**2, axis=-1) / 2
    # The root of 0 is 0, and here its derivative is too.
    return square * ops.rsqrt(ops.maximum(square, 1e-12))


def _cut(maps, axis, first, last):
    """Maps without so many of the first and of the last places along an axis; not `[]`, see `layers.shapes.window`."""
    start, size = [0] * 4, list(ops.shape(maps))
    start[axis], size[axis] = first, size[axis] - first - last
    return ops.slice(maps, start, size)


@keras.saving.register_keras_serializable(package="course_utils")
class DualTaskLoss(keras.losses.Loss):
    """The dual-task regulariser, equations 5 to 7: borders of the classes where the truth has them, and sure classes
    where the boundary map sees a border.

    * Equation 5: the mean difference between the `boundary_strength` of prediction and truth, over the pixels where
      either has one (above `least`).
    * Equation 6: cross-entropy of the classes, the mean over the pixels whose boundary probability exceeds
      `threshold`. The choice of pixels has no gradient; the classes have.

    Equation 4 wants the class of the largest score, which has no gradient. The paper puts a Gumbel softmax with a
    temperature of 1 in its place; here it is the plain softmax, which is that without noise and makes the loss the
    same whenever it is computed; `gumbel=True` gives the paper's. The paper sums where this takes means, so that the
    weights do not depend on the images' size.

    Args:
        strength_weight: of equation 5, lambda 3.
        sure_weight: of equation 6, lambda 4.
        threshold: of the boundary probability, 0.8 as published.
        temperature: of the softmax, 1 as published (0.5 in the authors' code).
        gumbel: whether the softmax is a random Gumbel softmax; on TensorFlow only.
        least: boundary strength that counts as one.
        ignore_label: the label of void pixels; they and the pixels around them do not count in equation 5.

    Call arguments:
        y_true: integer train ids `[batch, height, width]`.
        y_pred: logits of the classes and then of the boundaries, `[batch, height, width, num_classes + 1]`.

    Returns:
        a scalar, float32.
    """

    adds_up = True  # see `SegmentationCrossEntropy`

    def __init__(
        self,
        strength_weight=1.0,
        sure_weight=1.0,
        threshold=0.8,
        temperature=1.0,
        gumbel=False,
        least=0.01,
        ignore_label=VOID,
        name="dual_task",
        **kwargs,
    ):
        super().__init__(name=name, reduction="none", **kwargs)
        if gumbel:
            require_tensorflow("DualTaskLoss(gumbel=True)")
        self.strength_weight, self.sure_weight, self.threshold = strength_weight, sure_weight, threshold
        self.temperature, self.gumbel, self.least, self.ignore_label = temperature, gumbel, least, ignore_label

    def call(self, y_true, y_pred):
        truth, scores = ops.cast(y_true, "int32"), ops.cast(y_pred, "float32")
        logits, edges = ops.split(scores, [scores.shape[-1] - 1], axis=-1)
        strength = self.strength_loss(truth, logits)
        return self.strength_weight * strength + self.sure_weight * self.sure_loss(
            truth, logits, ops.squeeze(edges, -1)
        )

    def strength_loss(self, truth, logits):
        """Equation 5, from int32 `[batch, height, width]` and float32 `[batch, height, width, num_classes]`."""
        if self.gumbel:
            uniform = tf.random.uniform(tf.shape(logits), 1e-6, 1 - 1e-6)
            logits -= tf.math.log(-tf.math.log(uniform))
        predicted = boundary_strength(ops.softmax(logits / self.temperature))
        true = boundary_strength(ops.one_hot(truth, logits.shape[-1], dtype="float32"))
        # The strength at a pixel comes from the 5x5 pixels around it.
        void = ops.cast(truth == self.ignore_label, "float32")[..., None]
        known = ops.max_pool(void, 5, 1, "same", data_format="channels_last")[..., 0] == 0
        counts = ops.cast(known & (ops.maximum(predicted, true) > self.least), "float32")
        return _mean(ops.abs(predicted - true), counts)

    def sure_loss(self, truth, logits, edges):
        """Equation 6, with the logits of the boundaries, float32 `[batch, height, width]`."""
        known = truth != self.ignore_label
        counts = ops.cast(known & (ops.sigmoid(edges) > self.threshold), "float32")
        loss = cross_entropy(ops.where(known, truth, 0), logits)
        return _mean(loss, counts)

    def get_config(self):
        names = ("strength_weight", "sure_weight", "threshold", "temperature", "gumbel", "least", "ignore_label")
        return {"name": self.name, **{name: getattr(self, name) for name in names}}


def _mean(values, counts):
    """The mean of the values that count; 0 if none does."""
    return ops.divide_no_nan(ops.sum(counts * values), total(ops.sum(counts)))
