from course_utils.backend import keras
from course_utils.layers.batch_normalization import BatchNormalization
from course_utils.layers.convolution_block import ConvolutionBlock


@keras.saving.register_keras_serializable(package="course_utils")
class GatedConvolution2D(keras.layers.Layer):
    """Gated-SCNN's gated convolutional layer: the regular stream tells the shape stream where to look.

    The two streams are concatenated and pass through 1x1 convolutions to one number per pixel, the gate `alpha`
    (equation 1). The shape stream's features, weighted by the gate and added to themselves, pass through a convolution
    (equation 2): `convolution(features * alpha + features)`. A closed gate leaves the features as they are; an open one
    doubles them.

    The paper's "normalised 1x1 convolution" before the sigmoid is here a 1x1 convolution block over both streams,
    followed by a normalised 1x1 convolution to one channel (the authors' code normalises before the first convolution,
    not after it).

    Example:

    ```python
    layer = GatedConvolution2D(16)
    layer([np.random.rand(2, 8, 8, 32), np.random.rand(2, 8, 8, 1)]).shape  # (2, 8, 8, 16)
    ```

    Args:
        channels: channels of the result.
        kernel_size: side of the kernel of the convolution after the gate; 1 in the authors' code.

    Call arguments:
        inputs: a pair: the features of the shape stream and those of the regular stream at the same resolution, both
            `[batch, height, width, any]` (the authors' code has one channel for the regular stream).

    Returns:
        `[batch, height, width, channels]`.

    Reference: Takikawa et al., "Gated-SCNN: gated shape CNNs for semantic segmentation", ICCV 2019, section 3.1.
    """

    def __init__(self, channels, kernel_size=1, **kwargs):
        super().__init__(**kwargs)
        self.channels, self.kernel_size = channels, kernel_size
        policy = self.dtype_policy
        self.to_gate = keras.layers.Conv2D(1, 1, use_bias=False, dtype=policy, name="to_gate")
        self.normalization = BatchNormalization(momentum=0.9, dtype=policy, name="normalization")
        self.convolution = keras.layers.Conv2D(
            channels, kernel_size, padding="same", use_bias=False, dtype=policy, name="convolution"
        )

    def build(self, input_shape):
        features, regular = input_shape
        joined = (*features[:-1], features[-1] + regular[-1])
        self.streams = ConvolutionBlock(joined[-1], 1, dtype=self.dtype_policy, name="streams")
        self.streams.build(joined)
        self.to_gate.build(joined)
        self.normalization.build((*features[:-1], 1))
        self.convolution.build(features)

    def gate(self, inputs, training=None):
        """The gates `alpha`, `[batch, height, width, 1]` in 0..1 (equation 1)."""
        x = self.streams(keras.ops.concatenate(inputs, axis=-1), training=training)
        return keras.ops.sigmoid(self.normalization(self.to_gate(x), training=training))

    def call(self, inputs, training=None):
        features = inputs[0]
        return self.convolution(features * self.gate(inputs, training=training) + features)

    def compute_output_shape(self, input_shape):
        return (*input_shape[0][:-1], self.channels)

    def get_config(self):
        return {**super().get_config(), "channels": self.channels, "kernel_size": self.kernel_size}
