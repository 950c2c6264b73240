from course_utils.backend import keras

ops = keras.ops


@keras.saving.register_keras_serializable(package="course_utils")
class ImageGradient(keras.layers.Layer):
    """How fast the brightness of an image changes: the magnitude of the Sobel gradient.

    Differences between the left and right neighbours and between those above and below, each averaged over three lines
    with weights 1/4, 1/2, 1/4, so that a straight step from black to white gives 1. Edge pixels repeat beyond the
    border.

    Gated-SCNN uses the image's Canny edges, computed on the host. Canny smooths, takes the same gradient, thins it to
    its ridges, and keeps the ridges above a threshold and those connected to them: lines one pixel wide, 0 or 1.
    Following ridges is a search; it has no derivative and is no operation in a network's graph. The gradient itself is
    continuous, a few pixels wide, and not zero where the image changes slowly. With it the model needs nothing but the
    image, on any device, and the gates decide what is a boundary.

    Example:

    ```python
    step = np.array([0, 0, 1, 1], "float32").reshape(1, 1, 4, 1)
    ImageGradient()(step)[0, 0, :, 0].numpy().tolist()  # [0.0, 1.0, 1.0, 0.0]
    ```

    Call arguments:
        inputs: images `[batch, height, width, channels]` in 0..1; brightness is the mean of the channels.

    Returns:
        `[batch, height, width, 1]` in 0..sqrt(2).
    """

    def call(self, inputs):
        brightness = ops.mean(ops.cast(inputs, "float32"), axis=-1, keepdims=True)
        padded = ops.pad(brightness, [[0, 0], [1, 1], [1, 1], [0, 0]], "symmetric")
        rows = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
        columns = (padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]) / 4
        across, down = rows[:, :, 2:] - rows[:, :, :-2], columns[:, 2:] - columns[:, :-2]
        square = across**2 + down**2
        # Written so that at 0 not only the root but also its derivative is 0.
        return ops.cast(square * ops.rsqrt(ops.maximum(square, 1e-12)), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 1)
