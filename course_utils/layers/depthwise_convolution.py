from course_utils.backend import keras
from course_utils.layers.backend_operations import depthwise_convolution, has_gpu, on_tensorflow

ops = keras.ops


@keras.saving.register_keras_serializable(package="course_utils")
class DepthwiseConv2D(keras.layers.DepthwiseConv2D):
    """Keras's depthwise convolution, whose gradients a processor computes quickly.

    A drop-in replacement for `keras.layers.DepthwiseConv2D`: the arguments, the weights and, to float precision, the
    results are the same, and weights of one load into the other. TensorFlow's kernels for processors are quick for some
    sizes and ten to forty times slower for the rest, in training alone; there, one of these is put together from quick
    ones (`backend_operations.depthwise_convolution`). A training step of DeepLabV3+ on EfficientNet-Lite0 takes two
    thirds of the time in 16 bits. Elsewhere (prediction, GPUs, channels first, other backends) it is Keras's own.

    Example:

    ```python
    layer = DepthwiseConv2D(5, strides=2, padding="same")
    features = layer(np.random.rand(4, 9, 9, 16), training=True)
    features.shape  # (4, 5, 5, 16)
    ```

    Reference: Howard et al., "MobileNets", 2017, section 3.1.
    """

    def call(self, inputs, training=None):
        if not training or not on_tensorflow() or has_gpu() or self.data_format != "channels_last":
            return super().call(inputs)
        kernel = ops.convert_to_tensor(self.kernel)
        outputs = depthwise_convolution(inputs, kernel, self.strides[0], self.padding.upper(), self.dilation_rate)
        if self.use_bias:
            outputs = outputs + ops.convert_to_tensor(self.bias)
        return outputs if self.activation is None else self.activation(outputs)
