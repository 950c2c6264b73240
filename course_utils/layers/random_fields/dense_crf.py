from course_utils.backend import keras, require_tensorflow, tf
from course_utils.errors import CourseError
from course_utils.layers.random_fields.gaussian_filters import exact_appearance_filter, smoothness_filter
from course_utils.layers.random_fields.permutohedral_filter import permutohedral_filter

APPEARANCE_FILTERS = {"exact": exact_appearance_filter, "permutohedral": permutohedral_filter}
"""How the sums over all pairs of pixels are formed: one by one, or on a sparse lattice in linear time."""


@keras.saving.register_keras_serializable(package="course_utils")
class DenseCRF(keras.layers.Layer):
    """A fully connected conditional random field over the pixels: classes follow the colours of the image.

    The energy of a labelling `x` is

        E(x) = sum_i -logits_i(x_i) + sum_{i<j} mu(x_i, x_j) (w_1 k_1(i, j) + w_2 k_2(i, j)),

    with the appearance kernel `k_1` of positions and colours, the smoothness kernel `k_2` of positions (see
    `gaussian_filters`), and the compatibility `mu`: Potts's (1 for two different classes, 0 for the same), or learnt
    starting from it. Mean field approximates the distribution `exp(-E(x)) / Z` by independent pixels with marginals
    `Q_i`, which start as the softmax of the logits:

        Q_i(l) ~ exp(logits_i(l) - sum_l' mu(l, l') sum_{j != i} (w_1 k_1(i, j) + w_2 k_2(i, j)) Q_j(l')).

    The iterations are unrolled, so gradients reach the logits, `w_1`, `w_2` and `mu`, but not the kernels' scales.
    Unlike in CRF-RNN, `w` is one number per kernel, not per class, and a learnt `mu` stays symmetric: otherwise the
    energy would not be defined.

    Example:

    ```python
    scores, images = np.zeros((1, 8, 8, 5), "float32"), np.random.rand(1, 8, 8, 3)
    DenseCRF(iterations=2)([scores, images]).shape  # (1, 8, 8, 5)
    ```

    Args:
        iterations: mean field iterations; DeepLab runs 10, CRF-RNN 5 during training.
        appearance_weight: initial `w_1`.
        position_scale: theta_alpha of the appearance kernel, in pixels.
        color_scale: theta_beta of the appearance kernel, in the unit of the images (0 is black, 1 full intensity).
        smoothness_weight: initial `w_2`.
        smoothness_scale: theta_gamma of the smoothness kernel, in pixels.
        learn_compatibility: whether `mu` is a trainable matrix.
        method: "exact" for the appearance of every pair, which takes memory that grows with the square of the number of
            pixels; or "permutohedral" for an approximation in linear time (see `permutohedral_filter`), which does
            not run under XLA. Smoothness is exact either way.

    The defaults for `w_1`, theta_alpha and theta_beta lie in the ranges that DeepLab searches; those for `w_2` and
    theta_gamma are DeepLab's (section 4.1).

    Call arguments:
        inputs: a pair: logits `[batch, height, width, classes]` and images `[batch, height, width, channels]` in 0..1.

    Returns:
        `[batch, height, width, classes]`, logits whose softmax gives the marginals. The computation is in float32.

    Raises:
        CourseError: `iterations` is less than 1, a scale is not positive, or there is no such method.

    On TensorFlow only: the filter sorts and counts the points of its lattice, and its gradient is given by hand.

    References: Kraehenbuehl and Koltun, "Efficient inference in fully connected CRFs with Gaussian edge potentials",
    NIPS 2011, equations 1 to 4; Zheng et al., "Conditional random fields as recurrent neural networks", ICCV 2015,
    section 4; Chen et al., "DeepLab", PAMI 2018, section 3.3.
    """

    def __init__(
        self,
        iterations=5,
        appearance_weight=4.0,
        position_scale=50.0,
        color_scale=5 / 255,
        smoothness_weight=3.0,
        smoothness_scale=3.0,
        learn_compatibility=False,
        method="exact",
        **kwargs,
    ):
        super().__init__(**kwargs)
        require_tensorflow("DenseCRF")
        if iterations < 1 or min(position_scale, color_scale, smoothness_scale) <= 0:
            raise CourseError(
                f"DenseCRF needs at least one iteration and scales above 0; got iterations={iterations}, "
                f"position_scale={position_scale}, color_scale={color_scale}, smoothness_scale={smoothness_scale}."
            )
        if method not in APPEARANCE_FILTERS:
            raise CourseError(f"DenseCRF has no method {method!r}: choose one of {', '.join(APPEARANCE_FILTERS)}.")
        self.iterations = iterations
        self.appearance_weight, self.position_scale, self.color_scale = appearance_weight, position_scale, color_scale
        self.smoothness_weight, self.smoothness_scale = smoothness_weight, smoothness_scale
        self.learn_compatibility, self.method = learn_compatibility, method
        self.supports_jit = method == "exact"  # Keras then leaves XLA alone

    def build(self, input_shape):
        classes = input_shape[0][-1]
        self.kernel_weights = self.add_weight(
            shape=(2,),
            initializer=lambda shape, dtype: tf.constant([self.appearance_weight, self.smoothness_weight], dtype),
            name="kernel_weights",
        )
        self.compatibility = self.add_weight(
            shape=(classes, classes),
            initializer=lambda shape, dtype: 1 - tf.eye(classes, dtype=dtype),
            trainable=self.learn_compatibility,
            name="compatibility",
        )

    def call(self, inputs):
        logits, images = (tf.cast(tensor, tf.float32) for tensor in inputs)
        pairwise, refined = self._pairwise(images), logits
        for _ in range(self.iterations):
            refined = logits - pairwise(tf.nn.softmax(refined))
        return tf.cast(refined, self.compute_dtype)

    def free_energy(self, marginals, inputs):
        """The quantity that mean field lowers: the expected energy minus the entropy, at least `-log Z`.

        For marginals that are all 0 or 1 it is the energy of that labelling.

        Args:
            marginals: `[batch, height, width, classes]`, summing to 1 over the classes.
            inputs: as for the call.

        Returns:
            `[batch]`, float32.
        """
        logits, images = (tf.cast(tensor, tf.float32) for tensor in inputs)
        # Every pair is counted from both sides.
        costs = self._pairwise(images)(marginals) / 2 - logits
        negative_entropy = tf.math.xlogy(marginals, marginals)
        return tf.reduce_sum(marginals * costs + negative_entropy, axis=(1, 2, 3))

    def affinities(self, images, row, column):
        """How strongly one pixel is tied to every other: `w_1 k_1 + w_2 k_2`, `[batch, height, width]`."""
        images = tf.cast(images, tf.float32)
        height, width = images.shape[1:3]
        here = tf.scatter_nd([[row, column]], [1.0], [height, width])
        here = tf.broadcast_to(here[tf.newaxis, :, :, tf.newaxis], [images.shape[0], height, width, 1])
        return self._kernels(images)(here)[..., 0]

    def _pairwise(self, images):
        """Maps marginals to the cost of each class given the other pixels, both `[batch, height, width, classes]`."""
        kernels, mu = self._kernels(images), tf.cast(self.compatibility, tf.float32)
        mu = (mu + tf.transpose(mu)) / 2
        return lambda marginals: tf.einsum("bhwl,kl->bhwk", kernels(marginals), mu)

    def _kernels(self, images):
        weights, smoothness = tf.cast(self.kernel_weights, tf.float32), smoothness_filter(images, self.smoothness_scale)
        appearance = APPEARANCE_FILTERS[self.method](images, self.position_scale, self.color_scale)
        return lambda maps: weights[0] * appearance(maps) + weights[1] * smoothness(maps)

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        names = (
            *("iterations", "appearance_weight", "position_scale", "color_scale"),
            *("smoothness_weight", "smoothness_scale", "learn_compatibility", "method"),
        )
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
