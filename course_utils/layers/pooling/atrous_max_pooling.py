from course_utils.backend import keras
from course_utils.layers.backend_operations import lowest, with_shape
from course_utils.layers.shapes import shape_of, window


@keras.saving.register_keras_serializable(package="course_utils")
class AtrousMaxPooling2D(keras.layers.Layer):
    """Max pooling without stride, over taps that stand `rate` apart.

    It replaces strided pooling in a network made dense by atrous convolution: each output is the maximum of
    `pool_size` x `pool_size` inputs, the first at its own position. Positions outside the map never win.

    Example:

    ```python
    maxima = AtrousMaxPooling2D(rate=2)(np.array([1, 4, 2, 3], "float32").reshape(1, 1, 4, 1))
    maxima[0, 0, :, 0].numpy().tolist()  # [2.0, 4.0, 2.0, 3.0]
    ```

    Args:
        pool_size: taps per direction.
        rate: distance between neighbouring taps.

    Call arguments:
        inputs: `[batch, height, width, channels]`.

    Returns:
        the same shape.

    Reference: Chen et al., "DeepLab: semantic image segmentation with deep convolutional nets, atrous convolution,
    and fully connected CRFs", PAMI 2018, section 3.1.
    """

    def __init__(self, pool_size=2, rate=1, **kwargs):
        super().__init__(**kwargs)
        self.pool_size, self.rate = pool_size, rate

    def call(self, inputs):
        _, height, width, _ = shape_of(inputs)
        reach = self.rate * (self.pool_size - 1)
        padded = keras.ops.pad(inputs, [[0, 0], [0, reach], [0, reach], [0, 0]], constant_values=lowest(inputs.dtype))
        steps = range(0, reach + 1, self.rate)
        taps = [window(padded, i, j, height, width) for i in steps for j in steps]
        outputs = taps[0]
        for tap in taps[1:]:
            outputs = keras.ops.maximum(outputs, tap)
        return with_shape(outputs, inputs.shape)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "pool_size": self.pool_size, "rate": self.rate}
