from course_utils.backend import keras
from course_utils.layers.backend_operations import depth_to_space, with_shape
from course_utils.layers.reconstruction.segment_bases import cosine_bases
from course_utils.layers.shapes import shape_of, times, window

ops = keras.ops


@keras.saving.register_keras_serializable(package="course_utils")
class BasisReconstruction(keras.layers.Layer):
    """LRR's upsampling: every place of a coarse map draws a patch of scores from a few coefficients per class.

    The patch of class `c` at a place is the sum of the class's basis patches, each times its coefficient there. Patches
    are twice as long as the distance between them, and add up where they overlap. This is a transposed convolution in
    `num_classes` groups: the scores of a class come from the coefficients of that class only.

    The bases start as cosines under a tent (`cosine_bases`), the first of which is the kernel of bilinear upsampling.
    `layer.set_weights([segment_bases(labels, num_classes)])` replaces them by bases of a data set's segments, as
    published. They are not trained by default, as in the authors' code, which sets their learning rate to 0.

    Example:

    ```python
    coefficients = np.zeros((1, 3, 5, 19 * 10), "float32")
    BasisReconstruction(19)(coefficients).shape  # (1, 12, 20, 19)
    ```

    Args:
        num_classes: number of classes.
        num_bases: basis patches per class, at most `4 * factor**2`.
        factor: enlargement factor, at least 2; patches have `2 * factor` rows and columns.
        train_bases: whether to train the bases.

    Call arguments:
        inputs: coefficients `[batch, height, width, num_classes * num_bases]`, those of one class next to each other.

    Returns:
        scores `[batch, factor * height, factor * width, num_classes]`.

    Reference: Ghiasi and Fowlkes, "Laplacian pyramid reconstruction and refinement for semantic segmentation", ECCV
    2016, section 3; the authors' code has 10 bases of 8x8 at factor 4.
    """

    def __init__(self, num_classes, num_bases=10, factor=4, train_bases=False, **kwargs):
        super().__init__(**kwargs)
        self.num_classes, self.num_bases = num_classes, num_bases
        self.factor, self.train_bases = factor, train_bases

    def build(self, input_shape):
        size = 2 * self.factor
        # Not through `layer.trainable`: unfreezing a whole network would set that.
        self.bases = self.add_weight(
            shape=(size, size, self.num_classes, self.num_bases),
            initializer=lambda shape, dtype: ops.cast(cosine_bases(self.num_classes, self.num_bases, size), dtype),
            trainable=self.train_bases,
            name="bases",
        )

    def call(self, inputs):
        batch, height, width, _ = shape_of(inputs)
        factor = self.factor
        coefficients = ops.reshape(inputs, [batch, height, width, self.num_classes, self.num_bases])
        bases = ops.cast(self.bases, inputs.dtype)
        # A patch has four quarters of factor x factor pixels. Each falls on one cell of a grid that has one row and one
        # column more than the coefficients.
        cells = 0
        for down in (0, 1):
            for across in (0, 1):
                quarter = bases[down * factor : (down + 1) * factor, across * factor : (across + 1) * factor]
                drawn = ops.einsum("bhwck,yxck->bhwyxc", coefficients, quarter)
                drawn = ops.reshape(drawn, [batch, height, width, factor**2 * self.num_classes])
                cells += ops.pad(drawn, [[0, 0], [down, 1 - down], [across, 1 - across], [0, 0]])
        scores = depth_to_space(cells, factor)
        # The middle of a patch belongs in the middle of the factor x factor pixels of its place.
        first = factor // 2
        scores = window(scores, first, first, factor * height, factor * width)
        return with_shape(scores, self.compute_output_shape(inputs.shape))

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return (batch, times(height, self.factor), times(width, self.factor), self.num_classes)

    def get_config(self):
        sizes = {"num_classes": self.num_classes, "num_bases": self.num_bases}
        return {**super().get_config(), **sizes, "factor": self.factor, "train_bases": self.train_bases}
