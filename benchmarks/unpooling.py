"""What SegNet-Basic's decoders cost and what they gain: indices, bilinear, transposed convolution, none.

    python benchmarks/unpooling.py cost                                   # milliseconds and ratios, minutes
    python benchmarks/unpooling.py learn                                  # Toy Streets, 5 seeds, minutes
    python benchmarks/unpooling.py learn --dataset camvid --data-dir DIR --image-size 48 64
    python benchmarks/unpooling.py learn --dataset camvid --data-dir DIR --image-size 360 480 --width 1 \\
        --kernel-size 7 --steps 10000 --frames 0 --seeds 3                # the paper's size; needs a GPU

`cost` runs the same network with each decoder in turn, forward, and forward and backward. `learn` trains each decoder
for the same number of steps on the same batches. It prints mIoU and boundary F (0.75 % of the diagonal, classes that
are present) over seeds, and the differences per seed with a 95 % interval (Student's t).
"""

import argparse
import os
import platform
import time

import numpy as np
from scipy import stats

from course_utils import datasets, models, training
from course_utils.backend import keras, tf
from course_utils.datasets.pipeline import from_frames, training_batches
from course_utils.evaluation import BoundaryF, ConfusionMatrix
from course_utils.models.segnet_basic import DECODERS


def cost(options):
    """Milliseconds per step, least over the rounds, and ratios to the bilinear decoder."""
    images = tf.random.stateless_uniform([1, *options.image_size, 3], [0, 0])
    runs = {}
    for decoder in DECODERS:
        model = models.SegNetBasic(11, width=options.width, decoder=decoder, kernel_size=options.kernel_size)

        @tf.function(autograph=False)
        def forward(model=model):
            return model(images, training=False)

        @tf.function(autograph=False)
        def both(model=model):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(model(images, training=True) ** 2)
            return tape.gradient(loss, [weight.value for weight in model.trainable_variables])

        runs[decoder] = forward, both
    times = {decoder: ([], []) for decoder in DECODERS}
    for _ in range(options.rounds + 1):
        for decoder, pair in runs.items():
            for run, record in zip(pair, times[decoder], strict=True):
                start = time.perf_counter()
                tf.nest.map_structure(lambda tensor: tensor.numpy(), run())
                record.append(time.perf_counter() - start)
    least = {decoder: [1e3 * min(record[1:]) for record in pair] for decoder, pair in times.items()}
    print(f"{'decoder':12}{'forward ms':>12}{'ratio':>7}{'with backward ms':>18}{'ratio':>7}")
    for decoder, (forward, both) in least.items():
        base = least["bilinear"]
        print(f"{decoder:12}{forward:12.0f}{forward / base[0]:7.2f}{both:18.0f}{both / base[1]:7.2f}")


def load(options, split, frames):
    """Images and maps of categories of a split's first frames (all for 0)."""
    data = datasets.open(options.dataset, options.data_dir)
    category = np.full(256, 255, np.uint8)
    for number, members in enumerate(data.labels.categories.values()):
        category[list(members)] = number
    chosen = data.load(split, options.image_size).frames[: frames or None]
    pairs = from_frames(chosen, data.labels, options.image_size).as_numpy_iterator()
    images, maps = zip(*pairs, strict=True)
    return np.stack(images), category[np.stack(maps)], len(data.labels.categories)


def learn(options):
    """mIoU and boundary F of each decoder over the seeds, and the differences from the first decoder."""
    *train, classes = load(options, "train", options.frames)
    images, maps, _ = load(options, "val", options.frames // 2)
    scores = {}
    for decoder in options.decoders:

        def network(seed, decoder=decoder):
            keras.utils.set_random_seed(seed)
            return models.SegNetBasic(classes, width=options.width, decoder=decoder, kernel_size=options.kernel_size)

        model = network(0)
        trainer = training.PhaseTrainer(model)
        for seed in range(options.seeds):
            batches = training_batches(tf.data.Dataset.from_tensor_slices(tuple(train)), options.batch_size, seed=seed)
            model.set_weights(network(seed).get_weights())
            phases = [training.Phase("everything", options.steps)]
            trainer.train(batches, phases, lambda model: 0.0, every=options.steps, title=f"{decoder}, seed {seed}")
            confusion, boundary = ConfusionMatrix(classes), BoundaryF(classes, tolerance=0.0075)
            for first in range(0, len(images), 16):
                part = slice(first, first + 16)
                prediction = np.argmax(model.predict_on_batch(images[part]), axis=-1).astype(np.uint8)
                confusion.update(maps[part], prediction)
                boundary.update(maps[part], prediction)
            scores.setdefault(decoder, []).append((100 * confusion.mean_iou(), 100 * boundary.mean("skip")))
    scores = {decoder: np.array(values) for decoder, values in scores.items()}
    print(f"\n{'decoder':12}{'mIoU':>16}{'boundary F':>16}   mean ± standard deviation over {options.seeds} seeds, %")
    for decoder, values in scores.items():
        means, deviations = values.mean(axis=0), values.std(axis=0, ddof=1)
        cells = (f"{mean:.1f} ± {deviation:.1f}" for mean, deviation in zip(means, deviations, strict=True))
        print(f"{decoder:12}" + "".join(f"{cell:>16}" for cell in cells))
    for other in options.decoders[1:]:
        difference = scores[options.decoders[0]] - scores[other]
        reach = stats.t.ppf(0.975, options.seeds - 1) * difference.std(axis=0, ddof=1) / np.sqrt(options.seeds)
        cells = (f"{mean:+.1f} ± {half:.1f}" for mean, half in zip(difference.mean(axis=0), reach, strict=True))
        print(f"{options.decoders[0]} - {other:12}" + "".join(f"{cell:>16}" for cell in cells))


def main():
    """Parses the command line and runs one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["cost", "learn"])
    parser.add_argument("--dataset", default="toy_streets", choices=datasets.DATASETS)
    parser.add_argument("--data-dir")
    parser.add_argument("--image-size", type=int, nargs=2, help="height and width; cost: 360 480, learn: 32 64")
    parser.add_argument("--width", type=float, help="share of the 64 channels; cost: 1, learn: 0.25")
    parser.add_argument("--kernel-size", type=int, help="cost: 7 as published, learn: 3")
    parser.add_argument("--decoders", nargs="+", choices=DECODERS, default=list(DECODERS))
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--frames", type=int, default=128, help="training frames, 0 for all; half as many to validate")
    parser.add_argument("--seeds", type=int, default=5, help="at least 2")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    is_cost = options.part == "cost"
    options.image_size = tuple(options.image_size or ((360, 480) if is_cost else (32, 64)))
    options.width = options.width or (1.0 if is_cost else 0.25)
    options.kernel_size = options.kernel_size or (7 if is_cost else 3)
    print(f"{platform.machine()}, {os.cpu_count()} processors, {options.image_size[1]}x{options.image_size[0]}, "
          f"width {options.width:g}, kernels {options.kernel_size}x{options.kernel_size}")  # fmt: skip
    cost(options) if is_cost else learn(options)


if __name__ == "__main__":
    main()
