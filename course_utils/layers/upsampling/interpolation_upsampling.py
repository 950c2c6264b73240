import numpy as np

from course_utils.backend import keras
from course_utils.layers.shapes import shape_of, times
from course_utils.layers.upsampling.interpolation_kernels import interpolation_kernel
from course_utils.layers.upsampling.zero_insertion import insert_zeros


@keras.saving.register_keras_serializable(package="course_utils")
class InterpolationUpsampling2D(keras.layers.Layer):
    """Enlarges images by a whole factor, as `tf.image.resize` does: zero insertion, then a fixed depthwise filter.

    **The border.** Beyond the border there are no samples, so part of the kernel's weight is missing. The filter
    therefore also runs over an image of ones, which gives the weight that each pixel did get, and the result is divided
    by it: *normalised convolution*. For nearest, area and bilinear this equals repeating the edge pixels; for the other
    methods it does not.

    The filter is constant: the layer has no weights, trainable or not.

    Example:

    ```python
    image = np.array([[0, 4]], "float32").reshape(1, 1, 2, 1)
    InterpolationUpsampling2D(factor=2, method="bilinear")(image)[0, 0, :, 0].numpy().tolist()  # [0.0, 1.0, 3.0, 4.0]
    ```

    Args:
        factor: enlargement factor, at least 1.
        method: "nearest", "bilinear", "bicubic", "area", "gaussian", "lanczos3", "lanczos5" or "mitchellcubic".

    Call arguments:
        inputs: floats `[batch, height, width, channels]`; all but the channels may be unknown.

    Returns:
        `[batch, factor * height, factor * width, channels]`, equal to `tf.image.resize(inputs, size, method)`
        (`antialias` would change nothing when enlarging).

    Raises:
        ValueError: an unknown method, or a factor that is not a whole number of at least 1.

    Reference: Crochiere and Rabiner, "Multirate Digital Signal Processing", 1983, section 2.3; Knutsson and Westin,
    "Normalized and Differential Convolution", CVPR 1993, for the border.
    """

    def __init__(self, factor=2, method="bilinear", **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
        self.method = method
        self.input_spec = keras.layers.InputSpec(ndim=4)
        self._taps = interpolation_kernel(method, factor)

    def call(self, inputs):
        # One axis after the other: the kernel is separable, and the first pass need not filter the second's zeros.
        outputs = inputs
        for axis in (1, 2):
            ones = [1, 1, 1, 1]
            ones[axis] = shape_of(inputs)[axis]
            outputs = self._enlarge(outputs, axis) / self._enlarge(keras.ops.ones(ones, inputs.dtype), axis)
        return outputs

    def _enlarge(self, tensor, axis):
        """Zero insertion and filter along one axis of `[batch, height, width, channels]`."""
        length, channels = len(self._taps), tensor.shape[-1]
        paddings = [[0, 0]] * 4
        paddings[axis] = [(length + self.factor) // 2 - 1, (length - self.factor) // 2]
        spread = keras.ops.pad(insert_zeros(tensor, self.factor, axis), paddings)
        taps = self._taps.reshape([length, 1, 1, 1] if axis == 1 else [1, length, 1, 1])
        kernel = keras.ops.convert_to_tensor(np.tile(taps, [1, 1, channels, 1]), tensor.dtype)
        return keras.ops.depthwise_conv(spread, kernel, data_format="channels_last")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, times(height, self.factor), times(width, self.factor), channels)

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor, "method": self.method}
