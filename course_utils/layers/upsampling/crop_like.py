from course_utils.backend import keras
from course_utils.layers.shapes import shape_of, window


@keras.saving.register_keras_serializable(package="course_utils")
class CropLike(keras.layers.Layer):
    """Crops rows at the bottom and columns at the right, down to the height and width of another tensor.

    Pooling rounds odd sizes up, so upsampling by a whole factor gives too many rows: 5 become 3, and 3 become 6.
    Pooling windows start at the top left, so the surplus lies at the bottom and at the right.

    Example:

    ```python
    CropLike()([np.zeros((2, 6, 8, 16)), np.zeros((2, 5, 7, 3))]).shape  # (2, 5, 7, 16)
    ```

    Call arguments:
        inputs: the list `[values, reference]`: `[batch, rows, columns, channels]`, and a tensor
            `[batch, height, width, any]` with `height <= rows` and `width <= columns`; only its size is used.

    Returns:
        `[batch, height, width, channels]`.
    """

    def call(self, inputs):
        values, reference = inputs
        _, height, width, _ = shape_of(reference)
        return window(values, 0, 0, height, width)

    def compute_output_shape(self, input_shape):
        values, reference = input_shape
        return (values[0], reference[1], reference[2], values[3])

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(self.compute_output_shape([tensor.shape for tensor in inputs]), self.compute_dtype)
