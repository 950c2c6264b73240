from course_utils.backend import keras
from course_utils.layers.backend_operations import with_shape
from course_utils.layers.separable import apply_to_sides
from course_utils.layers.shapes import shape_of

ops = keras.ops


@keras.saving.register_keras_serializable(package="course_utils")
class AdaptiveAveragePooling2D(keras.layers.Layer):
    """Averages over a grid of `bins` x `bins` regions that cover a map of any size.

    Along a side of length `n`, bin `i` covers the pixels from `floor(i * n / bins)` up to, but not including,
    `ceil((i + 1) * n / bins)`: bins are equal if `bins` divides `n`, and overlap by a pixel otherwise. Averaging along
    a side is a matrix product; one side follows the other.

    Example:

    ```python
    averages = AdaptiveAveragePooling2D(2)(np.arange(6.0, dtype="float32").reshape(1, 2, 3, 1))
    averages[0, :, :, 0].numpy().tolist()  # [[0.5, 1.5], [3.5, 4.5]]
    ```

    Args:
        bins: regions per side; 1 averages over the whole map.

    Call arguments:
        inputs: `[batch, height, width, channels]`.

    Returns:
        `[batch, bins, bins, channels]`.

    Reference: He et al., "Spatial pyramid pooling in deep convolutional networks for visual recognition", PAMI 2015,
    with the same rounding.
    """

    def __init__(self, bins, **kwargs):
        super().__init__(**kwargs)
        self.bins = bins

    def call(self, inputs):
        sides = shape_of(inputs)[1:3]
        rows, columns = (ops.cast(self._shares(side), inputs.dtype) for side in sides)
        outputs = apply_to_sides(rows, columns, inputs)
        return with_shape(outputs, [inputs.shape[0], self.bins, self.bins, inputs.shape[3]])

    def _shares(self, length):
        """The weight of each pixel of a side in each bin: `[bins, length]`, rows sum to 1."""
        bins, pixels = ops.arange(self.bins)[:, None], ops.arange(length)[None]
        first, end = bins * length // self.bins, ((bins + 1) * length + self.bins - 1) // self.bins
        inside = ops.cast((first <= pixels) & (pixels < end), "float32")
        return inside / ops.sum(inside, axis=1, keepdims=True)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.bins, self.bins, input_shape[3])

    def get_config(self):
        return {**super().get_config(), "bins": self.bins}
