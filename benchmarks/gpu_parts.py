"""The parts of `gpu.py`, each in a process of its own: `python gpu_parts.py PART PACK OUTPUT UNTIL [--small]`.

UNTIL is a time on the clock of `time.monotonic`, which all processes of a machine share. Keras computes with JAX, or
PyTorch, as KERAS_BACKEND says; TensorFlow is never imported.
"""

import sys
import time
from itertools import accumulate
from pathlib import Path

import numpy as np
from gpu_pack import Frames, confusion
from gpu_results import read, record

from course_utils import models, training, weights
from course_utils.backend import keras
from course_utils.labels import CAMVID
from course_utils.training.optimization.averaging import WeightAverage
from course_utils.training.optimization.optimizers import OPTIMIZERS
from course_utils.training.optimization.precision import building

STEPS = (
    ("SegNet", {"encoder": "vgg16"}, (360, 480), 16),
    ("SegNet", {"encoder": "vgg16"}, (512, 1024), 8),
    ("PSPNet", {"encoder": "resnet50"}, (512, 1024), 8),
    ("DeepLabV3Plus", {"encoder": "resnet50"}, (512, 1024), 8),
)
"""Networks at full width, their images and batches."""

MATRIX = 8192
"""Rows and columns of the matrices by which the card's rate is measured."""

PRODUCTS = 50
"""So many products of them: a card needs some milliseconds to reach its rate."""

SCORING = 60.0
"""Seconds kept for the table and the checkpoint: the prediction is compiled, and 30 million weights are packed."""

PART_BYTES = 15_000_000
"""Of a file of the checkpoint."""

CLASSES = 19


