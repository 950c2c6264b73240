"""What the full recipes for Cityscapes are expected to cost, by one rule; nothing here trains.

    python benchmarks/cityscapes_recipes.py [SYSTEM...] [--write]

Hours: three times the operations of a forward pass for each crop (the gradients cost two more), and one for each whole
frame that is validated, at the rate that mmsegmentation's published time of PSPNet implies for one V100: ResNet-101,
crops of 512x1024, 2.4 images per second. Memory: what each operation kept for the gradients gives, in 16 bits, for the
images in memory at once, and 16 bytes per weight (itself, its gradient, two averages of the optimiser).
Both are estimates: neither a fast input nor a slow one, no validation of boundaries, no fragments of memory.

With --write the figures go into course_utils/training/recipes/cityscapes, two digits of each.
"""

import argparse
import re

from course_utils import models
from course_utils.backend import keras, tf
from course_utils.training.recipes import FOLDER, full_recipe, systems
from course_utils.training.recorder import validated_epochs

TRAIN, VAL = 2975, 500
"""Frames of Cityscapes."""

CLASSES = 19

V100_RATE = 2.4
"""Images per second, see above."""

FEATURES = ("Conv2D", "DepthwiseConv2dNative", "FusedBatchNormV3", "MatMul", "BatchMatMulV2", "Relu", "AddV2", "Relu6")
FEATURES += ("ConcatV2", "MaxPool", "ResizeBilinear", "Softmax", "Conv2DBackpropInput", "Erf")
"""Operations of TensorFlow whose results are kept for the gradients."""


def cost(model, size):
    """Operations of a forward pass for one image, numbers that are kept, and weights."""
    graph = (
        tf.function(lambda images: model(images, training=True))
        .get_concrete_function(tf.TensorSpec((1, *size, 3), tf.float32))
        .graph
    )
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    operations = tf.compat.v1.profiler.profile(graph, options=options).total_float_ops
    kept = sum(
        tensor.shape.num_elements() or 0
        for operation in graph.get_operations()
        if operation.type in FEATURES
        for tensor in operation.outputs[:1]
        if tensor.shape.is_fully_defined()
    )
    return operations, kept, model.count_params()


def network(name, recipe):
    """The network of a recipe, as it is trained."""
    card = models.SYSTEMS[name]
    options = recipe["model_options"]
    if card.fit:
        options = {**card.fit(recipe["image_size"], **options), **options}
    return card.network(CLASSES, training=True, **options)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("systems", nargs="*", default=systems("cityscapes"))
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    card = models.SYSTEMS["PSPNet"]
    rate = 3 * V100_RATE * cost(card.network(CLASSES, training=True), (512, 1024))[0]
    print(f"one V100: {rate / 1e12:.1f} T operations per second")
    for name in arguments.systems:
        keras.backend.clear_session()
        recipe = full_recipe("cityscapes", name).values
        model = network(name, recipe)
        crop = recipe.get("crop_size", recipe["image_size"])
        training, kept, weights = cost(model, crop)
        pixels = recipe["image_size"][0] * recipe["image_size"][1] / (crop[0] * crop[1])
        validations = len(validated_epochs(recipe["epochs"], TRAIN, VAL))
        work = recipe["epochs"] * TRAIN * 3 * training + validations * VAL * pixels * training
        hours = work / rate / 3600
        memory = (2 * kept * recipe["batch_size"] + 16 * weights) / 2**30
        told = f"{training / 1e9:8.0f} G per crop, {weights / 1e6:6.1f} M weights"
        print(f"{name:14} {told}: {hours:7.1f} h, {memory:6.1f} GiB", flush=True)
        if arguments.write:
            file = FOLDER / "cityscapes" / f"{name}.toml"
            text = re.sub(r"gpu_hours = .*", f"gpu_hours = {two_digits(hours)}", file.read_text("utf-8"))
            file.write_text(re.sub(r"memory_gib = .*", f"memory_gib = {two_digits(memory)}", text), "utf-8")


def two_digits(value):
    """No more than the rule can tell."""
    return f"{float(f'{value:.2g}'):g}"


if __name__ == "__main__":
    main()
