"""What the tests of strategies run in other processes: a small network, and trainings by two replicas.

python tests/training/parted.py TOY_STREETS OUTPUT           # trainings by two mirrored replicas
python tests/training/parted.py TOY_STREETS OUTPUT PSPNet    # of a system instead of the small network
"""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    os.environ["COURSE_BACKEND"] = "cold"  # two devices can only be made of a processor before anything is computed

from course_utils.backend import keras, tf
from course_utils.datasets import pipeline
from course_utils.layers import BatchNormalization
from course_utils.losses import HardExampleCrossEntropy
from course_utils.models import System
from course_utils.models.blocks import class_scores, convolution_block, image_input
from course_utils.training import Recipe, standstill, train_recipe
from course_utils.training.strategies.replicas import start

HERE = Path(__file__).parent

if os.environ.get("PARTED_FORGETFUL"):  # every image is read in every epoch, as where they do not fit into memory
    pipeline.memory_limit = lambda: 0
if os.environ.get("PARTED_DISK"):  # a folder: while a file `gone` is in it, nothing below it can be read

    def _read(path, read=pipeline.read_image, disk=Path(os.environ["PARTED_DISK"])):
        while (disk / "gone").exists() and disk in Path(path).parents:
            time.sleep(0.1)
        return read(path)

    pipeline.read_image, standstill.PATIENCE = _read, 5.0
OPTIONS = {
    "image_size": (64, 128),
    "batch_size": 4,
    "averaging": 0.9,
    "optimizer": "parted:clipped",
    "learning_rate": 0.5,
}
"""Gradient descent follows gradients: what Muon and Adam make of them has about the same size even where they are zero
but for rounding, and then the same training by other sums ends elsewhere."""


def PartedNet(num_classes, image_shape=(None, None, 3), auxiliary=False, name="PartedNet"):
    """Batch normalisation of maps, and of the mean of the image as in PSPNet; a loss that only whole batches tell."""
    images, x = image_input(image_shape)
    x = convolution_block(x, 8, strides=2, name="first")
    mean = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
    mean = BatchNormalization(name="mean")(keras.layers.Conv2D(8, 1, use_bias=False)(mean))
    x = convolution_block(x + keras.ops.relu(mean), 8, name="second")
    logits = class_scores(x, num_classes, images)
    return keras.Model(images, {"logits": logits, "hard": 0.5 * logits} if auxiliary else logits, name=name)


def clipped(model, learning_rate, weight_decay):
    """Gradient descent whose every step is clipped: the sum of clipped gradients is another one."""
    return keras.optimizers.SGD(learning_rate, momentum=0.9, global_clipnorm=0.1)


PARTED = System(PartedNet, auxiliary=lambda weights: {"hard": (HardExampleCrossEntropy(weights), 0.5)})


def free_ports(number: int) -> list[int]:
    """Ports of this machine that nothing listens to."""
    doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [door.getsockname()[1] for door in doors]
    for door in doors:
        door.close()
    return ports


def start_worker(
    index: int,
    addresses: list[str],
    data,
    output,
    *more: str,
    system: str = "parted:PARTED",
    errors=subprocess.PIPE,
    **variables: str,
) -> subprocess.Popen:
    """One of several workers that train a network, the small one; the only one where there is one address."""
    task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
    command = [sys.executable, "-m", "course_utils", "train", system, "--dataset", "toy_streets"]
    command += ["--data-dir", str(data), "--output", str(output), "--mixed-precision", "float32"]
    command += [f"--{name.replace('_', '-')}={_word(value)}" for name, value in OPTIONS.items()]
    environment = {**os.environ, **variables, "TF_CONFIG": json.dumps(task), "PYTHONPATH": str(HERE.parents[1])}
    return subprocess.Popen(
        [*command, *more], cwd=HERE, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
    )


def _word(value) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


IN_PARTS = {"batch_size": 2, "accumulate": 2, "epochs": 2}
"""A step of two batches, of which each replica has a part."""


def recipe(data, system: str = "parted:PARTED", **given):
    """Four epochs of two steps, unless said otherwise."""
    sys.path.insert(0, str(HERE))
    found = Recipe.for_machine(system, "toy_streets", str(data), gpu=False, **{"epochs": 4, **OPTIONS, **given})
    found.mixed_precision = None
    return found


def main(data: str, output: str, system: str = "parted:PARTED") -> None:
    """Train by two replicas, on a processor that TensorFlow takes for two devices."""
    (processor,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
    replicas = start("mirrored", devices=["CPU:0", "CPU:1"])
    train_recipe(recipe(data, system), output, replicas=replicas)
    train_recipe(recipe(data, system, **IN_PARTS), f"{output}_in_parts", replicas=replicas)


if __name__ == "__main__":
    main(*sys.argv[1:])
