from course_utils.backend import keras
from course_utils.layers.batch_normalization import BatchNormalization


@keras.saving.register_keras_serializable(package="course_utils")
class ConvolutionBlock(keras.layers.Layer):
    """Convolution without bias, batch normalisation and ReLU, at the resolution of the input.

    Example:

    ```python
    features = ConvolutionBlock(16, rate=2)(np.random.rand(4, 8, 8, 3))
    features.shape  # (4, 8, 8, 16)
    ```

    Args:
        channels: channels of the result.
        kernel_size: rows and columns of the kernel.
        rate: atrous rate, the distance between neighbouring taps of the kernel.

    Call arguments:
        inputs: `[batch, height, width, any]`.

    Returns:
        `[batch, height, width, channels]`.
    """

    def __init__(self, channels, kernel_size=3, rate=1, **kwargs):
        super().__init__(**kwargs)
        self.channels, self.kernel_size, self.rate = channels, kernel_size, rate
        self.convolution = keras.layers.Conv2D(
            channels,
            kernel_size,
            padding="same",
            dilation_rate=rate,
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=self.dtype_policy,
            name="convolution",
        )
        self.normalization = BatchNormalization(momentum=0.9, dtype=self.dtype_policy, name="normalization")

    def build(self, input_shape):
        self.convolution.build(input_shape)
        self.normalization.build(self.compute_output_shape(input_shape))

    def call(self, inputs, training=None):
        return keras.ops.relu(self.normalization(self.convolution(inputs), training=training))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.channels)

    def get_config(self):
        sizes = {"channels": self.channels, "kernel_size": self.kernel_size, "rate": self.rate}
        return {**super().get_config(), **sizes}
