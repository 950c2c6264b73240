"""What the replicas of a network that train together have to add up: statistics of batches, denominators of losses.

Each replica sees its part of a batch. What is an average over the whole batch (the mean and variance of batch
normalisation, a loss over the pixels that have a class) then needs the other parts too. Layers and losses ask here;
where a network trains alone, everything is returned as it came. `course_utils.training.strategies` sets it up.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from course_utils.backend import keras

ops = keras.ops

_REPLICA = ContextVar("replica", default=None)


@contextlib.contextmanager
def replica(context) -> Iterator[None]:
    """What is computed in here belongs to one of several replicas.

    Args:
        context: a `tf.distribute.ReplicaContext`; None for something that is computed alone.
    """
    token = _REPLICA.set(context)
    try:
        yield
    finally:
        _REPLICA.reset(token)


def together() -> bool:
    """Whether what is being computed belongs to one of several replicas."""
    return _REPLICA.get() is not None


def total(tensor):
    """The sum of a tensor over the replicas; gradients go to all of them."""
    context = _REPLICA.get()
    return tensor if context is None else context.all_reduce("SUM", tensor)


def stacked(tensor):
    """The tensors of all replicas, in order, `[replicas, ...]`; they must have the same shape.

    Every replica adds its own at its place to zeros: on each way that replicas reach each other, sums are what is fast.
    """
    context = _REPLICA.get()
    if context is None:
        return tensor[None]
    place = ops.arange(context.num_replicas_in_sync) == context.replica_id_in_sync_group
    place = ops.reshape(ops.cast(place, tensor.dtype), [-1] + [1] * len(tensor.shape))
    return total(place * tensor[None])


def mean_and_variance(mean, variance):
    """Mean and variance over the parts of all replicas, from those of this part; the parts are equally large.

    The variance of everything is the mean variance of the parts and the variance of their means: no difference of large
    squares, which would cost digits.
    """
    if not together():
        return mean, variance
    means, variances = ops.unstack(stacked(ops.stack([mean, variance])), axis=1)
    mean = ops.mean(means, axis=0)
    return mean, ops.mean(variances + ops.square(means - mean), axis=0)
