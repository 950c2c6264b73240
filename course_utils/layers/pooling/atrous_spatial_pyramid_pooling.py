from course_utils.backend import keras
from course_utils.layers.convolution_block import ConvolutionBlock
from course_utils.layers.pooling.adaptive_average_pooling import AdaptiveAveragePooling2D
from course_utils.layers.upsampling.resize_like import ResizeLike


@keras.saving.register_keras_serializable(package="course_utils")
class AtrousSpatialPyramidPooling(keras.layers.Layer):
    """DeepLabV3's ASPP: every place seen through growing fields of view, and the whole image.

    A 1x1 convolution block, a 3x3 block per rate and a 1x1 block on the map's average run in parallel; a last 1x1 block
    joins them.

    Example:

    ```python
    features = AtrousSpatialPyramidPooling(32, rates=(1, 2))(np.random.rand(2, 12, 24, 64))
    features.shape  # (2, 12, 24, 32)
    ```

    Args:
        channels: channels of each branch and of the result.
        rates: atrous rates of the 3x3 convolutions; (6, 12, 18) at an output stride of 16, twice that at 8.
        dropout: dropout rate after the last block.

    Call arguments:
        inputs: `[batch, height, width, any]`.

    Returns:
        `[batch, height, width, channels]`.

    Reference: Chen et al., "Rethinking atrous convolution for semantic image segmentation", arXiv 1706.05587, 2017,
    section 3.3 and figure 5.
    """

    def __init__(self, channels=256, rates=(6, 12, 18), dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.channels, self.rates, self.dropout = channels, tuple(rates), dropout
        policy = self.dtype_policy
        self.branches = [
            ConvolutionBlock(channels, 1, dtype=policy, name="point"),
            *[ConvolutionBlock(channels, 3, rate, dtype=policy, name=f"rate{rate}") for rate in self.rates],
        ]
        self.average = AdaptiveAveragePooling2D(1, dtype=policy)
        self.image = ConvolutionBlock(channels, 1, dtype=policy, name="image")
        self.resize = ResizeLike(dtype=policy)
        self.projection = ConvolutionBlock(channels, 1, dtype=policy, name="projection")
        self.drop = keras.layers.Dropout(dropout, dtype=policy)

    def build(self, input_shape):
        for block in [*self.branches, self.image]:
            block.build(input_shape)
        self.projection.build((*input_shape[:-1], self.channels * (len(self.branches) + 1)))

    def call(self, inputs, training=None):
        branches = [branch(inputs, training=training) for branch in self.branches]
        branches.append(self.resize([self.image(self.average(inputs), training=training), inputs]))
        joined = keras.ops.concatenate(branches, axis=-1)
        return self.drop(self.projection(joined, training=training), training=training)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.channels)

    def get_config(self):
        options = {"channels": self.channels, "rates": self.rates, "dropout": self.dropout}
        return {**super().get_config(), **options}