def steps(pack, output, until, small):
    """Time, memory and operations of a training step."""
    jax = keras.backend.backend() == "jax"
    record(output, "steps", matrix_rate=(_jax_matrix_rate if jax else _torch_matrix_rate)(256 if small else MATRIX))
    rows = {}
    for number, (name, options, size, batch) in enumerate(STEPS):
        if small:
            size, batch, options = (size[0] // 8, size[1] // 8), 2, options | {"width": 1 / 8}
        row = {"network": f"{name}, {options['encoder']}", "size": "{}x{}".format(*size), "batch": batch}
        left = until - time.monotonic()
        try:
            if left < (0 if small else 25):
                raise TimeoutError("no time left")
            row |= _step(name, options, size, batch, jax, seconds=min(5.0, left / 8))
        except Exception as error:  # whatever the card or its library raises, the next network may do better
            row["fault"] = f"{type(error).__name__}: {error}".splitlines()[0][:160]
        rows[str(number)] = row
        record(output, "steps", rows=rows)
        print(row, flush=True)


def _step(name, options, size, batch, jax, seconds) -> dict:
    """One row of the table."""
    card = models.SYSTEMS[name]
    options = {**(card.fit(size, **options) if card.fit else {}), **options}
    with building("mixed_bfloat16"):
        model = card.network(CLASSES, training=True, **options)
    terms = training.objective(card)
    training.compile_model(model, objective=terms)
    random = np.random.default_rng(0)
    images = random.random((batch, *size, 3), np.float32)
    labels = random.integers(0, CLASSES, (batch, *size)).astype("uint8")
    began = time.monotonic()
    step, facts = (_jax_step if jax else _torch_step)(model, terms, images, labels)
    step()
    facts["compiling"] = time.monotonic() - began
    step()
    count, began = 0, time.monotonic()
    while count < 3 or time.monotonic() - began < seconds:
        step()
        count += 1
    facts["seconds"] = (time.monotonic() - began) / count
    if "peak" not in facts:
        facts["peak"] = _torch_peak()
    return facts


def _jax_step(model, terms, images, labels):
    """A function that trains a step and waits for its end; peak memory and operations of the step."""
    import jax

    outputs = list(model.output) if isinstance(model.output, dict) else None

    def total(trainable, others, images, labels):
        found, others = model.stateless_call(trainable, others, images, training=True)
        found = found if outputs else {"logits": found}
        return sum(terms[name][1] * terms[name][0](labels, found[name]) for name in found), others

    def train(state, images, labels):
        trainable, others, slots = state
        (loss, others), gradients = jax.value_and_grad(total, has_aux=True)(trainable, others, images, labels)
        trainable, slots = model.optimizer.stateless_apply(slots, gradients, trainable)
        return loss, (trainable, others, slots)

    def predict(trainable, others, images):
        return model.stateless_call(trainable, others, images, training=False)[0]

    state = tuple(
        [variable.value for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
    )
    images, labels = jax.device_put(images), jax.device_put(labels)
    lowered = jax.jit(predict).lower(state[0], state[1], images)
    compiled = jax.jit(train, donate_argnums=0).lower(state, images, labels).compile()

    def peak():
        memory = compiled.memory_analysis()
        needed = memory.temp_size_in_bytes + memory.argument_size_in_bytes
        return needed + memory.output_size_in_bytes - memory.alias_size_in_bytes

    def step():
        nonlocal state
        loss, state = compiled(state, images, labels)
        return float(loss)

    return step, {"operations": _if_told(lambda: 3 * lowered.cost_analysis()["flops"]), "peak": _if_told(peak)}


def _if_told(ask):
    """What a library tells of a step; None where it does not: the time of the step is worth more."""
    try:
        return ask()
    except Exception as error:  # versions and cards differ in what they tell
        print(f"not told: {type(error).__name__}: {error}".splitlines()[0], flush=True)
        return None


def _torch_step(model, terms, images, labels):
    """The same with PyTorch, by Keras's own step."""

    def operations():
        import torch
        from torch.utils.flop_counter import FlopCounterMode

        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(images, training=False)
        return 3 * counter.get_total_flops()

    targets = dict.fromkeys(model.output, labels) if isinstance(model.output, dict) else labels
    return lambda: model.train_on_batch(images, targets), {"operations": _if_told(operations)}


def _torch_peak() -> int:
    import torch

    if not torch.cuda.is_available():
        return 0
    peak = torch.cuda.max_memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    return peak


def _jax_matrix_rate(side: int) -> float:
    """Operations per second of a product of two bfloat16 matrices."""
    import jax

    matrix = jax.random.normal(jax.random.key(0), (side, side), "bfloat16")
    product = jax.jit(lambda matrix: matrix @ matrix)
    product(matrix).block_until_ready()
    began = time.monotonic()
    results = [product(matrix) for _ in range(PRODUCTS)]
    results[-1].block_until_ready()
    return PRODUCTS * 2 * side**3 / (time.monotonic() - began)


def _torch_matrix_rate(side: int) -> float:
    import torch

    matrix = torch.randn(side, side, dtype=torch.bfloat16, device="cuda" if torch.cuda.is_available() else "cpu")
    (matrix @ matrix).sum().item()
    began = time.monotonic()
    for _ in range(PRODUCTS):
        product = matrix @ matrix
    product.sum().item()
    return PRODUCTS * 2 * side**3 / (time.monotonic() - began)


def camvid(pack, output, until, small):
    """SegNet at full width: trained, scored class by class, kept."""
    size, batch = ((45, 60), 4) if small else (None, 16)
    train, val = Frames(pack, "train", size), Frames(pack, "val", size)
    model = _segnet(small)
    training.compile_model(
        model,
        class_weights=train.class_weights(CAMVID.num_classes),
        weight_decay=0.05,
        optimizer=OPTIMIZERS["muon"],
    )
    average = WeightAverage(model, 0.99)
    left = until - time.monotonic()
    seconds = max(2.0, left / 3 if small else left - SCORING)
    budget, losses, began = training.Budget(seconds=seconds), [], time.monotonic()

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            average.follow(int(self.model.optimizer.iterations.numpy()))

        def on_epoch_end(self, epoch, logs=None):
            losses.append(round(float(logs["loss"]), 4))
            spent = time.monotonic() - began
            rate = round(budget.spent_steps * batch / spent, 1)
            record(output, "camvid", loss=losses[-1], steps=budget.spent_steps, images_a_second=rate)

    record(output, "camvid", batch=batch, seconds=round(seconds), encoder="from random weights")
    epoch = max(1, len(train) // batch)
    options = {"learning_rate": 0.03, "epoch_steps": epoch, "callbacks": [Watch()]}
    training.fit(model, train.batches(batch), budget, **options)
    with average.applied():
        counts = _counts(model, val)
        kept = {weight.path: weight.numpy() for weight in model.weights}
    union = counts.sum(axis=0) + counts.sum(axis=1) - counts.diagonal()
    iou = np.where(union > 0, counts.diagonal() / np.maximum(union, 1), np.nan)
    record(
        output,
        "camvid",
        class_iou={
            name: None if np.isnan(value) else float(value) for name, value in zip(CAMVID.names, iou, strict=True)
        },
        mean_iou=float(np.nanmean(iou)),
        pixel_accuracy=float(counts.diagonal().sum() / counts.sum()),
    )
    content = weights.pack(kept)
    names = []
    for number, start in enumerate(range(0, len(content), PART_BYTES)):
        names.append(f"SegNet.npz.{number}")
        (output / names[-1]).write_bytes(content[start : start + PART_BYTES])
    record(output, "camvid", checkpoint=names)


def notebook(pack, output, until, small):
    """Freeze the encoder, train the decoder, unfreeze, fine-tune."""
    size, batch = ((45, 60), 4) if small else (None, 16)
    train, val = Frames(pack, "train", size), Frames(pack, "val", size)
    model, batches = _segnet(small), train.batches(batch)
    names = read(output).get("camvid", {}).get("checkpoint")
    if names:
        stored = weights.unpack(b"".join((output / name).read_bytes() for name in names))
        for layer in models.encoder_layers(model):
            for weight in layer.weights:
                weight.assign(stored[weight.path])
    else:
        training.settle_encoder(model, next(batches)[0])
    record(output, "notebook", encoder="of the network trained above" if names else "random, with settled statistics")
    count = 4 if small else 120
    phases = [
        training.Phase("decoder, encoder frozen", count, frozen=True, learning_rate=0.1),
        training.Phase("everything", count, learning_rate=0.05),
    ]
    ends, rows, began = list(accumulate(phase.steps for phase in phases)), [], time.monotonic()
    every, part = count // 2, slice(0, 8 if small else 40)

    def measure(model):
        counts = _counts(model, val, part)
        union = counts.sum(axis=0) + counts.sum(axis=1) - counts.diagonal()
        score = float(np.mean(counts.diagonal()[union > 0] / union[union > 0]))
        done = len(rows) * every
        phase = next((phase.name for phase, end in zip(phases, ends, strict=True) if done <= end), "")
        rows.append(
            {
                "phase": phase if done else "before",
                "steps": done,
                "seconds": time.monotonic() - began,
                "mean_iou": score,
            }
        )
        record(output, "notebook", rows=rows)
        if time.monotonic() > until:
            raise SystemExit("no time left")
        return score

    trainer = training.PhaseTrainer(model, train.class_weights(CAMVID.num_classes))
    trainer.train(batches, phases, measure, every=every, title="Notebook 05")


def _segnet(small):
    keras.utils.set_random_seed(0)
    with building(None if small else "mixed_bfloat16"):
        return models.SegNet(CAMVID.num_classes, width=1 / 8 if small else 1.0)


def _counts(model, frames: Frames, part=slice(None), batch: int = 8) -> np.ndarray:
    """The confusion matrix of a network on frames of the pack."""
    images, labels = frames.images[part], frames.labels[part]
    total = 0
    for start in range(0, len(images), batch):
        some = images[start : start + batch].astype(np.float32) / 255
        short = batch - len(some)
        logits = model.predict_on_batch(np.pad(some, ((0, short), (0, 0), (0, 0), (0, 0))))  # one shape, compiled once
        found = np.argmax(keras.ops.convert_to_numpy(logits), axis=-1)[: len(some)]
        total = total + confusion(labels[start : start + batch], found, CAMVID.num_classes)
    return total


PARTS = {function.__name__: function for function in (steps, camvid, notebook)}

if __name__ == "__main__":
    _part, _pack, _output, _until, *_small = sys.argv[1:]
    PARTS[_part](Path(_pack), Path(_output), float(_until), bool(_small))
    assert "tensorflow" not in sys.modules
