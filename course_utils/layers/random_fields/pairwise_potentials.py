"""Pairs of places on a feature map: the neighbour at a given shift, and scores for pairs of classes."""

from course_utils.backend import keras
from course_utils.layers.backend_operations import with_shape
from course_utils.layers.batch_normalization import BatchNormalization
from course_utils.layers.shapes import shape_of, window

ops = keras.ops


@keras.saving.register_keras_serializable(package="course_utils")
class PairwisePotentials(keras.layers.Layer):
    """Scores of all pairs of classes for pairs of places on a feature map, computed from the features of both.

    The features of a node `p` and of its neighbour `q` are concatenated and pass through a hidden layer with ReLU to
    `K * K` scores: how well class `k` at `p` goes with class `l` at `q`. The order counts: "above" is not "below". The
    hidden layer's product with the concatenation is the sum of its products with the two parts; these are computed once
    for all shifts. Each product is batch-normalised (our addition; the paper's networks have no normalisation).

    Example:

    ```python
    features = np.random.rand(1, 4, 6, 32)
    PairwisePotentials(5, shifts=[(0, 1), (1, 0)], hidden=8)(features).shape  # (1, 4, 6, 2, 5, 5)
    ```

    Args:
        classes: number of classes `K`.
        shifts: `(rows, columns)` from `p` to `q`, integers; each shift is one pair per node.
        hidden: channels of the hidden layer.

    Call arguments:
        inputs: features `[batch, height, width, channels]`.

    Returns:
        `[batch, height, width, shifts, K, K]`, `k` before `l`; negative energies. 0 where `q` lies outside the map.

    Reference: Lin et al., "Efficient piecewise training of deep structured models for semantic segmentation", CVPR
    2016, section 3.2 (pairwise potential functions, and asymmetric ones).
    """

    def __init__(self, classes, shifts, hidden=512, **kwargs):
        super().__init__(**kwargs)
        self.classes, self.shifts, self.hidden = classes, [tuple(shift) for shift in shifts], hidden
        policy = self.dtype_policy
        self.first, self.second = (
            keras.layers.Conv2D(hidden, 1, use_bias=False, dtype=policy, name=name) for name in ("first", "second")
        )
        self.normalizations = [
            BatchNormalization(momentum=0.9, dtype=policy, name=f"normalization{number}") for number in (1, 2)
        ]
        # Small, because the scores of many pairs add up at a node: mean field then starts near the unary scores.
        small = keras.initializers.RandomNormal(stddev=0.01)
        self.scores = keras.layers.Dense(classes**2, kernel_initializer=small, dtype=policy, name="scores")

    def build(self, input_shape):
        for convolution, normalization in zip((self.first, self.second), self.normalizations, strict=True):
            convolution.build(input_shape)
            normalization.build((*input_shape[:-1], self.hidden))
        self.scores.build((*input_shape[:-1], self.hidden))

    def call(self, inputs, training=None):
        first, second = (
            normalization(convolution(inputs), training=training)
            for convolution, normalization in zip((self.first, self.second), self.normalizations, strict=True)
        )
        pairs = ops.stack([shifted(second, shift) for shift in self.shifts], axis=3)
        scores = self.scores(ops.relu(first[:, :, :, None] + pairs))
        scores = ops.reshape(scores, [*shape_of(inputs)[:3], len(self.shifts), *(self.classes,) * 2])
        scores *= ops.cast(pairs_inside(inputs, self.shifts), scores.dtype)[..., None, None]
        return with_shape(scores, self.compute_output_shape(inputs.shape))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], len(self.shifts), self.classes, self.classes)

    def get_config(self):
        return {**super().get_config(), "classes": self.classes, "shifts": self.shifts, "hidden": self.hidden}


def shifted(maps, shift, fill=0):
    """For each place, the value `shift` rows and columns further on; `fill` where that lies outside the map.

    Args:
        maps: `[batch, height, width, ...]`.
    """
    rows, columns = shift
    height, width = shape_of(maps)[1:3]
    rest = [[0, 0]] * (len(maps.shape) - 3)
    frame = [[max(-rows, 0), max(rows, 0)], [max(-columns, 0), max(columns, 0)]]
    framed = ops.pad(maps, [[0, 0], *frame, *rest], constant_values=fill)
    top, left = max(rows, 0), max(columns, 0)
    return window(framed, top, left, height, width)


def pairs_inside(maps, shifts):
    """Whether the neighbour of each place lies on the map: bool `[1, height, width, shifts]`."""
    places = ops.ones_like(maps[:1, :, :, 0], dtype="float32")
    return ops.stack([shifted(places, shift) for shift in shifts], axis=-1) > 0
