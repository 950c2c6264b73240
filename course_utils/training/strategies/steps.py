"""A training step of all replicas: each computes its part of a batch, and all take the same step."""

import itertools
from collections.abc import Iterable, Sequence

import numpy as np

from course_utils.backend import keras, tf
from course_utils.layers import together

_SCALED = ("sum_over_batch_size", "mean", "mean_with_sample_weight")
"""Reductions of losses that Keras divides by the number of replicas itself."""


class ReplicatedSteps:
    """Trains a network by the replicas of a strategy, so that the result is that of one network and whole batches.

    Gradients are summed over the replicas before the optimiser sees them: clipping by their norm, and the
    orthogonalisation of Muon, are no sums. (Keras sums what each replica has clipped for itself.) Losses that add up
    over the replicas say so (`adds_up`); all others get the outputs of all replicas, which costs their transfer, and
    are right, too.

    Args:
        model: compiled by `compile_model` within the scope of the strategy.
        strategy: a `tf.distribute.Strategy`.
    """

    def __init__(self, model, strategy):
        self.model, self.strategy = model, strategy
        optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
        optimizer._all_reduce_sum_gradients = list  # they are summed already
        several = isinstance(model.loss, dict)
        weights = model._compile_loss._user_loss_weights or {}
        self._terms = {
            name: (loss, float(weights.get(name, 1.0)))
            for name, loss in (model.loss if several else {None: model.loss}).items()
        }
        self._step = tf.function(self._of_all, autograph=False)

    def __call__(self, batches, first_epoch: int, epoch_steps: int, callbacks: Sequence) -> list[float]:
        """Train until a callback says stop.

        Args:
            batches: an endless data set of this worker's part of each batch, one after the other those of its replicas.
            first_epoch: number of the first epoch.
            epoch_steps: steps of an epoch.
            callbacks: of Keras.

        Returns:
            the mean loss of each epoch.
        """
        model, losses = self.model, []
        examples = iter(self.strategy.distribute_datasets_from_function(lambda context: batches))
        callbacks = keras.callbacks.CallbackList(list(callbacks), model=model)
        model.stop_training = False
        callbacks.on_train_begin()
        while not model.stop_training:
            epoch, of_steps = first_epoch + len(losses), []
            callbacks.on_epoch_begin(epoch)
            for step in range(epoch_steps):
                callbacks.on_train_batch_begin(step)
                of_steps.append(float(self._step(examples)))
                callbacks.on_train_batch_end(step, {"loss": of_steps[-1]})
                if model.stop_training:
                    break
            losses.append(float(np.mean(of_steps)))
            callbacks.on_epoch_end(epoch, {"loss": losses[-1]})
        callbacks.on_train_end()
        return losses

    def _of_all(self, examples):
        losses = self.strategy.run(self._of_one, args=next(examples))
        return self.strategy.experimental_local_results(losses)[0]

    def _of_one(self, images, labels):
        model, context = self.model, tf.distribute.get_replica_context()
        weights = model.trainable_weights
        with together.replica(context):
            with tf.GradientTape() as tape:
                loss = self._share_of_loss(labels, model(images, training=True), context)
                scaled = model.optimizer.scale_loss(loss)
            gradients = tape.gradient(scaled, weights)
        used = [(gradient, weight) for gradient, weight in zip(gradients, weights, strict=True) if gradient is not None]
        summed = context.all_reduce("SUM", [gradient for gradient, _ in used])
        model.optimizer.apply_gradients(zip(summed, [weight for _, weight in used], strict=True))
        return context.all_reduce("SUM", loss)

    def _share_of_loss(self, labels, outputs, context):
        """What this replica adds to the loss of the whole batch, with the gradients of the whole."""
        replicas = context.num_replicas_in_sync
        shares = [tf.cast(loss, tf.float32) / replicas for loss in self.model.losses]  # of weights, alike everywhere
        for name, (loss, weight) in self._terms.items():
            truth, output = (labels, outputs) if name is None else (labels[name], outputs[name])
            if getattr(loss, "adds_up", False):
                shares.append(weight * loss(truth, output))
                continue
            truth, output = (_joined(together.stacked(part)) for part in (tf.cast(truth, tf.int32), output))
            with together.replica(None):
                value = tf.reduce_sum(loss(truth, output))
            shares.append(weight * value / (1 if getattr(loss, "reduction", None) in _SCALED else replicas))
        return tf.add_n(shares)


def _joined(stacked):
    """`[replicas, batch, ...]` as one batch."""
    return tf.reshape(stacked, tf.concat([[-1], tf.shape(stacked)[2:]], 0))


def equalize(strategy, variables: Iterable, random: Iterable = ()) -> None:
    """Give every replica on every worker the values that the first one of the chief has.

    Args:
        strategy: of the replicas.
        variables: of Keras.
        random: those among them that hold seeds; each replica then goes on from seeds of its own, the first one from
            those it has: two replicas that drop out the same places of their images would be one.
    """
    variables = sorted(variables, key=lambda variable: variable.dtype)
    seeds = {id(variable) for variable in random}

    def of_one():
        context = tf.distribute.get_replica_context()
        first = context.replica_id_in_sync_group == 0
        for _, alike in itertools.groupby(variables, key=lambda variable: variable.dtype):  # as sums are packed
            alike = list(alike)
            values = [tf.convert_to_tensor(variable) for variable in alike]
            values = [tf.where(first, value, tf.zeros_like(value)) for value in values]
            for variable, value in zip(alike, context.all_reduce("SUM", values), strict=True):
                if id(variable) in seeds:
                    value += tf.cast([context.replica_id_in_sync_group, 0], value.dtype)
                variable.assign(value)

    tf.function(lambda: strategy.run(of_one), autograph=False)()
