"""Our upsampling by interpolation beside the framework's: how far the results differ, and how long each takes.

    python benchmarks/interpolation.py              # both parts, about three minutes
    python benchmarks/interpolation.py errors       # largest differences per method and factor
    python benchmarks/interpolation.py times --rounds 5

*errors* compares `InterpolationUpsampling2D` with `tf.image.resize` (whole images, borders included), and both with the
same interpolation in double precision. *times* runs every candidate once per round, so that other load on the machine
affects all of them equally; the figures are the least wall-clock time over the rounds, with ratios to
`tf.image.resize`.
"""

import argparse
import os
import platform
import time

import numpy as np

from course_utils.backend import keras, tf
from course_utils.layers import InterpolationUpsampling2D
from course_utils.layers.upsampling.interpolation_kernels import METHODS

FACTORS = (2, 3, 4, 5)
SIZES = [(1, 1), (1, 9), (2, 3), (5, 4), (7, 16), (33, 40), (64, 64), (67, 120), (1, 1000)]


def resize(method, factor):
    return lambda images: tf.image.resize(images, [factor * size for size in images.shape[1:3]], method)


def benchmark_errors(rounds):
    print("\nLargest difference of values in 0..1 over the sizes", ", ".join(f"{h}x{w}" for h, w in SIZES))
    names = ["layer to tf.image.resize", "layer to exact", "tf.image.resize to exact"]
    print(f"{'':16}{'factor':>6}" + "".join(f"{name:>27}" for name in names))
    for method in METHODS:
        for factor in FACTORS:
            errors = np.max([differences(method, factor, *size) for size in SIZES], axis=0)
            print(f"{method:16}{factor:6d}" + "".join(f"{error:27.1e}" for error in errors), flush=True)


def differences(method, factor, height, width):
    images = np.random.default_rng(height * width).random((1, height, width, 2))
    exact = InterpolationUpsampling2D(factor, method, dtype="float64")(images)
    ours = InterpolationUpsampling2D(factor, method)(images)
    theirs = resize(method, factor)(tf.constant(images, tf.float32))
    pairs = [(ours, theirs), (ours, exact), (theirs, exact)]
    return [np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)).max() for a, b in pairs]


def benchmark_times(rounds):
    for shape, factor in [((1, 128, 128, 3), 4), ((4, 32, 32, 64), 2)]:
        images = tf.random.normal(shape)
        print(f"\nForward, {shape} by {factor}, float32: milliseconds, and ratio to tf.image.resize")
        names = ["tf.image.resize", "UpSampling2D", "layer", "layer, XLA"]
        print(f"{'':16}" + "".join(f"{name:>22}" for name in names))
        for method in METHODS:
            layer = InterpolationUpsampling2D(factor, method)
            candidates = {"tf.image.resize": tf.function(resize(method, factor), autograph=False)}
            if method in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"):
                peer = keras.layers.UpSampling2D(factor, interpolation=method)
                candidates["UpSampling2D"] = tf.function(lambda x, peer=peer: peer(x), autograph=False)
            candidates["layer"] = tf.function(lambda x, layer=layer: layer(x), autograph=False)
            candidates["layer, XLA"] = tf.function(lambda x, layer=layer: layer(x), autograph=False, jit_compile=True)
            times = least_times(candidates, images, rounds)
            cells = [
                f"{1e3 * times[name]:12.1f} ({times[name] / times['tf.image.resize']:6.1f}x)" if name in times else "-"
                for name in names
            ]
            print(f"{method:16}" + "".join(f"{cell:>22}" for cell in cells), flush=True)


def least_times(candidates, images, rounds):
    """Runs the functions in `candidates` in turn; returns the least wall-clock time of each, in seconds."""
    for function in candidates.values():
        function(images).numpy()
    times = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, function in candidates.items():
            start = time.perf_counter()
            function(images).numpy()
            times[name].append(time.perf_counter() - start)
    return {name: min(values) for name, values in times.items()}


PARTS = {"errors": benchmark_errors, "times": benchmark_times}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(PARTS)}; default: both")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each candidate (default: 7)")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - PARTS.keys():
        parser.error(f"unknown part: {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}, {os.cpu_count()} CPUs, {platform.machine()}")
    for part in arguments.parts or PARTS:
        PARTS[part](arguments.rounds)


if __name__ == "__main__":
    main()
