"""Speed of the course's layers beside the alternatives, measured in turn in one run.

    python benchmarks/layers.py                 # everything, about six minutes
    python benchmarks/layers.py pooling         # one part; others: normalization, segnet, depthwise
    python benchmarks/layers.py segnet --rounds 3

Every candidate runs once per round, so that other load on the machine affects all of them equally. The figures are the
least wall-clock time and the median CPU time over the rounds, forward and backward, with ratios to the first row.
"""

import argparse
import os
import platform
import time
from contextlib import contextmanager
from functools import partial

import numpy as np

from course_utils.backend import keras, tf
from course_utils.layers import BatchNormalization, DepthwiseConv2D, MaxPoolingWithIndices2D, MaxUnpooling2D
from course_utils.layers.shapes import shape_of
from course_utils.models import DeepLabV3Plus, SegNet
from course_utils.training.optimization.precision import building


def compare(title, candidates, rounds, images=None):
    """Runs the functions in `candidates` (name to function without arguments) in turn and prints a table."""
    for run in candidates.values():
        run()
        run()
    wall, processor = ({name: [] for name in candidates} for _ in range(2))
    for _ in range(rounds):
        for name, run in candidates.items():
            wall_start, processor_start = time.perf_counter(), time.process_time()
            run()
            wall[name].append(time.perf_counter() - wall_start)
            processor[name].append(time.process_time() - processor_start)
    unit = "ms" if images is None else "ms/image"
    scale = 1e3 / (images or 1)
    print(f"\n{title}\n{'':44}{'wall ' + unit:>16}{'ratio':>8}{'cpu ' + unit:>16}{'ratio':>8}")
    first = next(iter(candidates))
    for name in candidates:
        least, median = min(wall[name]), np.median(processor[name])
        print(
            f"{name:44}{least * scale:16.1f}{least / min(wall[first]):8.2f}"
            f"{median * scale:16.1f}{median / np.median(processor[first]):8.2f}",
            flush=True,
        )


def forward_backward(function, inputs, weights, jit_compile=False):
    """A function without arguments that computes `function(inputs)` and its gradient, given the output's gradient."""

    @tf.function(jit_compile=jit_compile, autograph=False)
    def step(inputs, weights):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = function(inputs)
        return outputs, tape.gradient(outputs, inputs, weights)

    def run():
        for tensor in step(inputs, weights):
            tensor.numpy()

    return run


def ours(features):
    values, indices = MaxPoolingWithIndices2D()(features)
    return MaxUnpooling2D()([values, indices, features])


def argmax_and_scatter(features):
    """The usual TensorFlow way: int64 positions; no XLA kernel."""
    values, positions = tf.nn.max_pool_with_argmax(features, 2, 2, "SAME", include_batch_in_index=True)
    shape = [tf.size(features, tf.int64)]
    spread = tf.scatter_nd(tf.reshape(positions, [-1, 1]), tf.reshape(values, [-1]), shape)
    return tf.reshape(spread, tf.shape(features))


