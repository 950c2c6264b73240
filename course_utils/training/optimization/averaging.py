"""An average of the network over its last steps."""

import contextlib
from collections.abc import Iterator

import numpy as np

from course_utils.backend import keras, tf
from course_utils.files import open_file, read_arrays
from course_utils.layers.backend_operations import on_tensorflow

ops = keras.ops


class WeightAverage:
    """Follows the weights of a network during training, and the statistics of its batch normalisation with them.

    Single steps scatter around where training is heading to; their average scatters less (Polyak and Juditsky, SIAM J.
    Control Optim. 1992). Batch normalisation has to be averaged, too: statistics of other weights than those in use
    cost more than the average gains.

    Early steps leave quickly: after `n` of them the momentum is at most `n / (n + 50)`, which looks back over at most a
    fiftieth of a long training. Towards the end, when steps become small, the average meets the weights.

    Args:
        model: a built network.
        momentum: weight of the average in each step, below 1: 0.99 looks back a hundred steps.
    """

    def __init__(self, model, momentum: float):
        self.momentum = momentum
        self._live = [v for v in model.variables if v.trainable or v.dtype in ("float32", "float64")]
        # Copies, here and below: JAX reuses the memory of what it is given to train or to predict with.
        self._average = [keras.Variable(v.numpy(), trainable=False, dtype=v.dtype) for v in self._live]
        self._follow = tf.function(self._follow_once) if on_tensorflow() else self._follow_once

    @property
    def variables(self) -> list:
        """Those of the average."""
        return list(self._average)

    def follow(self, steps: int) -> None:
        """Take one step's weights in.

        Args:
            steps: how many were trained so far, this one among them.
        """
        self._follow(ops.convert_to_tensor(min(self.momentum, steps / (steps + 50)), "float32"))

    def _follow_once(self, momentum):
        for live, average in zip(self._live, self._average, strict=True):
            average.assign_add((live.value - average.value) * ops.cast(1 - momentum, live.dtype))

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Have the average in the network for a while, and then the weights again."""
        raw = [variable.numpy() for variable in self._live]
        for live, average in zip(self._live, self._average, strict=True):
            live.assign(average.numpy())
        try:
            yield
        finally:
            for live, value in zip(self._live, raw, strict=True):
                live.assign(value)

    def save(self, path) -> None:
        """Write the average as a NumPy file."""
        np.savez(path, *[average.numpy() for average in self._average])

    def restore(self, path) -> None:
        """Take the average from a file that `save` wrote for the same network."""
        most = 2 * sum(average.numpy().nbytes for average in self._average) + 2**20
        with open_file(path, most) as file:
            stored = read_arrays(file, most)
        for values, average in zip(stored.values(), self._average, strict=True):
            average.assign(values)
