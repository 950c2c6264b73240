"""Losses made of the overlap of prediction and truth, which is what the scores measure.

Cross-entropy counts pixels, mIoU counts classes: a pole that is missed whole costs the one next to nothing and the
other a nineteenth of everything. These losses are a mean over classes, and no class weights are needed.
"""

from course_utils.backend import keras
from course_utils.labels import VOID
from course_utils.losses.cross_entropy import SegmentationCrossEntropy
from course_utils.losses.total import TotalLoss

ops = keras.ops


class _OverlapLoss(keras.losses.Loss):
    """The mean of a loss per class over the classes that occur in a batch; void pixels are left out.

    All images of a batch are taken as one, as mIoU takes all of a data set. A batch of nothing but void has loss 0.

    Args:
        ignore_label: the label of void pixels.

    Call arguments:
        y_true: integer train ids `[batch, height, width]`.
        y_pred: logits `[batch, height, width, num_classes]`.

    Returns:
        a scalar between 0 and 1, float32.
    """

    def __init__(self, ignore_label=VOID, name=None, **kwargs):
        super().__init__(name=name, reduction="none", **kwargs)
        self.ignore_label = ignore_label

    def call(self, y_true, y_pred):
        classes = y_pred.shape[-1]
        truth = ops.reshape(ops.cast(y_true, "int32"), [-1])
        counts = truth != self.ignore_label
        # Pixels last: a class's row is contiguous. A void pixel has no class, and one_hot gives zeros for -1.
        members = ops.one_hot(ops.where(counts, truth, -1), classes, axis=0, dtype="float32")
        probabilities = ops.softmax(ops.cast(ops.reshape(y_pred, [-1, classes]), "float32"))
        losses = self.per_class(members, ops.transpose(probabilities), ops.cast(counts, "float32"))
        present = ops.cast(ops.any(members > 0, axis=1), "float32")
        return ops.divide_no_nan(ops.sum(present * losses), ops.sum(present))

    def get_config(self):
        return {"ignore_label": self.ignore_label, "name": self.name}


@keras.saving.register_keras_serializable(package="course_utils")
class LovaszSoftmax(_OverlapLoss):
    """The Lovász-Softmax loss, a surrogate for 1 - IoU.

    1 - IoU of a class is a function of the set of its wrong pixels. Its Lovász extension makes it a function of how
    wrong each pixel is, between 0 and 1: piecewise linear, with a gradient, and equal to 1 - IoU where every pixel is
    either right or wrong for certain (Berman, Triki and Blaschko, "The Lovász-Softmax loss", CVPR 2018, algorithm 1).
    The mean is over the classes that occur in the batch.

    Args:
        ignore_label: the label of void pixels.

    Call arguments:
        y_true: integer train ids `[batch, height, width]`.
        y_pred: logits `[batch, height, width, num_classes]`.

    Returns:
        a scalar between 0 and 1, float32.
    """

    def __init__(self, ignore_label=VOID, name="lovasz_softmax", **kwargs):
        super().__init__(ignore_label, name, **kwargs)

    def per_class(self, members, probabilities, counts):
        """The loss of each class, `[num_classes]`.

        Args:
            members: 1 where a pixel is of a class and 0 elsewhere, `[num_classes, pixels]`.
            probabilities: the prediction, of the same shape.
            counts: 0 at void pixels and 1 elsewhere, `[pixels]`.
        """
        # Void pixels come last, where they weigh in with an error of 0.
        errors = ops.where(counts > 0, ops.abs(members - probabilities), -1.0)
        errors, order = ops.top_k(errors, ops.shape(errors)[1])
        members = ops.take_along_axis(members, order, axis=1)
        # 1 - IoU if the first n pixels in this order were wrong and the others right; then what each pixel adds.
        intersection = ops.sum(members, axis=1, keepdims=True) - ops.cumsum(members, axis=1)
        union = ops.sum(members, axis=1, keepdims=True) + ops.cumsum(1.0 - members, axis=1)
        jaccard = 1.0 - intersection / union
        weights = jaccard - ops.pad(jaccard[:, :-1], [[0, 0], [1, 0]])
        return ops.sum(ops.relu(errors) * ops.stop_gradient(weights), axis=1)


@keras.saving.register_keras_serializable(package="course_utils")
class SoftDice(_OverlapLoss):
    """1 - Dice with probabilities in place of classes (Milletari, Navab and Ahmadi, "V-Net", 3DV 2016, section 3).

    With probabilities p and truth g of a class its loss is `1 - 2 sum(p g) / (sum(p^2) + sum(g^2))`: where every pixel
    is either right or wrong for certain, one minus the F-score of the class. The mean is over the classes that occur in
    the batch.

    Args:
        ignore_label: the label of void pixels.

    Call arguments:
        y_true: integer train ids `[batch, height, width]`.
        y_pred: logits `[batch, height, width, num_classes]`.

    Returns:
        a scalar between 0 and 1, float32.
    """

    def __init__(self, ignore_label=VOID, name="soft_dice", **kwargs):
        super().__init__(ignore_label, name, **kwargs)

    def per_class(self, members, probabilities, counts):
        """The loss of each class, `[num_classes]`; arguments as of `LovaszSoftmax.per_class`."""
        overlap = ops.sum(members * probabilities, axis=1)
        sizes = ops.sum(members + counts * probabilities**2, axis=1)
        return 1.0 - ops.divide_no_nan(2.0 * overlap, sizes)


def lovasz_with_cross_entropy(class_weights=None) -> TotalLoss:
    """Lovász-Softmax plus cross-entropy with class weights.

    A loss of overlap comes on top of cross-entropy: alone it hardly starts from random weights, when everything
    overlaps with everything.
    """
    return TotalLoss([SegmentationCrossEntropy(class_weights), LovaszSoftmax()])


def dice_with_cross_entropy(class_weights=None) -> TotalLoss:
    """Soft Dice plus cross-entropy with class weights, for the reason that `lovasz_with_cross_entropy` gives."""
    return TotalLoss([SegmentationCrossEntropy(class_weights), SoftDice()])
