"""Everything that decides a training run, and what of it depends on the machine."""

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from course_utils import datasets, models
from course_utils.datasets import Dataset, DatasetCard
from course_utils.errors import CourseError
from course_utils.layers.backend_operations import has_gpu
from course_utils.models import System
from course_utils.training.optimization.precision import machine_precision
from course_utils.weights import shipped


@dataclass
class Recipe:
    """What `course train` is told; stored as `config.json`.

    Names are looked up once and the objects are kept: `system` and `data`.

    Attributes:
        model: a key of `course_utils.models.SYSTEMS`, or `module:NAME` for a system of your own.
        dataset: a key of `course_utils.datasets.DATASETS`, or `module:NAME` for a card of your own.
        data_dir: the folder of the data set, None for the usual place.
        model_options: options of the system.
        encoder_weights: None to start from scratch, SYSTEM/DATASET for the encoder of a shipped network, "imagenet" or
            the path of such weights (see `course_utils.models.load_encoder_weights`).
        image_size: height and width that the network sees a whole frame at; None for the frames' own.
        crop_size: height and width of the training crops; None for those of a whole image.
        growing: share of the budget, 0 to 1, that is trained on smaller images first (see `growing.py`).
        batch_size: images in memory at once, at least 1.
        accumulate: so many batches make a step; see `training/optimization/accumulation.py`.
        optimizer: a key of `course_utils.training.optimization.optimizers.OPTIMIZERS`, or `module:NAME`; None becomes
            "muon", or "muon-gentle" with encoder weights.
        learning_rate: the peak rate.
        weight_decay: see `course_utils.training.compile_model`.
        schedule: a key of `course_utils.training.schedules.SCHEDULES`, or `module:NAME`.
        balancing: a key of `course_utils.losses.BALANCING`, or `module:NAME`.
        loss: of the logits, a key of `course_utils.losses.LOSSES`, or `module:NAME`.
        averaging: momentum of the average over weights and statistics of batch normalisation that is validated and
            kept, None for none.
        scale: smallest and largest random enlargement of a frame before cropping, 1 for `image_size`.
        flip: mirror every other image.
        color: strength of the random colour change, 0 to 1.
        class_sampling: share of an epoch's images, 0 to 1, that are drawn by class, so that rare classes are seen more
            often (see `course_utils.datasets.classes.sampling`); 0 sees each frame once.
        minutes: wall time for everything, validation included; either this or `epochs` is given.
        epochs: passes through the training split.
        seed: of all random numbers.
        mixed_precision: a Keras policy such as "mixed_bfloat16"; None for 32 bits throughout.

    Raises:
        CourseError: both or neither of `minutes` and `epochs` are given, batches are empty, or a share is none.
    """

    model: str
    dataset: str
    data_dir: str | None = None
    model_options: dict = field(default_factory=dict)
    encoder_weights: str | None = None
    image_size: tuple[int, int] | None = None
    crop_size: tuple[int, int] | None = None
    growing: float = 0.5
    batch_size: int = 4
    accumulate: int = 1
    optimizer: str | None = None
    learning_rate: float = System.learning_rate
    weight_decay: float = 0.05
    schedule: str = "constant-then-linear"
    balancing: str = "sqrt-median"
    loss: str = "cross-entropy"
    averaging: float | None = 0.99
    scale: tuple[float, float] = (0.8, 1.6)
    flip: bool = True
    color: float = 0.3
    class_sampling: float = 0.0
    minutes: float | None = None
    epochs: int | None = None
    seed: int = 0
    mixed_precision: str | None = None

    def __post_init__(self):
        if (self.minutes is None) == (self.epochs is None):
            raise CourseError("Say how long to train: either --minutes or --epochs.")
        if self.batch_size < 1:
            raise CourseError(f"A batch of {self.batch_size} images trains nothing: give a batch size of at least 1.")
        if self.accumulate < 1:
            raise CourseError(f"A step of {self.accumulate} batches trains nothing: accumulate at least 1.")
        if not 0 <= self.class_sampling <= 1:
            raise CourseError(f"A share of {self.class_sampling} of the images cannot be drawn by class: give 0 to 1.")
        if self.optimizer is None:
            self.optimizer = "muon-gentle" if self.encoder_weights else "muon"

    @classmethod
    def for_machine(cls, model, dataset, data_dir=None, *, gpu=None, model_options=None, **given) -> "Recipe":
        """A recipe in which the machine decides what is not given (see `machine_defaults`).

        Args:
            model: as the attribute.
            dataset: as the attribute.
            data_dir: as the attribute.
            gpu: whether there is a GPU; Keras's backend is asked when omitted.
            model_options: these are added to those that suit the machine, or replace them.
            given: values for any other attributes.

        Raises:
            CourseError: there is no such system or data set, or as for `Recipe`.
        """
        recipe = cls(model, dataset, data_dir, **given)
        defaults = machine_defaults(recipe.data.card, recipe.system, gpu)
        full = {} if recipe.encoder_weights in (None, *shipped()) else _full_encoder(recipe.system)
        recipe.model_options = {**defaults.pop("model_options"), **full, **(model_options or {})}
        for name, value in defaults.items():
            if name not in given:
                setattr(recipe, name, value)
        trained_size = recipe.crop_size or recipe.image_size
        if recipe.system.fit and trained_size:
            recipe.model_options = {
                **recipe.system.fit(trained_size, **recipe.model_options),
                **recipe.model_options,
            }
        return recipe

    @property
    def step_size(self) -> int:
        """Images per training step."""
        return self.batch_size * self.accumulate

    @cached_property
    def system(self) -> System:
        """The card of the system."""
        return models.system(self.model)

    @cached_property
    def data(self) -> Dataset:
        """The data set, opened when it is first asked for."""
        return datasets.open(self.dataset, self.data_dir)

    def config(self) -> dict:
        """What `config.json` holds: names as they were given, places from the root on, the classes of the data set."""
        labels, places = self.data.labels, {}
        if self.data_dir is not None or not self.data.root.is_absolute():
            places["data_dir"] = str(self.data.root.absolute())
        if self.encoder_weights and Path(self.encoder_weights).exists():
            places["encoder_weights"] = str(Path(self.encoder_weights).absolute())
        classes = {"num_classes": labels.num_classes, "class_names": list(labels.names)}
        return {**dataclasses.asdict(self), **places, **classes}


def _full_encoder(system: System) -> dict:
    """Options for published weights, which have full width: the encoder's alone where a system tells the two apart."""
    options = [name for name in ("encoder_width", "width") if name in system.options]
    return dict.fromkeys(options[:1], 1.0)


def machine_defaults(card: DatasetCard, system: System, gpu: bool | None = None) -> dict:
    """What suits this machine where nobody says otherwise.

    Args:
        card: of the data set.
        system: what is trained.
        gpu: whether there is a GPU; Keras's backend is asked when omitted.

    Returns:
        values for `image_size`, `model_options`, `batch_size`, `learning_rate` and `mixed_precision` of a `Recipe`:
        large images and the published encoder and width with a GPU, without one small images and what the system's card
        says for laptops; 16 bits where the machine is faster with them.
    """
    if gpu is None:
        gpu = has_gpu()
    if gpu:
        options = {"width": 1.0} if "width" in system.options else {}
        defaults = {"image_size": card.gpu_size, "model_options": options, "batch_size": 8}
    else:
        defaults = {"image_size": card.laptop_size, "model_options": dict(system.laptop), "batch_size": 4}
    return {**defaults, "learning_rate": system.learning_rate, "mixed_precision": machine_precision(gpu)}
