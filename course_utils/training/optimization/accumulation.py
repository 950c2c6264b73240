"""Gradient accumulation: a training step on more images than fit into memory, in parts one after the other."""

from collections.abc import Callable
from functools import partial

from course_utils.backend import keras, require_tensorflow, tf


def accumulate(model, parts: int, terms: dict) -> None:
    """Have a compiled network take each training step in parts, whose gradients are added up before the one update.

    The update is that of the whole batch where the loss is a mean over labelled pixels (`SegmentationCrossEntropy`):
    parts count by their labelled pixels, weighted as the loss weighs them. Two things cannot be had in parts. Batch
    normalisation normalises each part by itself; and a loss that looks at the batch as a whole (hard examples, Lovász,
    Dice, borders, pairs) is averaged over the parts.

    Steps, epochs and learning rates are those of the whole batch: nothing but this step knows of parts. On a processor,
    a step of SegNet-Basic on eight images of 128x256 took 677 MiB at once, 233 in four parts and 171 in eight, and the
    same time.

    Args:
        model: compiled by `course_utils.training.compile_model`.
        parts: how many, which must divide the batch; with 1 nothing changes.
        terms: loss and weight of each output, as `course_utils.training.objective` gives them.

    Raises:
        CourseError: Keras does not compute with TensorFlow, and there are parts.
    """
    if parts == 1:
        return
    require_tensorflow("Gradient accumulation (--accumulate)")
    model.train_step = partial(_train_step, model, parts, terms)


def _train_step(model, parts: int, terms: dict, data):
    """In place of `keras.Model.train_step`."""
    images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
    images, labels = split(images, parts), split(labels["logits"] if isinstance(labels, dict) else labels, parts)
    outputs = list(model.output) if isinstance(model.output, dict) else ["logits"]
    shares = {name: part_shares(terms[name][0], labels, parts) for name in outputs}
    weights = model.trainable_weights

    def one_part(part, total, sums):
        with tf.GradientTape() as tape:
            found = model(images[part], training=True)
            loss = sum(model.losses) / parts
            for name in outputs:
                function, weight = terms[name]
                output = found[name] if isinstance(found, dict) else found
                loss += weight * shares[name][part] * function(labels[part], output)
            scaled = model.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, weights, unconnected_gradients="zero")
        return part + 1, total + loss, [one + other for one, other in zip(sums, gradients, strict=True)]

    # A loop of the graph's own: unrolled, TensorFlow might compute parts at the same time and keep all their features.
    begin = tf.constant(0), tf.constant(0.0), [tf.zeros(weight.shape, weight.dtype) for weight in weights]
    _, loss, gradients = tf.while_loop(
        lambda part, *_: part < parts, one_part, begin, parallel_iterations=1, maximum_iterations=parts
    )
    model._loss_tracker.update_state(loss)
    model.optimizer.apply_gradients(zip(gradients, weights, strict=True))
    return {"loss": model._loss_tracker.result()}


def split(batch, parts: int):
    """`[batch, ...]` as `[parts, batch / parts, ...]`."""
    parted = tf.reshape(batch, tf.concat([[parts, -1], tf.shape(batch)[1:]], 0))
    number = None if batch.shape[0] is None else batch.shape[0] // parts
    return tf.ensure_shape(parted, (parts, number, *batch.shape[1:]))


def part_shares(loss, labels, parts: int, total: Callable = lambda masses: masses):
    """How much each part counts in the loss of a step.

    Args:
        loss: of Keras.
        labels: `[parts, batch / parts, ...]`.
        parts: how many.
        total: sums masses over replicas, where each has some of a part.

    Returns:
        float32 `[parts]`, 1 in all.
    """
    if not hasattr(loss, "mass"):
        return tf.fill([parts], 1 / parts)
    masses = total(tf.stack([loss.mass(part) for part in tf.unstack(labels)]))
    return tf.math.divide_no_nan(masses, tf.reduce_sum(masses))
