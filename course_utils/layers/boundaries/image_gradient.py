from course_utils.backend import keras, tf


@keras.saving.register_keras_serializable(package="course_utils")
class ImageGradient(keras.layers.Layer):
    """How fast the brightness of images changes: the magnitude of Sobel's gradient.

    Differences between the neighbours left and right, above and below, each averaged over three lines with the weights
    1, 2, 1 (over 4), so that a straight step from black to white gives 1. Beyond the border the edge pixels repeat.

    Gated-SCNN takes Canny's edges of the image, computed on the host. Canny smooths, takes the same gradient, thins it
    to its ridges and keeps the ridges above a threshold and what hangs together with them: lines one pixel wide, 0 or
    1. Following ridges is a search without derivative and no operation of a network's graph. The gradient itself is
    graded, some pixels wide and also there where the image changes slowly; the model needs nothing but the image, on
    any device, and the gates decide what is a boundary.

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
        brightness = tf.reduce_mean(tf.cast(inputs, "float32"), axis=-1, keepdims=True)
        padded = tf.pad(brightness, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
        rows = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
        columns = (padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]) / 4
        across, down = rows[:, :, 2:] - rows[:, :, :-2], columns[:, 2:] - columns[:, :-2]
        square = across**2 + down**2
        # The root of 0 is 0, and here its derivative is too.
        return tf.cast(square * tf.math.rsqrt(tf.maximum(square, 1e-12)), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 1)
