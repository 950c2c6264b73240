"""What TensorFlow does faster in its own words, each beside the form in `keras.ops` that the other backends get.

The layers are written in `keras.ops` and run on whatever Keras runs on; only what is here asks which backend that is.
`tests/layers/test_backends.py` compares both forms on TensorFlow.
"""

from course_utils.backend import keras, tf

ops = keras.ops


def on_tensorflow() -> bool:
    """Whether Keras computes with TensorFlow."""
    return keras.backend.backend() == "tensorflow"


def has_gpu() -> bool:
    """Whether the backend of Keras sees a GPU."""
    if on_tensorflow():
        return bool(tf.config.list_physical_devices("GPU"))
    return any("gpu" in device for device in keras.distribution.list_devices())


def with_gradient(function):
    """A function of one tensor that brings its gradient along, as for `tf.custom_gradient`.

    Other backends differentiate what it computes.

    Args:
        function: gives the result (a tensor, or a tuple of them), and a function from the result's gradients to that of
            the argument.

    Returns:
        a function that gives the result.
    """
    if on_tensorflow():
        return tf.custom_gradient(function)
    return lambda tensor: function(tensor)[0]


def with_shape(tensor, shape):
    """The tensor, whose sizes TensorFlow is told where it could not tell; the other backends know all sizes."""
    return tf.ensure_shape(tensor, shape) if on_tensorflow() else tensor


def check_classes(classes, num_classes):
    """Refuse an index of a class that there is not, on TensorFlow outside XLA; the others cannot stop halfway.

    Raises:
        tf.errors.InvalidArgumentError: when it is computed.
    """
    if on_tensorflow():
        known = tf.reduce_all((classes >= 0) & (classes < num_classes))
        message = (
            f"Labels hold a class that there is not: with {num_classes} classes they go from 0 to {num_classes - 1}"
        )
        tf.debugging.Assert(known, [message, tf.reduce_min(classes), tf.reduce_max(classes)])


def lowest(dtype):
    """What loses against every number; on TensorFlow a finite one, which the formats for elsewhere all have."""
    return dtype.min if on_tensorflow() else float("-inf")


def softmax(scores):
    """Over the last axis, which may have the length 1 without a warning of Keras's on TensorFlow."""
    return tf.nn.softmax(scores) if on_tensorflow() else ops.softmax(scores)


def depth_to_space(features, factor):
    """Channels to places: `[B, H, W, factor**2 * C]` to `[B, factor * H, factor * W, C]`."""
    if on_tensorflow():
        return tf.nn.depth_to_space(features, factor)
    batch, height, width, channels = ops.shape(features)
    channels //= factor**2
    places = ops.reshape(features, [batch, height, width, factor, factor, channels])
    return ops.reshape(ops.transpose(places, [0, 1, 3, 2, 4, 5]), [batch, height * factor, width * factor, channels])


def local_response_normalization(features, reach, bias, alpha, beta):
    """`x / (bias + alpha * sum of x**2 over the channels within reach) ** beta`, for float32 `[B, H, W, C]`."""
    if on_tensorflow():
        return tf.nn.local_response_normalization(features, reach, bias, alpha, beta)
    channels = features.shape[-1]
    squares = ops.pad(features**2, [[0, 0], [0, 0], [0, 0], [reach, reach]])
    energy = sum(squares[..., first : first + channels] for first in range(2 * reach + 1))
    return features / (bias + alpha * energy) ** beta


_VECTOR = 16
"""Numbers of channels that the kernel handles at once.

In 16 bits it is four to eight times slower where they do not divide the channels (TensorFlow 2.21 on a processor), and
32 bits with two conversions are then the faster way.
"""


