from course_utils.backend import keras
from course_utils.layers.pooling import pooling_operations


@keras.saving.register_keras_serializable(package="course_utils")
class MaxPoolingWithIndices2D(keras.layers.Layer):
    """Max pooling that also returns where in its window each maximum was.

    Windows do not overlap; where they do not fit, the last ones are cut off (as with `padding="same"`). Among equal
    values the first wins, row by row, as in `tf.nn.max_pool_with_argmax`. For a window with a NaN, or with nothing but
    minus infinity, neither value nor index is defined (the kernel of `tf.nn.max_pool2d` decides).

    Example:

    ```python
    values, indices = MaxPoolingWithIndices2D(pool_size=2)(np.random.rand(1, 5, 7, 3))
    values.shape  # (1, 3, 4, 3)
    ```

    Args:
        pool_size: height and width of the window, 1 to 16.

    Call arguments:
        inputs: floats `[batch, height, width, channels]`; sizes may be unknown.

    Returns:
        values: the maxima, `[batch, ceil(height / pool_size), ceil(width / pool_size), channels]`.
        indices: uint8 of the same shape, the position of the maximum in its window, 0 to `pool_size**2 - 1`, row by
            row: in a 2x2 window 0 is top left, 1 top right, 2 bottom left and 3 bottom right.

    Reference: Badrinarayanan, Kendall and Cipolla, "SegNet", PAMI 2017, section 3.
    """

    def __init__(self, pool_size=2, **kwargs):
        super().__init__(**kwargs)
        self.pool_size = pooling_operations.check_pool_size(pool_size)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def call(self, inputs):
        return pooling_operations.max_pool(inputs, self.pool_size)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        pooled = (batch, self._pooled(height), self._pooled(width), channels)
        return pooled, pooled

    def compute_output_spec(self, inputs):
        values, indices = self.compute_output_shape(inputs.shape)
        return keras.KerasTensor(values, self.compute_dtype), keras.KerasTensor(indices, "uint8")

    def _pooled(self, size):
        return None if size is None else -(-size // self.pool_size)

    def get_config(self):
        return {**super().get_config(), "pool_size": self.pool_size}