def strided_slices(features):
    """Four strided slices, a chain of comparisons, and TensorFlow's own gradients."""
    best, index = features[:, ::2, ::2], 0
    for place in (1, 2, 3):
        other = features[:, place // 2 :: 2, place % 2 :: 2]
        greater = other > best
        best, index = tf.where(greater, other, best), tf.where(greater, place, index)
    zero = tf.zeros_like(best)
    rows = [tf.stack([tf.where(index == 2 * i + j, best, zero) for j in (0, 1)], axis=3) for i in (0, 1)]
    return tf.reshape(tf.stack(rows, axis=2), features.shape)


def one_hot(features):
    """Windows on their own axis, argmax and a one-hot mask."""
    batch, height, width, channels = features.shape
    windows = tf.reshape(features, [batch, height // 2, 2, width // 2, 2, channels])
    windows = tf.reshape(tf.transpose(windows, [0, 1, 3, 5, 2, 4]), [batch, height // 2, width // 2, channels, 4])
    spread = tf.reduce_max(windows, -1, keepdims=True) * tf.one_hot(tf.argmax(windows, -1), 4, dtype=features.dtype)
    spread = tf.reshape(spread, [batch, height // 2, width // 2, channels, 2, 2])
    return tf.reshape(tf.transpose(spread, [0, 1, 4, 2, 5, 3]), features.shape)


def benchmark_pooling(rounds):
    for shape in [(8, 180, 240, 16), (4, 96, 128, 64)]:
        features = tf.nn.relu(tf.random.normal(shape))
        weights = tf.random.normal(shape)
        forms = {
            "course_utils": ours,
            "max_pool_with_argmax + scatter_nd": argmax_and_scatter,
            "strided slices + where": strided_slices,
            "reshape, argmax, one-hot": one_hot,
        }
        for form in forms.values():
            np.testing.assert_array_equal(form(features), ours(features))
        runs = {name: forward_backward(form, features, weights) for name, form in forms.items()}
        for name, form in forms.items():
            if form is not argmax_and_scatter:
                runs[f"{name}, XLA"] = forward_backward(form, features, weights, jit_compile=True)
        compare(f"Pooling and unpooling, forward and backward, {shape} float32", runs, rounds)


def benchmark_normalization(rounds):
    for shape in [(8, 180, 240, 16), (8, 45, 60, 64)]:
        features, weights = tf.random.normal(shape), tf.random.normal(shape)
        for mode in ("training", "frozen"):
            runs = {}
            for name, layer in {
                "course_utils": BatchNormalization(),
                "keras": keras.layers.BatchNormalization(),
            }.items():
                layer.build(shape)
                layer.trainable = mode == "training"
                runs[name] = forward_backward(partial(layer, training=True), features, weights)
            compare(f"Batch normalisation, {mode}, forward and backward, {shape} float32", runs, rounds)


def training_step(model, height=180, width=240, batch_size=8, classes=12):
    images = tf.random.uniform((batch_size, height, width, 3))
    labels = tf.random.uniform((batch_size, height, width), 0, classes, tf.int32)
    weights = [weight.value for weight in model.trainable_weights]

    @tf.function(autograph=False)
    def step(images, labels):
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, model(images, training=True))
        return [tf.reduce_sum(gradient) for gradient in tape.gradient(losses, weights)]

    step(images, labels)  # builds the graph
    return lambda: [total.numpy() for total in step(images, labels)]


def prediction(model, images):
    model.predict_on_batch(images)  # builds the graph
    return lambda: model.predict_on_batch(images)


@contextmanager
def parts(pool=None, unpool=None, normalization=None, depthwise=None):
    """In this context graphs are built with other computations in our layers, to see what ours save."""
    given = {
        MaxPoolingWithIndices2D: pool,
        MaxUnpooling2D: unpool,
        BatchNormalization: normalization,
        DepthwiseConv2D: depthwise,
    }
    saved = {layer: layer.call for layer in given}
    for layer, call in given.items():
        layer.call = call or layer.call
    try:
        yield
    finally:
        for layer, call in saved.items():
            layer.call = call


def no_indices(self, inputs):
    """The lower bound: native pooling, without computing indices."""
    values = tf.nn.max_pool2d(inputs, 2, 2, "SAME")
    return values, tf.zeros_like(values, tf.uint8)


def nearest(self, inputs):
    """Nearest-neighbour upsampling in place of unpooling."""
    values, _, reference = inputs
    _, height, width, _ = shape_of(reference)
    return tf.repeat(tf.repeat(values, 2, 1), 2, 2)[:, :height, :width]


def benchmark_segnet(rounds):
    runs = {"SegNet, width 0.25": training_step(SegNet(12, width=0.25))}
    with parts(normalization=keras.layers.BatchNormalization.call):
        runs["with keras BatchNormalization"] = training_step(SegNet(12, width=0.25))
    with parts(pool=no_indices, unpool=nearest):
        runs["without indices, nearest upsampling"] = training_step(SegNet(12, width=0.25))
    compare("SegNet, forward and backward, 180x240, batch 8, float32", runs, rounds, images=8)
    images = np.random.default_rng(0).uniform(size=(8, 180, 240, 3)).astype("float32")
    runs = {"SegNet, width 0.25": prediction(SegNet(12, width=0.25), images)}
    with parts(normalization=keras.layers.BatchNormalization.call):
        runs["with keras BatchNormalization"] = prediction(SegNet(12, width=0.25), images)
    compare("Prediction of SegNet, 180x240, batch 8, float32", runs, rounds, images=8)
    for height, width in [(180, 240), (128, 256)]:
        runs = {
            f"width {multiplier}, {SegNet(12, width=multiplier).count_params() / 1e6:.2f} M parameters": training_step(
                SegNet(12, width=multiplier), height, width
            )
            for multiplier in (0.25, 0.125, 0.1875, 0.375)
        }
        compare(f"SegNet, forward and backward, {height}x{width}, batch 8, float32", runs, rounds, images=8)


def keras_depthwise(self, inputs, training=None):
    """Keras's layer, which knows no training."""
    return keras.layers.DepthwiseConv2D.call(self, inputs)


def benchmark_depthwise(rounds):
    for policy in ("float32", "mixed_bfloat16"):
        with building(policy):
            models = [
                DeepLabV3Plus(12, encoder="efficientnet_lite0", encoder_width=1.0, width=0.5, rates=(2, 5, 8))
                for _ in range(2)
            ]
        runs = {"course_utils": training_step(models[0], 240, 320, 4)}
        with parts(depthwise=keras_depthwise):
            runs["with keras DepthwiseConv2D"] = training_step(models[1], 240, 320, 4)
        compare(f"DeepLabV3+ on Lite0, forward and backward, 240x320, batch 4, {policy}", runs, rounds, images=4)


PARTS = {
    "pooling": benchmark_pooling,
    "normalization": benchmark_normalization,
    "segnet": benchmark_segnet,
    "depthwise": benchmark_depthwise,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(PARTS)}; default: all")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each candidate (default: 7)")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - PARTS.keys():
        parser.error(f"unknown part: {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}, {os.cpu_count()} CPUs, {platform.machine()}")
    for part in arguments.parts or PARTS:
        PARTS[part](arguments.rounds)


if __name__ == "__main__":
    main()
