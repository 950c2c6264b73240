"""The recipe behind `course train`: data, network, balanced loss, schedule, validation, checkpoints."""

import dataclasses
import inspect
import math
import time
from dataclasses import dataclass, field

from course_utils import datasets, models
from course_utils.backend import keras, tf
from course_utils.datasets.augmentation import Augmentation
from course_utils.datasets.pipeline import clear_errors, training_batches
from course_utils.errors import CourseError
from course_utils.evaluation import ConfusionMatrix
from course_utils.inference import Predictor, predict_frames
from course_utils.losses import median_frequency_weights
from course_utils.training.fitting import Budget, compile_model, fit
from course_utils.training.objectives import objective, prediction_network
from course_utils.training.recorder import Recorder
from course_utils.training.run import Run

BALANCING = {"none": 0.0, "sqrt-median": 0.5, "median": 1.0}
"""Exponent on the median-frequency weights of the loss."""

LAPTOP_SIZES = {"toy_streets": (64, 128), "camvid": (144, 192), "cityscapes": (128, 256), "coco": (160, 160)}
"""Image size for training without a GPU: two processor cores get through some ten such images a second."""

GPU_SIZES = {"toy_streets": (128, 256), "camvid": (360, 480), "cityscapes": (512, 1024), "coco": (320, 320)}
"""Image size for training with a GPU."""


@dataclass
class Recipe:
    """Everything that decides a run; stored as `config.json`.

    Attributes:
        model: a class of `course_utils.models`.
        dataset: a name of `course_utils.datasets.DATASETS`; `data_dir` is its folder, None for the usual place.
        image_size: height and width the frames are resized to; None keeps their own.
        crop_size: height and width of the training crops.
        scale: smallest and largest random enlargement before cropping.
        color: strength of the random colour change, 0 to 1.
        balancing: a key of `BALANCING`.
        loss: a key of `course_utils.training.objectives.LOSSES`, for the logits.
        averaging: momentum of the weight average that is validated and kept, None for none.
        minutes, epochs: the budget; one of them is given (neither when a run is resumed with the budget it has).
        encoder_weights: None to start from scratch, "imagenet" or the path of such weights (see
            `course_utils.models.load_imagenet_weights`).
        mixed_precision: None or a Keras policy such as "mixed_bfloat16".
    """

    model: str
    dataset: str
    data_dir: str | None = None
    model_options: dict = field(default_factory=dict)
    encoder_weights: str | None = None
    image_size: tuple[int, int] | None = None
    crop_size: tuple[int, int] | None = None
    batch_size: int = 4
    learning_rate: float = 0.1
    weight_decay: float = 5e-4
    schedule: str = "poly"
    balancing: str = "sqrt-median"
    loss: str = "cross-entropy"
    averaging: float | None = 0.99
    scale: tuple[float, float] = (0.9, 1.4)
    flip: bool = True
    color: float = 0.2
    minutes: float | None = None
    epochs: int | None = None
    seed: int = 0
    mixed_precision: str | None = None


LAPTOP_OPTIONS = {
    "GSCNN": {"encoder": "slim", "width": 0.25},
    "SegNet": {"width": 0.25},
    "SegNetBasic": {"width": 0.25},
}
"""Options for training without a GPU; all other systems get the slim encoder and half of the channels.

Heads that are made for ResNet's 2048 features take most of a small network's time. So each second of processor time
trains three (GSCNN, all of whose shape stream is fine) to six images of 144x192 (measured: SegNet, PSPNet,
DeepLabV3Plus, LRR, Piecewise, GSCNN).
"""


LEARNING_RATES = {"GSCNN": 0.02}
"""Peak rates other than the recipe's. GSCNN's boundary loss counts 20 times: at 0.1 it throws the network onto one
class until the rate has fallen (the paper takes 0.01)."""


def machine_defaults(dataset: str, model: str = "SegNet", gpu: bool | None = None) -> dict:
    """What a recipe had better be on this machine, where its author does not say otherwise.

    Args:
        dataset: a name of `course_utils.datasets.DATASETS`.
        model: a name of `course_utils.models`.
        gpu: whether there is a GPU; asked of TensorFlow when omitted.

    Returns:
        values for the fields of `Recipe`: the published encoder and width and large images with a GPU; without one the
        slim encoder, fewer channels and small images.

    Raises:
        CourseError: there is no data set of this name.
    """
    datasets.label_table(dataset)
    if gpu is None:
        gpu = bool(tf.config.list_physical_devices("GPU"))
    rate = {"learning_rate": LEARNING_RATES.get(model, Recipe.learning_rate)}
    if gpu:
        return {"image_size": GPU_SIZES[dataset], "model_options": {"width": 1.0}, "batch_size": 8, **rate}
    options = LAPTOP_OPTIONS.get(model, {"encoder": "slim", "width": 0.5})
    return {"image_size": LAPTOP_SIZES[dataset], "model_options": options, "batch_size": 4, **rate}


