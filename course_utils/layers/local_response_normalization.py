from course_utils.backend import keras
from course_utils.layers.backend_operations import local_response_normalization


@keras.saving.register_keras_serializable(package="course_utils")
class LocalResponseNormalization(keras.layers.Layer):
    """Divides each channel by a power of the energy of the channels around it.

    `y[c] = x[c] / (bias + alpha / size * sum(x[j]**2 for |j - c| <= size // 2)) ** beta`

    Example:

    ```python
    LocalResponseNormalization(size=5)(np.random.rand(1, 8, 8, 3)).shape  # (1, 8, 8, 3)
    ```

    Args:
        size: how many channels the sum runs over, an odd number.
        alpha, beta, bias: see the formula (`alpha` is divided by `size`, as in Caffe).

    Call arguments:
        inputs: floats `[batch, height, width, channels]`.

    Returns:
        The same shape.

    Reference: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep CNNs", 2012, section 3.3.
    """

    def __init__(self, size=5, alpha=1e-4, beta=0.75, bias=1.0, **kwargs):
        super().__init__(**kwargs)
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.bias = bias

    def call(self, inputs):
        # On 8-bit images the sum of squares overflows float16.
        normalized = local_response_normalization(
            keras.ops.cast(inputs, "float32"), self.size // 2, self.bias, self.alpha / self.size, self.beta
        )
        return keras.ops.cast(normalized, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        own = {"size": self.size, "alpha": self.alpha, "beta": self.beta, "bias": self.bias}
        return {**super().get_config(), **own}
