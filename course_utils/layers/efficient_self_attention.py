from course_utils.backend import keras
from course_utils.layers.backend_operations import softmax
from course_utils.layers.shapes import missing, shape_of


@keras.saving.register_keras_serializable(package="course_utils")
class EfficientSelfAttention(keras.layers.Layer):
    """SegFormer's self-attention: every pixel asks the whole map, whose keys and values are taken at a coarser grid.

    Attention of all pixels to all pixels costs the square of their number. Here a convolution with kernel and stride
    `reduction` summarises each square of the map first, so that there are `reduction**2` times fewer keys and values
    than queries. Squares that do not fit at the lower and right edge are filled up with zeros.

    Example:

    ```python
    layer = EfficientSelfAttention(heads=2, reduction=4)
    layer(np.random.rand(1, 8, 12, 16)).shape  # (1, 8, 12, 16)
    layer.weigh(np.random.rand(1, 8, 12, 16)).shape  # (1, 2, 96, 6)
    ```

    Args:
        heads: how many attentions run side by side, each on its share of the channels; divides them.
        reduction: pixels of the map between two keys, along each side; 1 for a key at every pixel.

    Call arguments:
        inputs: `[batch, height, width, channels]`; sizes may be unknown.

    Returns:
        `[batch, height, width, channels]`.

    Reference: Xie et al., "SegFormer", NeurIPS 2021, section 3.1, equations 1 and 2; the convolution is that of the
    authors' code, and computes the reshaping and linear layer of equation 2 on squares.
    """

    def __init__(self, heads=1, reduction=1, **kwargs):
        super().__init__(**kwargs)
        self.heads, self.reduction = heads, reduction
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape):
        channels, policy = input_shape[-1], self.dtype_policy
        if channels % self.heads:
            raise ValueError(f"{channels} channels cannot be shared by {self.heads} heads: choose a divisor.")
        for name in ("query", "key", "value", "projection"):
            linear = keras.layers.Dense(channels, dtype=policy, name=name)
            linear.build(input_shape)
            setattr(self, name, linear)
        if self.reduction > 1:
            self.summary = keras.layers.Conv2D(channels, self.reduction, self.reduction, dtype=policy, name="summary")
            self.normalization = keras.layers.LayerNormalization(epsilon=1e-5, dtype=policy, name="normalization")
            self.summary.build((*input_shape[:1], None, None, channels))
            self.normalization.build(input_shape)

    def call(self, inputs):
        sources = self._sources(inputs)
        attended = self._weigh(inputs, sources) @ self._by_head(self.value, sources)
        if self.heads > 1:
            attended = keras.ops.transpose(attended, [0, 2, 1, 3])
        return self.projection(keras.ops.reshape(attended, shape_of(inputs)))

    def weigh(self, inputs):
        """How much of each key's value every pixel takes: `[batch, heads, height * width, keys]`, sums of 1.

        Pixels and keys are counted row by row; there are `ceil(height / reduction) * ceil(width / reduction)` keys.
        """
        inputs = keras.ops.cast(inputs, self.compute_dtype)
        if not self.built:
            self.build(inputs.shape)
        return self._weigh(inputs, self._sources(inputs))

    def _sources(self, inputs):
        """What keys and values are made of, `[batch, rows, columns, channels]`."""
        if self.reduction == 1:
            return inputs
        _, height, width, _ = shape_of(inputs)
        edges = [[0, missing(height, self.reduction)], [0, missing(width, self.reduction)]]
        return self.normalization(self.summary(keras.ops.pad(inputs, [[0, 0], *edges, [0, 0]])))

    def _weigh(self, inputs, sources):
        queries, keys = self._by_head(self.query, inputs), self._by_head(self.key, sources)
        scores = keras.ops.matmul(queries * queries.shape[-1] ** -0.5, keras.ops.transpose(keys, [0, 1, 3, 2]))
        # In 32 bits: a softmax over many keys would lose most of them to rounding.
        return keras.ops.cast(softmax(keras.ops.cast(scores, "float32")), self.compute_dtype)

    def _by_head(self, linear, inputs):
        """A linear layer's `[batch, height, width, channels]` as `[batch, heads, height * width, channels / heads]`."""
        batch, height, width, channels = shape_of(inputs)  # which the converter to ONNX gets wrong of the outputs
        if self.heads == 1:  # and the order of axes of length 1
            return keras.ops.reshape(linear(inputs), [batch, 1, height * width, channels])
        features = keras.ops.reshape(linear(inputs), [batch, height * width, self.heads, channels // self.heads])
        return keras.ops.transpose(features, [0, 2, 1, 3])

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "heads": self.heads, "reduction": self.reduction}