def train_recipe(recipe: Recipe, output, *, resume: bool = False, replace: bool = False) -> Run:
    """Train by a recipe into a run folder.

    Args:
        recipe: what to do; when resuming, the run's own recipe holds and only its budget is taken from here.
        output: the run folder.
        resume: go on with an interrupted run, or with a finished one if the budget has grown.
        replace: start afresh where a run is already.

    Returns:
        the finished run.

    Raises:
        CourseError: the data are incomplete, the names unknown, or the folder is taken.
    """
    started = time.monotonic()
    if resume:
        recipe = _resumed_recipe(recipe, Run(output))
    elif (recipe.minutes is None) == (recipe.epochs is None):
        raise CourseError("Say how long to train: either --minutes or --epochs.")
    table = datasets.label_table(recipe.dataset)
    training = datasets.load(recipe.dataset, "train", recipe.data_dir, recipe.image_size)
    validation = datasets.load(recipe.dataset, "val", recipe.data_dir).frames
    if recipe.mixed_precision:
        keras.mixed_precision.set_global_policy(recipe.mixed_precision)
    keras.utils.set_random_seed(recipe.seed)
    restored = Run(output).restore() if resume else None
    model, state = restored or (_new_model(recipe, table.num_classes), {"epoch": 0, "log": [], "best": -1.0})
    epoch_steps = math.ceil(len(training.frames) / recipe.batch_size)
    batches = training_batches(
        training,
        recipe.batch_size,
        seed=recipe.seed,
        augmentation=Augmentation(recipe.crop_size, recipe.scale, recipe.flip, recipe.color),
        start_step=state["epoch"] * epoch_steps,
    )
    budget = Budget(
        steps=None if recipe.epochs is None else recipe.epochs * epoch_steps,
        seconds=None if recipe.minutes is None else 60 * recipe.minutes,
        spent_steps=state["epoch"] * epoch_steps,
        spent_seconds=state.get("seconds", 0.0) + time.monotonic() - started,
    )
    # Everything that can be wrong has been found by now: only then is a folder made.
    config = {**dataclasses.asdict(recipe), "num_classes": table.num_classes, "class_names": table.names}
    run = Run(output) if resume else Run.create(output, config, replace=replace)
    if budget.progress >= 1.0:
        return run
    size = "their own size" if recipe.image_size is None else "{}x{}".format(*recipe.image_size)
    predictor = Predictor(prediction_network(model), recipe.image_size)

    def validate() -> ConfusionMatrix:
        confusion = ConfusionMatrix(table.num_classes)
        for frame, train_ids in predict_frames(predictor, validation):
            confusion.update(datasets.label_map(frame, table), train_ids)
        return confusion

    with clear_errors():
        fit(
            model,
            batches,
            budget,
            learning_rate=recipe.learning_rate,
            schedule=recipe.schedule,
            epoch_steps=epoch_steps,
            first_epoch=state["epoch"],
            callbacks=[Recorder(run, state, budget, validate)],
            title=f"Training {recipe.model} on {recipe.dataset}, images of {size}",
        )
    return run


def _new_model(recipe: Recipe, num_classes: int):
    systems = [name for name in models.__all__ if name[0].isupper()]
    if recipe.model not in systems:
        raise CourseError(f"There is no model {recipe.model!r}: choose one of {', '.join(systems)}.")
    build = getattr(models, recipe.model)
    signature = inspect.signature(build)
    try:
        signature.bind(num_classes, **recipe.model_options)
    except TypeError as error:
        known = ", ".join(list(signature.parameters)[1:])
        raise CourseError(f"{recipe.model}: {error}. Its options are {known}.") from None
    training_outputs = {"auxiliary": True} if "auxiliary" in signature.parameters else {}
    model = build(num_classes, **training_outputs | recipe.model_options)
    if recipe.encoder_weights:
        models.load_imagenet_weights(model, recipe.encoder_weights)
    weights = None
    if BALANCING[recipe.balancing]:
        counts = datasets.pixel_counts(recipe.dataset, "train", recipe.data_dir)
        weights = median_frequency_weights(*counts, power=BALANCING[recipe.balancing])
    compile_model(
        model,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        objective=objective(recipe.model, weights, recipe.loss),
        averaging=recipe.averaging,
    )
    return model


def _resumed_recipe(recipe: Recipe, run: Run) -> Recipe:
    names = {item.name for item in dataclasses.fields(Recipe)}
    stored = {name: value for name, value in run.config.items() if name in names}
    if recipe.minutes is None and recipe.epochs is None:
        return Recipe(**stored)
    if (stored["minutes"] is None) != (recipe.minutes is None):
        unit = "--epochs" if stored["minutes"] is None else "--minutes"
        raise CourseError(f"{run.path} was started with {unit}: resume it with {unit} too.")
    return Recipe(**{**stored, "minutes": recipe.minutes, "epochs": recipe.epochs})
