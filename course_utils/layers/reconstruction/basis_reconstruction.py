from course_utils.backend import keras, tf
from course_utils.layers.reconstruction.segment_bases import cosine_bases
from course_utils.layers.shapes import times


@keras.saving.register_keras_serializable(package="course_utils")
class BasisReconstruction(keras.layers.Layer):
    """LRR's upsampling: every place of a coarse map draws a patch of scores from a few coefficients of each class.

    The patch of class `c` at a place is the sum of the class's basis patches, each times its coefficient there. Patches
    are twice as long as their distance, and where they overlap they are added. That is a transposed convolution in
    `num_classes` groups: scores of a class come from coefficients of that class only.

    The bases start as cosines under a tent (`cosine_bases`), of which the first is the kernel of bilinear upsampling;
    `layer.set_weights([segment_bases(labels, num_classes)])` puts in those of a data set's segments, as published.
    They are not trained unless asked for, as in the authors' code, where their learning rate is 0.

    Example:

    ```python
    coefficients = np.zeros((1, 3, 5, 19 * 10), "float32")
    BasisReconstruction(19)(coefficients).shape  # (1, 12, 20, 19)
    ```

    Args:
        num_classes: number of classes.
        num_bases: basis patches of a class, at most `4 * factor**2`.
        factor: of the enlargement, at least 2; patches have `2 * factor` rows and columns.
        train_bases: whether the bases are trained.

    Call arguments:
        inputs: coefficients `[batch, height, width, num_classes * num_bases]`, those of a class beside each other.

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
        # Not through `layer.trainable`, which thawing a whole network would set.
        self.bases = self.add_weight(
            shape=(size, size, self.num_classes, self.num_bases),
            initializer=lambda shape, dtype: tf.cast(cosine_bases(self.num_classes, self.num_bases, size), dtype),
            trainable=self.train_bases,
            name="bases",
        )

    def call(self, inputs):
        batch, height, width = tf.unstack(tf.shape(inputs)[:3])
        factor = self.factor
        coefficients = tf.reshape(inputs, [batch, height, width, self.num_classes, self.num_bases])
        bases = tf.cast(self.bases, inputs.dtype)
        # A patch has four quarters of factor x factor pixels; each falls on one cell of a grid that has a row and a
        # column of cells more than the coefficients.
        cells = 0
        for down in (0, 1):
            for across in (0, 1):
                quarter = bases[down * factor : (down + 1) * factor, across * factor : (across + 1) * factor]
                drawn = tf.einsum("bhwck,yxck->bhwyxc", coefficients, quarter)
                drawn = tf.reshape(drawn, [batch, height, width, factor**2 * self.num_classes])
                cells += tf.pad(drawn, [[0, 0], [down, 1 - down], [across, 1 - across], [0, 0]])
        scores = tf.nn.depth_to_space(cells, factor)
        # The middle of a patch belongs on the middle of its place's block of factor x factor pixels.
        first = factor // 2
        scores = scores[:, first : first + factor * height, first : first + factor * width]
        return tf.ensure_shape(scores, self.compute_output_shape(inputs.shape))

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return (batch, times(height, self.factor), times(width, self.factor), self.num_classes)

    def get_config(self):
        sizes = {"num_classes": self.num_classes, "num_bases": self.num_bases}
        return {**super().get_config(), **sizes, "factor": self.factor, "train_bases": self.train_bases}
