from course_utils.backend import keras
from course_utils.layers.backend_operations import with_shape
from course_utils.layers.shapes import shape_of


@keras.saving.register_keras_serializable(package="course_utils")
class AtrousPadding2D(keras.layers.Layer):
    """Zeros around features, for an atrous convolution in place of a strided one with TensorFlow's "same" padding.

    For stride 2, "same" centres the kernel on the first of every two pixels where the side is odd, on the second where
    it is even. A network that was trained so is made dense by leaving out the stride and padding by this layer: then
    every second result, from the first on, is the strided one.

    Example:

    ```python
    padded = AtrousPadding2D(kernel_size=3)(np.array([1, 2, 3, 4], "float32").reshape(1, 1, 4, 1))
    padded[0, 1, :, 0].numpy().tolist()  # [1.0, 2.0, 3.0, 4.0, 0.0, 0.0]
    ```

    Args:
        kernel_size: of the convolution that follows with padding "valid", odd.
        rate: its atrous rate, the strides that were left out before this one.

    Call arguments:
        inputs: `[batch, height, width, channels]`; sizes may be unknown.

    Returns:
        `[batch, height + rate * (kernel_size - 1), width + rate * (kernel_size - 1), channels]`.

    Reference: Chen et al., "DeepLab: semantic image segmentation with deep convolutional nets, atrous convolution,
    and fully connected CRFs", PAMI 2018, section 3.1.
    """

    def __init__(self, kernel_size=3, rate=1, **kwargs):
        super().__init__(**kwargs)
        self.kernel_size, self.rate = kernel_size, rate

    def call(self, inputs):
        _, height, width, _ = shape_of(inputs)
        outputs = keras.ops.pad(inputs, [[0, 0], self._zeros(height), self._zeros(width), [0, 0]])
        return with_shape(outputs, self.compute_output_shape(inputs.shape))

    def _zeros(self, length):
        """How many before and after a side."""
        pixels = (length + self.rate - 1) // self.rate  # of the map that the strided convolution sees
        before = self.rate * (self.kernel_size // 2 - 1 + pixels % 2)
        return [before, self.rate * (self.kernel_size - 1) - before]

    def compute_output_shape(self, input_shape):
        batch, *sides, channels = input_shape
        more = self.rate * (self.kernel_size - 1)
        return (batch, *[None if side is None else side + more for side in sides], channels)

    def get_config(self):
        return {**super().get_config(), "kernel_size": self.kernel_size, "rate": self.rate}
