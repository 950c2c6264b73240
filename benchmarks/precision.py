"""Every system under XLA and in 16 bits, beside the same system in float32: a prediction and a training step.

    python benchmarks/precision.py [--systems SegNet ...]

Three ways to compute, each against float32 without XLA, with the same weights, images and losses (those of the
training, all outputs), on the processor: float32 compiled by XLA (`jit_compile=True`), mixed_float16 with Keras's loss
scaling, and mixed_bfloat16. Networks are those for laptops at an eighth of the width and without dropout, whose random
numbers would differ. The table goes to benchmarks/results/precision.md; a system that misses a tolerance is named.
"""

import argparse
import os
from pathlib import Path

import numpy as np

from course_utils import models, training
from course_utils.backend import keras, tf
from course_utils.files import write_whole
from course_utils.training.optimization.precision import building

RESULTS = Path(__file__).parent / "results" / "precision.md"
SIZE, BATCH, CLASSES = (64, 96), 2, 5

WAYS = {
    "XLA": (None, True, (1e-4, 1e-5, 1e-2)),
    "mixed_float16": ("mixed_float16", False, (0.05, 0.005, 0.3)),
    "mixed_bfloat16": ("mixed_bfloat16", False, (0.3, 0.02, 0.8)),
}
"""Keras's policy, whether XLA compiles, and the tolerances for logits, loss and gradient.

Where values are nearly equal, rounding decides which place is pooled (SegNet) and which pixels a loss counts (GSCNN):
single logits and gradients may differ by any amount.
"""

NOTE = (
    "SegNet is not within these tolerances in 16 bits. It puts values back by place five times; where two values of a "
    "window are nearly equal, rounding lets another place win, and all that follows differs there. In float16 the last "
    "pooled values differ by 1.3 % and their places in 1.8 % of the windows; put back, they differ by 13 %. These are "
    "random weights; the loss hardly differs."
)

LARGEST_SCALE = 16
"""Keras begins with a loss scale of 2**15; a step whose gradients overflow is passed over, and the scale halved."""


def network(name, policy=None):
    """A narrow network of a system, with the outputs of its training and without dropout."""
    card = models.SYSTEMS[name]
    options = {**card.laptop, **({"width": 1 / 8} if "width" in card.options else {})}
    if card.fit:
        options |= card.fit(SIZE, **options)
    with building(policy):
        keras.utils.set_random_seed(0)
        found = card.network(CLASSES, training=True, **options)
    for layer in found._flatten_layers():
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0
    return found


def settled(name, images) -> list[np.ndarray]:
    """First weights of a system, its batch normalisation with the statistics of the images, as after some training."""
    found = network(name)
    norms = [layer for layer in found._flatten_layers() if hasattr(layer, "moving_mean")]
    for norm in norms:
        norm.momentum = 0.0
    found(images, training=True)
    return found.get_weights()


def computed(name, policy, xla, weights, images, labels) -> dict:
    """Logits of a prediction, and loss and gradient of a training step by `fit`, whose rate is 1.

    Args:
        name: of the system.
        policy: Keras's, None for float32.
        xla: whether XLA compiles prediction and step.
        weights: to begin with.
        images: [batch, height, width, 3].
        labels: [batch, height, width].
    """
    model = network(name, policy)
    model.set_weights(weights)
    predict = tf.function(training.prediction_network(model), jit_compile=xla or None, autograph=False)
    logits = predict(tf.constant(images), training=False).numpy()
    optimizer = keras.optimizers.SGD(1.0)
    if policy == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    terms = training.objective(name)
    outputs = list(model.output) if isinstance(model.output, dict) else []
    model.compile(
        optimizer,
        {output: terms[output][0] for output in outputs} or terms["logits"][0],
        loss_weights={output: terms[output][1] for output in outputs} or None,
        jit_compile=xla,
        run_eagerly=not xla,
    )
    before = [weight.numpy() for weight in model.trainable_variables]
    targets = dict.fromkeys(outputs, labels) if outputs else labels
    for _ in range(LARGEST_SCALE):
        loss = float(np.ravel(model.train_on_batch(images, targets))[0])
        after = [weight.numpy() for weight in model.trainable_variables]
        gradient = np.concatenate([np.ravel(old - new) for old, new in zip(before, after, strict=True)])
        if gradient.any():
            break
    return {"logits": logits, "loss": loss, "gradient": gradient}


def differences(found: dict, expected: dict) -> tuple[float, float, float]:
    """Of logits, loss and gradient: the norm of the difference as a share of the norm."""
    return tuple(
        float(np.linalg.norm(np.subtract(found[part], expected[part])) / np.linalg.norm(expected[part]))
        for part in ("logits", "loss", "gradient")
    )


def rows(name):
    """One row of the table for each way, and whether it keeps its tolerances."""
    random = np.random.default_rng(0)
    images = random.random((BATCH, *SIZE, 3), np.float32)
    labels = random.integers(0, CLASSES, (BATCH, *SIZE)).astype("uint8")
    weights = settled(name, images)
    expected = computed(name, None, False, weights, images, labels)
    for way, (policy, xla, tolerances) in WAYS.items():
        try:
            found = differences(computed(name, policy, xla, weights, images, labels), expected)
        except (ValueError, tf.errors.OpError) as error:
            yield f"| {name} | {way} | cannot: {str(error).splitlines()[0][:100]} | | | |", False
            continue
        kept = all(value <= most for value, most in zip(found, tolerances, strict=True))
        cells = " | ".join(f"{value:.1e}" for value in found)
        yield f"| {name} | {way} | {cells} | {'yes' if kept else '**no**'} |", kept


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", nargs="*", default=list(models.SYSTEMS), choices=list(models.SYSTEMS))
    options = parser.parse_args()
    flags = f"XLA_FLAGS='{os.environ['XLA_FLAGS']}' " if "XLA_FLAGS" in os.environ else ""
    lines = [
        "# XLA and 16 bits beside float32",
        "",
        f"`{flags}python benchmarks/precision.py`; TensorFlow {tf.__version__}, Keras {keras.__version__}, on the "
        f"processor. {BATCH} images of {SIZE[0]}x{SIZE[1]}, networks of an eighth of the width, a prediction and a "
        "training step. Differences are norms, as a share of the norm in float32. Tolerances for logits, loss and "
        "gradient: "
        + "; ".join(f"{way} {' / '.join(f'{most:g}' for most in limits)}" for way, (_, _, limits) in WAYS.items())
        + ".",
        "",
        "| system | computed with | logits | loss | gradient | within |",
        "|---|---|---:|---:|---:|---|",
    ]
    for name in options.systems:
        for line, _ in rows(name):
            lines.append(line)
            print(line, flush=True)
        keras.backend.clear_session()
        if options.systems == list(models.SYSTEMS):
            write_whole(RESULTS, "\n".join([*lines, "", NOTE]) + "\n")


if __name__ == "__main__":
    main()
