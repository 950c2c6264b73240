"""The network that a recipe trains: built, checked against the images, compiled."""

import sys
from bisect import bisect_left

from course_utils import models
from course_utils.errors import CourseError
from course_utils.losses import BALANCING
from course_utils.names import in_one_line, look_up
from course_utils.training.fitting import compile_model
from course_utils.training.objectives import objective, prediction_network
from course_utils.training.optimization.accumulation import accumulate
from course_utils.training.optimization.optimizers import OPTIMIZERS
from course_utils.training.optimization.precision import building
from course_utils.training.recipe import Recipe

LARGEST_SIDE = 1024
"""Up to this side the smallest image that a network takes is looked for, in pixels."""


def new_network(recipe: Recipe, pretrained: bool = True):
    """The network of a recipe with its first weights, compiled.

    Args:
        recipe: what is trained.
        pretrained: False leaves out the encoder weights of the recipe, for a network that gets others.

    Raises:
        CourseError: an unknown option, loss or balancing, weights that do not fit, images that the network cannot take,
            or logits of another size than the images.
    """
    labels = recipe.data.labels
    named, options = recipe.system.name, ", ".join(recipe.system.options)
    with building(recipe.mixed_precision), in_one_line(named, f"check --option, of {options}"):
        model = recipe.system.network(labels.num_classes, training=True, **recipe.model_options)
    for size in {recipe.image_size, recipe.crop_size} - {None}:
        check_size(prediction_network(model), tuple(size), labels.num_classes, recipe.system.name)
    if recipe.encoder_weights and pretrained:
        print(models.load_encoder_weights(model, recipe.encoder_weights), file=sys.stderr)
    balance = look_up(recipe.balancing, BALANCING, "balancing")
    counts = recipe.data.pixel_counts("train") if balance else ()
    with in_one_line(f"--balancing {recipe.balancing}", "check that it takes pixels and images per class"):
        weights = balance(*counts) if balance else None
    with in_one_line(f"--loss {recipe.loss}", "check that it takes class weights and returns a Keras loss"):
        terms = objective(recipe.system, weights, recipe.loss)
    with in_one_line(f"--optimizer {recipe.optimizer}", "check that it returns a Keras optimizer"):
        compile_model(
            model,
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            optimizer=look_up(recipe.optimizer, OPTIMIZERS, "optimizer"),
            objective=terms,
        )
    accumulate(model, recipe.accumulate, terms)
    return model


def check_size(network, size: tuple[int, int], num_classes: int, name: str) -> None:
    """Check that a network takes images of a size and gives logits of the same size.

    Args:
        network: from images to logits alone.
        size: height and width of the images.
        num_classes: number of classes.
        name: of the network, for messages.

    Raises:
        CourseError: it does not; the message names the smallest size that it takes.
    """
    found = _logits_shape(network, *size)
    if found is None:
        side = bisect_left(range(LARGEST_SIDE), True, key=lambda side: _logits_shape(network, side, side) is not None)
        remedy = f"give a size of at least {side}x{side}." if side < LARGEST_SIDE else "try another size."
        raise CourseError(f"{name} cannot take images of {size[0]}x{size[1]}: {remedy}")
    if found != (*size, num_classes):
        raise CourseError(
            f"{name} turns an image of {size[0]}x{size[1]} into an output of shape {list(found)}: it must give one "
            f"logit per pixel and class, {[*size, num_classes]}."
        )


def _logits_shape(network, height: int, width: int) -> tuple | None:
    """Height, width and classes of the logits of an image; None where the network fails."""
    try:
        return tuple(network.compute_output_shape((1, height, width, 3))[1:])
    except Exception:  # a layer of the user's may raise anything
        return None
