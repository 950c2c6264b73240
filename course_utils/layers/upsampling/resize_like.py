from course_utils.backend import keras
from course_utils.layers.backend_operations import with_shape
from course_utils.layers.separable import apply_to_sides
from course_utils.layers.shapes import shape_of

ops = keras.ops


@keras.saving.register_keras_serializable(package="course_utils")
class ResizeLike(keras.layers.Layer):
    """Bilinear interpolation to the height and width of another tensor, whatever they are.

    Pixels have half-integer centres, as in `tf.image.resize`: the corners of the two maps coincide, not the centres of
    their corner pixels. Along each side the interpolation is a product with a matrix of tent weights, which XLA
    computes correctly (it gets `tf.image.resize` from 5 to 9 pixels wrong, in TensorFlow 2.21 on CPUs).

    Example:

    ```python
    wider = ResizeLike()([np.array([0, 4], "float32").reshape(1, 1, 2, 1), np.zeros((1, 1, 4, 3))])
    wider[0, 0, :, 0].numpy().tolist()  # [0.0, 1.0, 3.0, 4.0]
    ```

    Call arguments:
        inputs: a pair: `[batch, height, width, channels]` and the reference `[batch, new_height, new_width, any]`.

    Returns:
        `[batch, new_height, new_width, channels]`, in the precision of the first tensor.
    """

    def call(self, inputs):
        features, reference = inputs
        old, new = shape_of(features), shape_of(reference)
        rows, columns = (ops.cast(_tents(old[axis], new[axis]), features.dtype) for axis in (1, 2))
        outputs = apply_to_sides(rows, columns, features)
        return with_shape(outputs, [features.shape[0], *reference.shape[1:3], features.shape[3]])

    def compute_output_shape(self, input_shape):
        features, reference = input_shape
        return (features[0], *reference[1:3], features[3])


def _tents(old, new):
    """The weight of each old pixel in each new one along a side, `[new, old]`; edge pixels repeat beyond the border."""
    places = (ops.arange(new, dtype="float32") + 0.5) * ops.cast(old / new, "float32") - 0.5
    places = ops.clip(places, 0.0, ops.cast(old - 1, "float32"))
    return ops.relu(1.0 - ops.abs(places[:, None] - ops.arange(old, dtype="float32")))
