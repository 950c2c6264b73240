from course_utils.backend import keras
from course_utils.layers.pooling import pooling_operations
from course_utils.layers.shapes import shape_of


@keras.saving.register_keras_serializable(package="course_utils")
class MaxUnpooling2D(keras.layers.Layer):
    """Puts each value back where `MaxPoolingWithIndices2D` took its maximum from, with zeros around it.

    Example:

    ```python
    features = np.random.rand(1, 5, 7, 3)
    values, indices = MaxPoolingWithIndices2D(pool_size=2)(features)
    MaxUnpooling2D(pool_size=2)([values, indices, features]).shape  # (1, 5, 7, 3)
    ```

    Args:
        pool_size: as in the pooling, 1 to 16.

    Call arguments:
        inputs: the list `[values, indices, reference]`: floats and uint8 indices, both
            `[batch, rows, columns, channels]`, and the tensor that was pooled, `[batch, height, width, any]`; only its
            height and width are used.

    Returns:
        `[batch, height, width, channels]`.

    Reference: Badrinarayanan, Kendall and Cipolla, "SegNet", PAMI 2017, section 3, figure 3.
    """

    def __init__(self, pool_size=2, **kwargs):
        super().__init__(**kwargs)
        self.pool_size = pooling_operations.check_pool_size(pool_size)

    def call(self, inputs):
        values, indices, reference = inputs
        _, height, width, _ = shape_of(reference)
        return pooling_operations.scatter(values, indices, self.pool_size, height, width)

    def compute_output_shape(self, input_shape):
        values, _, reference = input_shape
        return (values[0], reference[1], reference[2], values[3])

    def compute_output_spec(self, inputs):
        shape = self.compute_output_shape([tensor.shape for tensor in inputs])
        return keras.KerasTensor(shape, self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "pool_size": self.pool_size}
