"""Piecewise training: every potential of a conditional random field learns as a classifier of its own.

The likelihood of a labelling has a sum over all labellings in it, which mean field can only approximate, in every
step. Piecewise training puts the product of the pieces' likelihoods in its place: a softmax over the `K` classes of a
node for the unary scores, a softmax over the `K * K` pairs of classes for each pair of nodes. The loss is a sum of
cross-entropies, and no inference runs in training.

Lin et al., "Efficient piecewise training of deep structured models for semantic segmentation", CVPR 2016, section 6.1,
after Sutton and McCallum, "Piecewise training for undirected models", UAI 2005. The paper sums over all pieces; here
each network's loss is the mean over its own, so that the many pairs do not outweigh the nodes.
"""

from course_utils.backend import keras
from course_utils.labels import VOID
from course_utils.layers.random_fields.pairwise_potentials import shifted
from course_utils.layers.together import total
from course_utils.losses.cross_entropy import SegmentationCrossEntropy

ops = keras.ops


def node_labels(labels, nodes):
    """The class of each node: that of the pixel in the middle of its cell.

    Args:
        labels: integer train ids `[batch, height, width]`.
        nodes: anything on the feature map, `[batch, rows, columns, ...]`.

    Returns:
        int32 `[batch, rows, columns]`.
    """
    labels = ops.cast(labels, "int32")
    for axis in (1, 2):
        pixels, cells = ops.shape(labels)[axis], ops.shape(nodes)[axis]
        labels = ops.take(labels, (2 * ops.arange(cells) + 1) * pixels // (2 * cells), axis=axis)
    return labels


@keras.saving.register_keras_serializable(package="course_utils")
class NodeCrossEntropy(SegmentationCrossEntropy):
    """Cross-entropy of unary scores: over the nodes of a feature map, against labels of the image's size.

    Args and result: see `SegmentationCrossEntropy`.

    Call arguments:
        y_true: integer train ids `[batch, height, width]`.
        y_pred: scores `[batch, rows, columns, num_classes]`.
    """

    def call(self, y_true, y_pred):
        return super().call(node_labels(y_true, y_pred), y_pred)


@keras.saving.register_keras_serializable(package="course_utils")
class PairCrossEntropy(keras.losses.Loss):
    """Cross-entropy of pairwise scores, each pair of nodes having one of `K * K` pairs of classes.

    Pairs with a void node, or one outside the map, do not count; with no pair left the loss is 0.

    Args:
        shifts: `(rows, columns)` from the first node to the second, as in `PairwisePotentials`.
        ignore_label: the label of void pixels.

    Call arguments:
        y_true: integer train ids `[batch, height, width]`.
        y_pred: scores `[batch, rows, columns, shifts, K, K]`, the first node's class before the second's.

    Returns:
        a scalar, float32.
    """

    adds_up = True  # see `SegmentationCrossEntropy`

    def __init__(self, shifts, ignore_label=VOID, name="pair_cross_entropy", **kwargs):
        super().__init__(name=name, reduction="none", **kwargs)
        self.shifts, self.ignore_label = [tuple(shift) for shift in shifts], ignore_label

    def call(self, y_true, y_pred):
        classes = y_pred.shape[-1]
        first = node_labels(y_true, y_pred)
        second = ops.stack([shifted(first, shift, fill=self.ignore_label) for shift in self.shifts], axis=-1)
        first = ops.broadcast_to(first[..., None], ops.shape(second))
        counts = (first != self.ignore_label) & (second != self.ignore_label)
        scores = ops.reshape(ops.cast(y_pred, "float32"), [*ops.shape(y_pred)[:4], classes**2])
        pairs = ops.where(counts, first * classes + second, 0)
        loss = ops.sparse_categorical_crossentropy(pairs, scores, from_logits=True)
        counts = ops.cast(counts, "float32")
        return ops.divide_no_nan(ops.sum(counts * loss), total(ops.sum(counts)))

    def get_config(self):
        return {"shifts": self.shifts, "ignore_label": self.ignore_label, "name": self.name}
