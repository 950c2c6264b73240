from course_utils.backend import keras
from course_utils.layers.backend_operations import fused_batch_normalization, on_tensorflow
from course_utils.layers.together import mean_and_variance, together


@keras.saving.register_keras_serializable(package="course_utils")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's batch normalisation, computed by TensorFlow's fused kernel.

    A drop-in replacement for `keras.layers.BatchNormalization`: the arguments, the weights, freezing and, to float
    precision, the results are the same, and weights of one load into the other. Keras computes the mean, the variance
    and the scaling in separate passes over the features, in float32 whatever the policy; the kernel needs fewer passes
    and reads 16 bits where the policy says so. Cases the kernel does not cover (another axis, other ranks, masks,
    renormalisation, synchronised replicas, float64) are left to Keras, and so are backends other than TensorFlow.

    Where several replicas train together (`course train --strategy`), mean and variance are those of the whole batch,
    whatever `synchronized` says: a network learns the same however its batches are parted.

    Example:

    ```python
    layer = BatchNormalization(momentum=0.9)
    normalized = layer(np.random.rand(4, 8, 8, 16), training=True)
    normalized.shape  # (4, 8, 8, 16)
    ```

    Reference: Ioffe and Szegedy, "Batch normalization", ICML 2015.
    """

    def call(self, inputs, training=None, mask=None):
        frozen = training and not self.trainable
        # Frozen during training, the layer only multiplies and adds. The gradient of Keras's formula is then faster
        # than the kernel's, and deterministic on GPUs.
        if frozen or together() or not self._fits_kernel(inputs, mask):
            return super().call(inputs, training=training, mask=mask)
        scale, offset = self.gamma if self.scale else None, self.beta if self.center else None
        averages = None if training else (self.moving_mean, self.moving_variance)
        outputs, mean, variance = fused_batch_normalization(inputs, scale, offset, averages, self.epsilon)
        if training:
            self._update(self.moving_mean, mean)
            self._update(self.moving_variance, variance)
        return outputs

    def _update(self, average, value):
        average.assign(average * self.momentum + value * (1.0 - self.momentum))

    def _moments(self, inputs, mask):
        return mean_and_variance(*super()._moments(inputs, mask))

    def _fits_kernel(self, inputs, mask):
        return (
            on_tensorflow()
            and len(inputs.shape) == 4
            and self.axis in (-1, 3)
            and mask is None
            and not self.renorm
            and not self.synchronized
            and self.dtype_policy.variable_dtype == "float32"
            and keras.backend.standardize_dtype(inputs.dtype) in ("float32", "bfloat16", "float16")
        )
