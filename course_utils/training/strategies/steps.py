"""A training step of all replicas: each computes its part of a batch, and all take the same step."""

import itertools
from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np

from course_utils.backend import keras, tf
from course_utils.layers import together
from course_utils.training.optimization.accumulation import part_shares, split

_SCALED = ("sum_over_batch_size", "mean", "mean_with_sample_weight")
"""Reductions of losses that Keras divides by the number of replicas itself."""


class ReplicatedSteps:
    """Trains a network by the replicas of a strategy, so that the result is that of one network and whole batches.

    Gradients are summed over the replicas before the optimiser sees them: clipping by their norm, and the
    orthogonalisation of Muon, are no sums. (Keras sums what each replica has clipped for itself.) Losses that add up
    over the replicas say so (`adds_up`); all others get the outputs of all replicas, which costs their transfer, and
    are right, too.

    A step may be taken in parts (`course_utils.training.optimization.accumulation`), each of which all replicas share.

    Args:
        model: compiled by `compile_model` within the scope of the strategy.
        strategy: a `tf.distribute.Strategy`.
        parts: of a step, one after the other.
    """

    def __init__(self, model, strategy, parts: int = 1):
        self.model, self.strategy, self.parts = model, strategy, parts
        optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
        optimizer._all_reduce_sum_gradients = list  # they are summed already
        several = isinstance(model.loss, dict)
        weights = model._compile_loss._user_loss_weights or {}
        self._terms = {
            name: (loss, float(weights.get(name, 1.0)))
            for name, loss in (model.loss if several else {None: model.loss}).items()
        }
        self._whole, self._begin, self._part, self._end = (
            tf.function(function, autograph=False)
            for function in (self._whole_step, self._begin_step, self._add_part, self._end_step)
        )

    def __call__(self, batches, first_epoch: int, epoch_steps: int, callbacks: Sequence) -> list[float]:
        """Train until a callback says stop.

        Args:
            batches: an endless data set of this worker's part of each step, one after the other those of its replicas;
                each holds what the replica has of the first part, then of the second, and so on.
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

    def _step(self, examples):
        if self.parts == 1:
            return self._whole(examples)
        # A call for each part: within one, TensorFlow might compute parts at the same time and keep all their features.
        state = self._begin(examples)
        for part in range(self.parts):
            state = self._part(tf.constant(part), state)
        return self._end(state)

    def _whole_step(self, examples):
        def of_one(images, labels):
            loss, gradients = self._gradients(images, labels)
            return self._apply(loss, gradients)

        return self._first(self.strategy.run(of_one, args=next(examples)))

    def _begin_step(self, examples):
        """What each replica begins with: its images and labels, how much each part counts, and zeros to add up."""

        def of_one(images, labels):
            context = tf.distribute.get_replica_context()
            images, labels = tf.nest.map_structure(lambda batch: split(batch, self.parts), (images, labels))
            shares = {}
            for name, (loss, _) in self._terms.items():
                truth = labels if name is None else labels[name]
                shares[name or "logits"] = part_shares(loss, truth, self.parts, partial(context.all_reduce, "SUM"))
            sums = [tf.zeros(weight.shape, weight.dtype) for weight in self.model.trainable_weights]
            return images, labels, shares, tf.constant(0.0), sums

        return self.strategy.run(of_one, args=next(examples))

    def _add_part(self, part, state):
        def of_one(images, labels, shares, total, sums):
            own = tf.nest.map_structure(lambda batch: batch[part], (images, labels))
            counts = {name: share[part] for name, share in shares.items()}
            loss, gradients = self._gradients(*own, counts)
            sums = [one + other for one, other in zip(sums, gradients, strict=True)]
            return images, labels, shares, total + loss, sums

        return self.strategy.run(of_one, args=state)

    def _end_step(self, state):
        _, _, _, total, sums = state
        return self._first(self.strategy.run(self._apply, args=(total, sums)))

    def _first(self, losses):
        return self.strategy.experimental_local_results(losses)[0]

    def _gradients(self, images, labels, counts=None):
        """This replica's share of the loss and of its gradients, which have yet to be summed over the replicas."""
        model, context = self.model, tf.distribute.get_replica_context()
        with together.replica(context), tf.GradientTape() as tape:
            loss = self._share_of_loss(labels, model(images, training=True), context, counts)
            scaled = model.optimizer.scale_loss(loss)
        unconnected = "none" if counts is None else "zero"
        with together.replica(context):
            return loss, tape.gradient(scaled, model.trainable_weights, unconnected_gradients=unconnected)

    def _apply(self, loss, gradients):
        model, context = self.model, tf.distribute.get_replica_context()
        used = [pair for pair in zip(gradients, model.trainable_weights, strict=True) if pair[0] is not None]
        summed = context.all_reduce("SUM", [gradient for gradient, _ in used])
        model.optimizer.apply_gradients(zip(summed, [weight for _, weight in used], strict=True))
        return context.all_reduce("SUM", loss)

    def _share_of_loss(self, labels, outputs, context, counts=None):
        """What this replica adds to the loss of the whole batch, with the gradients of the whole.

        Args:
            labels, outputs: of this replica.
            context: of the replica.
            counts: how much the batch counts where it is a part of a step, by output.
        """
        replicas = context.num_replicas_in_sync
        # Losses of weights are alike everywhere.
        shares = [tf.cast(loss, tf.float32) / (replicas * self.parts) for loss in self.model.losses]
        for name, (loss, weight) in self._terms.items():
            weight = weight if counts is None else weight * counts[name or "logits"]
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