def fused_batch_normalization(inputs, scale, offset, averages, epsilon):
    """Batch normalisation by TensorFlow's kernel; `keras.layers.BatchNormalization` is the form for other backends.

    Args:
        inputs: float32, bfloat16 or float16 `[B, H, W, C]`.
        scale, offset: float32 `[C]`, None for 1 and 0.
        averages: mean and variance to normalise by, float32 `[C]`; None for those of the batch.
        epsilon: added to the variance.

    Returns:
        the result, and the mean and the (biased) variance that it was normalised by.
    """
    channels, precision = inputs.shape[-1], inputs.dtype
    if channels % _VECTOR:
        inputs = tf.cast(inputs, tf.float32)
    mean, variance = ([], []) if averages is None else map(tf.convert_to_tensor, averages)
    outputs = tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=tf.ones([channels]) if scale is None else tf.convert_to_tensor(scale),
        offset=tf.zeros([channels]) if offset is None else tf.convert_to_tensor(offset),
        mean=mean,
        variance=variance,
        epsilon=epsilon,
        is_training=averages is None,
    )
    normalized = tf.cast(outputs.y, precision)
    if averages is not None:
        return normalized, mean, variance
    # The kernel returns the unbiased variance; Keras averages the biased one.
    count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:-1]), tf.float32)
    return normalized, outputs.batch_mean, outputs.batch_variance * (1.0 - 1.0 / count)


def depthwise_convolution(features, kernel, stride, padding, rates):
    """Depthwise convolution with quick gradients; `keras.ops.depthwise_conv` is the form for other backends.

    On a processor, oneDNN has a gradient of the kernel for kernels of 3x3, and in 16 bits one of the features for
    stride 1. All else goes through code of ten to forty times the time (TensorFlow 2.21). So a kernel of 5x5 gets its
    gradient as four of 3x3, at its corners, and strided features get theirs in 32 bits.

    Args:
        features: float32, bfloat16 or float16 `[B, H, W, C]`.
        kernel: `[height, width, C, M]`, of the same precision.
        stride: of both axes.
        padding: "SAME" or "VALID".
        rates: of atrous convolution, for the two axes.

    Returns:
        `[B, H', W', C * M]`.
    """
    strides, kernel = [1, stride, stride, 1], tf.convert_to_tensor(kernel)  # else a variable brings its own gradient

    def convolve(features, _, padding):
        @tf.custom_gradient
        def convolution(features, kernel):
            def gradients(above):
                precision = features.dtype if stride == 1 else tf.float32
                of_features = tf.nn.depthwise_conv2d_backprop_input(
                    tf.shape(features), tf.cast(kernel, precision), tf.cast(above, precision), strides, padding
                )
                of_kernel = _kernel_gradient(features, kernel.shape, above, strides, padding)
                return tf.cast(of_features, features.dtype), of_kernel

            return tf.nn.depthwise_conv2d(features, kernel, strides, padding), gradients

        return convolution(features, kernel)

    # Atrous convolution is that of each of the grids into which the rate divides the pixels.
    return tf.compat.v1.nn.with_space_to_batch(features, list(rates), padding, convolve, filter_shape=kernel.shape[:2])


def _kernel_gradient(features, shape, above, strides, padding):
    """The gradient of a depthwise kernel of this shape, from the one of the result."""
    if tuple(shape[:2]) != (5, 5):
        return tf.nn.depthwise_conv2d_backprop_filter(features, shape, above, strides, padding)
    reach = [(tf.shape(above)[axis] - 1) * strides[1] for axis in (1, 2)]
    if padding == "SAME":
        totals = [tf.maximum(far + 5 - tf.shape(features)[axis], 0) for axis, far in enumerate(reach, 1)]
        features = tf.pad(features, [[0, 0], *([total // 2, total - total // 2] for total in totals), [0, 0]])

    def corner(row, column):
        seen = features[:, row : row + reach[0] + 3, column : column + reach[1] + 3]
        return tf.nn.depthwise_conv2d_backprop_filter(seen, (3, 3, *shape[2:]), above, strides, "VALID")

    upper, lower = (tf.concat([corner(row, 0), corner(row, 2)[:, 1:]], 1) for row in (0, 2))
    return tf.concat([upper, lower[1:]], 0)
