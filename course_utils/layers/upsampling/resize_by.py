from course_utils.backend import keras
from course_utils.layers.shapes import shape_of
from course_utils.layers.upsampling.resize_like import ResizeLike


@keras.saving.register_keras_serializable(package="course_utils")
class ResizeBy(keras.layers.Layer):
    """Bilinear interpolation to `factor` times the height and width, rounded, at least one pixel.

    Interpolates as `ResizeLike` does; shrinking skips pixels instead of averaging over them.

    Example:

    ```python
    ResizeBy(0.4)(np.random.rand(2, 10, 21, 3)).shape  # (2, 4, 8, 3)
    ```

    Args:
        factor: above 0; 0.5 halves the sides.

    Call arguments:
        inputs: `[batch, height, width, channels]`.

    Returns:
        `[batch, new_height, new_width, channels]`.
    """

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
        self.resize = ResizeLike(dtype=self.dtype_policy)

    def build(self, input_shape):
        self.resize.build([input_shape, input_shape])

    def call(self, inputs):
        size = shape_of(inputs)
        # The reference only lends its size: it has no channels, so nothing is computed.
        sides = [self._length(inputs.shape[axis]) or self._unknown_length(size[axis]) for axis in (1, 2)]
        return self.resize([inputs, keras.ops.zeros([size[0], *sides, 0], inputs.dtype)])

    def _length(self, length):
        return None if length is None else max(1, round(self.factor * length))

    def _unknown_length(self, length):
        pixels = keras.ops.round(self.factor * keras.ops.cast(length, "float64"))
        return keras.ops.maximum(1, keras.ops.cast(pixels, "int32"))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *(self._length(length) for length in input_shape[1:3]), input_shape[3])

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}
