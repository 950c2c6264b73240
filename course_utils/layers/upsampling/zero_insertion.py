"""Zero insertion as a layer, and along a single axis for separable filters."""

from course_utils.backend import keras
from course_utils.layers.shapes import check_factor, shape_of, times


@keras.saving.register_keras_serializable(package="course_utils")
class ZeroInsertion2D(keras.layers.Layer):
    """Spreads an image out: every pixel becomes the top left of a block that is zero otherwise.

    This is the first half of any upsampling by a whole factor; the second half is a filter that fills the zeros. Its
    transpose (its gradient) keeps every `factor`-th pixel and drops the others.

    Example:

    ```python
    image = np.array([[1, 2], [3, 4]], "float32").reshape(1, 2, 2, 1)
    ZeroInsertion2D(factor=2)(image)[0, :2, :, 0].numpy().tolist()  # [[1.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    ```

    Args:
        factor: rows and columns of a block, at least 1.

    Call arguments:
        inputs: `[batch, height, width, channels]`; sizes may be unknown.

    Returns:
        `[batch, factor * height, factor * width, channels]`; pixel (i, j) moves to (factor * i, factor * j).

    Raises:
        ValueError: `factor` is not a whole number of at least 1.

    Reference: Crochiere and Rabiner, "Multirate Digital Signal Processing", 1983, section 2.3 (the sampling rate
    expander).
    """

    def __init__(self, factor=2, **kwargs):
        super().__init__(**kwargs)
        self.factor = check_factor(factor)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def call(self, inputs):
        return insert_zeros(insert_zeros(inputs, self.factor, axis=1), self.factor, axis=2)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, times(height, self.factor), times(width, self.factor), channels)

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def insert_zeros(tensor, factor, axis):
    """Puts `factor - 1` zeros after every element along one axis, which becomes `factor` times as long."""
    shape = shape_of(tensor)
    blocks = keras.ops.reshape(tensor, [*shape[: axis + 1], 1, *shape[axis + 1 :]])
    paddings = [[0, 0]] * len(blocks.shape)
    paddings[axis + 1] = [0, factor - 1]
    shape[axis] = shape[axis] * factor
    return keras.ops.reshape(keras.ops.pad(blocks, paddings), shape)
