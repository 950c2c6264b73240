from course_utils.backend import keras
from course_utils.errors import CourseError


@keras.saving.register_keras_serializable(package="course_utils")
class BoundaryMask(keras.layers.Layer):
    """Where a prediction is near one of its own boundaries: dilation minus erosion of each class's probability.

    Inside a region the largest and the smallest probability in a window are equal, and the mask is 0; across a
    confident boundary they are 1 and 0, and the mask is 1.

    Example:

    ```python
    flat_then_edge = np.array([[9, 0]] * 8 + [[0, 9]] * 8, "float32").reshape(1, 1, 16, 2)
    mask = BoundaryMask(window=3)(flat_then_edge)
    mask[0, 0, 6:10, 0].numpy().round(2).tolist()  # [0.0, 1.0, 1.0, 0.0]
    ```

    Args:
        window: side of the window in pixels, odd; 9 in the authors' code.

    Call arguments:
        inputs: logits `[batch, height, width, num_classes]`.

    Returns:
        `[batch, height, width, num_classes]` in 0..1.

    Raises:
        CourseError: an even window.

    Reference: Ghiasi and Fowlkes, "Laplacian pyramid reconstruction and refinement for semantic segmentation", ECCV
    2016, section 4.
    """

    def __init__(self, window=9, **kwargs):
        super().__init__(**kwargs)
        if window % 2 == 0:
            raise CourseError(f"The window of BoundaryMask needs a middle pixel: make it odd; {window} is even.")
        self.window = window

    def call(self, inputs):
        # Equal probabilities must give exactly 0, so both terms use the same rounded probabilities.
        probabilities = keras.ops.softmax(inputs)
        return self._dilate(probabilities) + self._dilate(-probabilities)

    def _dilate(self, maps):
        """The maximum over a square window: down the columns, then along the rows."""
        for size in ((self.window, 1), (1, self.window)):
            maps = keras.ops.max_pool(maps, size, strides=1, padding="same", data_format="channels_last")
        return maps

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "window": self.window}
