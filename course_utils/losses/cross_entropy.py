"""Cross-entropy over the pixels that have a class: over all of them, or over the hard ones only."""

import math

from course_utils.backend import keras
from course_utils.errors import CourseError
from course_utils.labels import VOID
from course_utils.layers.backend_operations import check_classes, with_gradient
from course_utils.layers.together import total

ops = keras.ops


def cross_entropy(classes, logits):
    """Minus the logarithm of the probability of the true class, by pixel.

    Its sums over classes are matrix products: on a processor that takes half the time of TensorFlow's own kernel, which
    is up to a tenth of a training step.

    Args:
        classes: int32 `[batch, height, width]`; one that there is not is refused (`check_classes`), or gives NaN.
        logits: float32 `[batch, height, width, num_classes]`.

    Returns:
        float32 `[batch, height, width]`.
    """
    num_classes = logits.shape[-1]
    check_classes(classes, num_classes)
    members, ones = ops.one_hot(classes, num_classes, dtype="float32"), ops.ones([num_classes, 1])

    @with_gradient
    def of(logits):
        shifted = logits - ops.max(logits, -1, keepdims=True)
        powers = ops.exp(shifted)
        sums = ops.matmul(powers, ones)

        def gradient(above):
            above = above[..., None]
            return powers * (above / sums) - members * above

        return (ops.log(sums) - ops.matmul(members * shifted, ones))[..., 0], gradient

    return ops.where((classes >= 0) & (classes < num_classes), of(logits), float("nan"))


@keras.saving.register_keras_serializable(package="course_utils")
class SegmentationCrossEntropy(keras.losses.Loss):
    """Cross-entropy between label maps and logits, void pixels left out.

    With class weights `w` the loss is the weighted mean `sum(w[y] * CE) / sum(w[y])` over the pixels of a batch that
    are not void, as in SegNet (Badrinarayanan et al. 2017, section 3.2); a batch of nothing but void has loss 0.

    Args:
        class_weights: one weight for each class, or None for equal weights.
        ignore_label: the label of void pixels.

    Call arguments:
        y_true: integer train ids `[batch, height, width]`.
        y_pred: logits `[batch, height, width, num_classes]`.

    Returns:
        a scalar, float32.
    """

    adds_up = True
    """Whether the losses of a network's replicas (`course_utils.layers.together`) add up to that of the whole batch.

    The sum over pixels is each replica's own, what it is divided by is that of all.
    """

    def __init__(self, class_weights=None, ignore_label=VOID, name="segmentation_cross_entropy", **kwargs):
        super().__init__(name=name, reduction="none", **kwargs)
        self.class_weights = None if class_weights is None else [float(weight) for weight in class_weights]
        self.ignore_label = ignore_label

    def call(self, y_true, y_pred):
        truth = ops.cast(y_true, "int32")
        counts = truth != self.ignore_label
        classes = ops.where(counts, truth, 0)
        loss = cross_entropy(classes, ops.cast(y_pred, "float32"))
        weight = self._weight(counts, classes) * self.chosen(loss, counts)
        return ops.divide_no_nan(ops.sum(weight * loss), total(ops.sum(weight)))

    def mass(self, y_true):
        """What the mean is taken over, as far as the labels alone tell: the weights of all pixels with a class.

        Two batches as one have the mean of their losses, each counting by its mass.

        Args:
            y_true: integer train ids `[batch, height, width]`.

        Returns:
            a scalar, float32.
        """
        truth = ops.cast(y_true, "int32")
        counts = truth != self.ignore_label
        return ops.sum(self._weight(counts, ops.where(counts, truth, 0)))

    def _weight(self, counts, classes):
        """Of each pixel, float32: that of its class, 0 where void."""
        weight = ops.cast(counts, "float32")
        if self.class_weights is not None:
            members = ops.one_hot(classes, len(self.class_weights), dtype="float32")  # cheaper than looking up
            weight *= ops.matmul(members, ops.convert_to_tensor(self.class_weights, "float32")[:, None])[..., 0]
        return weight

    def chosen(self, loss, counts):
        """1 for the pixels that the mean is taken over, 0 for the others: here for all.

        Args:
            loss: cross-entropy of each pixel, float32 `[batch, height, width]`.
            counts: whether it has a class, bool `[batch, height, width]`.
        """
        return 1.0

    def get_config(self):
        return {"class_weights": self.class_weights, "ignore_label": self.ignore_label, "name": self.name}


@keras.saving.register_keras_serializable(package="course_utils")
class HardExampleCrossEntropy(SegmentationCrossEntropy):
    """Cross-entropy over the pixels that the network still gets wrong: online hard example mining.

    The mean is taken over the pixels whose true class has a probability below a threshold (Wu, Shen and van den
    Hengel, "High-performance semantic segmentation using very deep fully convolutional networks", 2016, who call it
    online bootstrapping). A network that is sure everywhere would be left with none; so the hardest pixels of the
    batch always count, a share of those with a class (the paper: a number), and all that are as hard as the easiest of
    these.

    Args:
        class_weights: one weight for each class, or None for equal weights; they weigh the mean and do not decide
            which pixels are hard.
        threshold: probability of the true class below which a pixel is hard, above 0 and at most 1.
        minimum_share: share of the pixels that count in any case, 0 to 1; 1 gives `SegmentationCrossEntropy`.
        ignore_label: the label of void pixels.

    Raises:
        CourseError: the threshold or the share is out of its range.
    """

    adds_up = False  # which pixels are the hardest only the whole batch tells

    def __init__(
        self,
        class_weights=None,
        threshold=0.7,
        minimum_share=0.1,
        ignore_label=VOID,
        name="hard_example_cross_entropy",
        **kwargs,
    ):
        super().__init__(class_weights, ignore_label, name, **kwargs)
        if not (0 < threshold <= 1 and 0 <= minimum_share <= 1):
            raise CourseError(
                f"Hard examples need a threshold in (0, 1] and a share in [0, 1], got {threshold} and {minimum_share}."
            )
        self.threshold, self.minimum_share = float(threshold), float(minimum_share)

    def chosen(self, loss, counts):
        # Where the true class has the probability p, the cross-entropy is -log p.
        hard = loss > -math.log(self.threshold)
        if self.minimum_share:
            easiest_first = ops.sort(ops.reshape(ops.where(counts, loss, -1.0), [-1]))
            pixels = ops.sum(ops.cast(counts, "float32"))
            least = ops.cast(ops.ceil(self.minimum_share * pixels), "int32")
            hard = hard | (loss >= easiest_first[ops.shape(easiest_first)[0] - ops.maximum(least, 1)])
        return ops.cast(hard, "float32")

    def get_config(self):
        return {**super().get_config(), "threshold": self.threshold, "minimum_share": self.minimum_share}
