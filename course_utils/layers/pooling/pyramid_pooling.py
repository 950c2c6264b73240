from course_utils.backend import keras
from course_utils.layers.convolution_block import ConvolutionBlock
from course_utils.layers.pooling.adaptive_average_pooling import AdaptiveAveragePooling2D
from course_utils.layers.upsampling.resize_like import ResizeLike


@keras.saving.register_keras_serializable(package="course_utils")
class PyramidPooling(keras.layers.Layer):
    """PSPNet's pyramid pooling module: tells every pixel what the image holds, at four levels of detail.

    The map is averaged over grids of 1, 2x2, 3x3 and 6x6 regions. Each grid goes through a 1x1 convolution block, is
    resized back to the map's size, and is concatenated with the map.

    Example:

    ```python
    features = PyramidPooling()(np.random.rand(2, 12, 24, 64))
    features.shape  # (2, 12, 24, 128)
    ```

    Args:
        bins: regions per side, for each level of the pyramid.
        channels: channels per level; None for the input's channels divided by the number of levels, as published.

    Call arguments:
        inputs: `[batch, height, width, input_channels]`.

    Returns:
        `[batch, height, width, input_channels + len(bins) * channels]`.

    Reference: Zhao et al., "Pyramid scene parsing network", CVPR 2017, section 3.2 and figure 3.
    """

    def __init__(self, bins=(1, 2, 3, 6), channels=None, **kwargs):
        super().__init__(**kwargs)
        self.bins, self.channels = tuple(bins), channels
        self.poolings = [AdaptiveAveragePooling2D(count, dtype=self.dtype_policy) for count in self.bins]
        self.resize = ResizeLike(dtype=self.dtype_policy)

    def build(self, input_shape):
        channels = self._level_channels(input_shape)
        self.blocks = [
            ConvolutionBlock(channels, 1, dtype=self.dtype_policy, name=f"level{count}") for count in self.bins
        ]
        for block, pooling in zip(self.blocks, self.poolings, strict=True):
            block.build(pooling.compute_output_shape(input_shape))

    def call(self, inputs, training=None):
        levels = [
            self.resize([block(pooling(inputs), training=training), inputs])
            for pooling, block in zip(self.poolings, self.blocks, strict=True)
        ]
        return keras.ops.concatenate([inputs, *levels], axis=-1)

    def _level_channels(self, input_shape):
        return self.channels or input_shape[-1] // len(self.bins)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + len(self.bins) * self._level_channels(input_shape))

    def get_config(self):
        return {**super().get_config(), "bins": self.bins, "channels": self.channels}
