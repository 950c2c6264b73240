from course_utils.backend import keras
from course_utils.layers.random_fields.pairwise_potentials import shifted

ops = keras.ops


@keras.saving.register_keras_serializable(package="course_utils")
class PairwiseMeanField(keras.layers.Layer):
    """Mean field on a feature map in which every pair of nodes has its own scores.

    Given unary scores `z_p` and pairwise scores `z_pq`, both negative energies, the marginals `Q_p` start as the
    softmax of `z_p`; in each iteration a node then receives a message from every neighbour, in both directions:

        log Q_p(k) = z_p(k) + sum_q sum_l z_pq(k, l) Q_q(l) + sum_q sum_l z_qp(l, k) Q_q(l) + constant.

    Example:

    ```python
    unary, pairwise = np.random.rand(1, 4, 6, 5), np.random.rand(1, 4, 6, 2, 5, 5)
    PairwiseMeanField(shifts=[(0, 1), (1, 0)])([unary, pairwise]).shape  # (1, 4, 6, 5)
    ```

    Args:
        shifts: `(rows, columns)` from `p` to `q`, as in `PairwisePotentials`.
        iterations: mean field iterations; 3 in the paper.

    Call arguments:
        inputs: a pair: unary scores `[batch, height, width, K]` and pairwise scores
            `[batch, height, width, shifts, K, K]`, 0 for pairs that do not exist.

    Returns:
        `[batch, height, width, K]`, logits whose softmax gives the marginals.

    Reference: Lin et al., "Efficient piecewise training of deep structured models for semantic segmentation", CVPR
    2016, section 5 (mean field at prediction).
    """

    def __init__(self, shifts, iterations=3, **kwargs):
        super().__init__(**kwargs)
        self.shifts, self.iterations = [tuple(shift) for shift in shifts], iterations

    def call(self, inputs):
        unary, pairwise = inputs
        refined = unary
        for _ in range(self.iterations):
            marginals = ops.softmax(refined)
            neighbours = ops.stack([shifted(marginals, shift) for shift in self.shifts], axis=3)
            # For so few classes one elementwise product and a sum are faster than many small matrix products.
            refined = unary + ops.sum(pairwise * neighbours[..., None, :], axis=(3, 5))
            backward = ops.sum(pairwise * marginals[:, :, :, None, :, None], axis=4)
            for number, (rows, columns) in enumerate(self.shifts):
                refined += shifted(backward[:, :, :, number], (-rows, -columns))
        return refined

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "shifts": self.shifts, "iterations": self.iterations}
