from course_utils.backend import keras
from course_utils.layers.backend_operations import depth_to_space
from course_utils.layers.shapes import check_factor, times


@keras.saving.register_keras_serializable(package="course_utils")
class SubPixelConvolution2D(keras.layers.Layer):
    """A convolution with `factor**2` times the channels, laid out as `factor` x `factor` pixels (depth to space).

    Channel `(i * factor + j) * filters + f` of the convolution becomes channel `f` of output pixel
    `(factor * y + i, factor * x + j)`. If each of these phases started from random weights of its own, training would
    start with a checkerboard. With `icnr=True` the phases start equal: until training makes them differ, the layer is a
    convolution with `filters` channels followed by nearest-neighbour enlargement.

    Example:

    ```python
    layer = SubPixelConvolution2D(filters=16, kernel_size=3, factor=2)
    layer(np.random.rand(1, 5, 7, 3)).shape  # (1, 10, 14, 16)
    layer.count_params()  # 1792
    ```

    Args:
        filters: channels of the output.
        kernel_size: side of the kernel on the small grid; the padding is `"same"`.
        factor: enlargement factor, at least 1.
        icnr: whether all phases start with the same weights.
        kernel_initializer: draws the weights of one phase with `icnr`, those of the whole kernel without.
        use_bias: whether to add a bias, one per filter and phase.

    Call arguments:
        inputs: `[batch, height, width, channels]`, floating point.

    Returns:
        `[batch, height * factor, width * factor, filters]`.

    Reference: Shi et al., "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional
    Neural Network", CVPR 2016, section 3.2; Aitken et al., "Checkerboard artifact free sub-pixel convolution",
    arXiv 1707.02937, 2017, for the initialisation (ICNR).
    """

    def __init__(
        self, filters, kernel_size, factor, icnr=True, kernel_initializer="glorot_uniform", use_bias=True, **kwargs
    ):
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.factor = filters, kernel_size, check_factor(factor)
        self.icnr, self.use_bias = icnr, use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.convolution = keras.layers.Conv2D(
            filters * factor**2,
            kernel_size,
            padding="same",
            use_bias=use_bias,
            kernel_initializer=_equal_phases(self.kernel_initializer, factor) if icnr else self.kernel_initializer,
            dtype=self.dtype_policy,
            name="convolution",
        )

    def build(self, input_shape):
        self.convolution.build(input_shape)

    def call(self, inputs):
        channels = self.convolution(inputs)
        return channels if self.factor == 1 else depth_to_space(channels, self.factor)

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return (batch, times(height, self.factor), times(width, self.factor), self.filters)

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "factor": self.factor,
            "icnr": self.icnr,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "use_bias": self.use_bias,
        }


def _equal_phases(initializer, factor):
    """An initialiser that draws the kernel of one phase and repeats it for all of them (ICNR)."""

    def initialize(shape, dtype=None):
        *sizes, channels = shape
        kernel = initializer((*sizes, channels // factor**2), dtype)
        return keras.ops.tile(kernel, [1] * len(sizes) + [factor**2])

    return initialize
