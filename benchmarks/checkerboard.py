"""What kernel sizes and kinds of upsampling cost, and how much checkerboard remains after longer training.

    python benchmarks/checkerboard.py time                            # forward and backward, a minute
    python benchmarks/checkerboard.py training --steps 1500 --seeds 3 # about ten minutes on two cores

The networks are those of notebook 03 (small decoders that enlarge grey photographs four times), with more kernel sizes.
All are trained at once, as the outputs of one model, on the same crops.
"""

import argparse
import platform
import time

import numpy as np
from skimage import color, data

from course_utils.backend import keras, tf
from course_utils.evaluation.measures.checkerboard import checkerboard_energy, phase_means
from course_utils.layers import SubPixelConvolution2D

layers = keras.layers


def transposed(size):
    return lambda filters: [layers.Conv2DTranspose(filters, size, 2, padding="same")]


UPSAMPLING = {
    **{f"transposed, kernel {size}": transposed(size) for size in (2, 3, 4, 5, 6)},
    "resize, convolution 3": lambda filters: [layers.UpSampling2D(2), layers.Conv2D(filters, 3, padding="same")],
    "sub-pixel 3, random": lambda filters: [SubPixelConvolution2D(filters, 3, 2, icnr=False)],
    "sub-pixel 3, ICNR": lambda filters: [SubPixelConvolution2D(filters, 3, 2)],
}


def measure_time(rounds, shape=(8, 64, 64, 32)):
    """Least wall-clock time of one upsampling, forward and backward, run in turn, with ratios to kernel 4."""
    batch = tf.random.normal(shape)
    runs = {name: step_of(up(shape[-1]), batch) for name, up in UPSAMPLING.items()}
    for run in runs.values():
        run()
    elapsed = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            elapsed[name].append(time.perf_counter() - start)
    print(f"\nforward and backward, {shape} float32, least of {rounds} rounds")
    for name, times in elapsed.items():
        print(f"{name:24}{1e3 * min(times):8.1f} ms{min(times) / min(elapsed['transposed, kernel 4']):8.2f}")


def step_of(stack, batch):
    network = keras.Sequential([keras.Input(batch.shape[1:]), *stack])

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            tape.watch(batch)
            loss = tf.reduce_sum(network(batch) ** 2)
        return tape.gradient(loss, [batch, *network.trainable_variables])

    return lambda: step()[0].numpy()


def crops(pictures, number, size, rng):
    """Crops [number, size, size, 1], and the same crops four times smaller by averaging."""
    large = np.empty((number, size, size, 1), np.float32)
    for crop in large:
        picture = pictures[rng.integers(len(pictures))]
        top, left = (rng.integers(length - size + 1) for length in picture.shape)
        crop[..., 0] = picture[top : top + size, left : left + size]
    return large, large.reshape(number, size // 4, 4, size // 4, 4, 1).mean(axis=(2, 4))


def measure_training(steps, seeds, channels=8, batch_size=8):
    """Checkerboard energy on flat inputs before and after training, error per output phase, PSNR."""
    load = (data.astronaut, data.coffee, data.rocket, data.chelsea)
    *pictures, held_out = [color.rgb2gray(picture()).astype(np.float32) for picture in load]
    targets, inputs = crops(pictures, 1024, 32, np.random.default_rng(0))
    test_targets, test_inputs = crops([held_out], 64, 64, np.random.default_rng(1))
    flat = np.linspace(0.1, 0.9, 9, dtype=np.float32)[:, None, None, None] * np.ones((1, 14, 14, 1), np.float32)

    decoders = {}
    for seed in range(seeds):
        keras.utils.set_random_seed(seed)
        for name, up in UPSAMPLING.items():
            first = layers.Conv2D(channels, 3, padding="same", activation="relu")
            decoders[name, seed] = keras.Sequential([first, *up(channels), layers.ReLU(), *up(1)])
    image = keras.Input((None, None, 1))
    together = keras.Model(image, [network(image) for network in decoders.values()])
    rate = keras.optimizers.schedules.CosineDecay(5e-3, steps)
    together.compile(keras.optimizers.Adam(rate), ["mse"] * len(decoders))

    def energies():
        return [checkerboard_energy(output.numpy()[:, 12:-12, 12:-12, 0], 4) for output in together(flat)]

    before = energies()
    dataset = tf.data.Dataset.from_tensor_slices((inputs, (targets,) * len(decoders)))
    dataset = dataset.shuffle(len(inputs), seed=0).repeat().batch(batch_size).take(steps)
    together.fit(dataset, shuffle=False, verbose=0)
    rows = {name: [] for name in UPSAMPLING}
    for (name, _), start, end, output in zip(decoders, before, energies(), together(test_inputs), strict=True):
        squared = np.square(output.numpy() - test_targets)[:, 8:-8, 8:-8, 0]
        of_phase = phase_means(squared, 4)
        rows[name].append((start, end, of_phase.max() / of_phase.min(), -10 * np.log10(squared.mean())))
    print(f"\n{steps} steps of {batch_size} crops, {seeds} seeds: median (least to most)")
    print(f"{'':24}{'energy before':>16}{'energy after':>32}{'worst / best phase':>26}{'PSNR (dB)':>26}")
    for name, values in rows.items():
        low, middle, high = np.min(values, 0), np.median(values, 0), np.max(values, 0)
        spread = [f"{b:.3g} ({a:.3g} to {c:.3g})" for a, b, c in zip(low, middle, high, strict=True)]
        spread[3] = f"{middle[3]:.2f} ({low[3]:.2f} to {high[3]:.2f})"
        print(f"{name:24}{middle[0]:16.2g}{spread[1]:>32}{spread[2]:>26}{spread[3]:>26}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="?", choices=["time", "training"], default="time")
    parser.add_argument("--rounds", type=int, default=20, help="rounds of the time measurement (default: 20)")
    parser.add_argument("--steps", type=int, default=1500, help="training steps (default: 1500)")
    parser.add_argument("--seeds", type=int, default=3, help="repetitions of the training (default: 3)")
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {platform.system()}, TensorFlow {tf.__version__}, Keras {keras.__version__}")
    if arguments.part == "time":
        measure_time(arguments.rounds)
    else:
        measure_training(arguments.steps, arguments.seeds)


if __name__ == "__main__":
    main()
