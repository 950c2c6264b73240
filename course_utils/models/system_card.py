"""What the course knows about a system beside its layers."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from course_utils.backend import keras
from course_utils.errors import CourseError

SLIM_HALF = MappingProxyType({"encoder": "slim", "width": 0.5})
"""Options that make a system small enough for two processor cores."""


@dataclass(frozen=True, eq=False)
class System:
    """The card of a system; each model file ends in one.

    Attributes:
        build: `build(num_classes, **options)` gives a `keras.Model` from images `[batch, height, width, 3]` in 0..1 to
            logits `[batch, height, width, num_classes]`.
        paper: where the system was published.
        auxiliary: what the further outputs are trained for, which `build` gives with `auxiliary=True`: a function from
            class weights (None for equal ones) to `{output: (Keras loss, weight of the loss)}`. None for a system that
            has logits only.
        laptop: options for training without a GPU. Each second of processor time should train four to ten images of
            180x240, in 16 bits.
        fit: options that follow the size of the images: a function from (height, width) and the other options, as
            keywords, to options. None where there are none.
        learning_rate: peak rate of its training.
        refinements: what may be put behind a trained network without further training, such as a CRF: name to a
            function from the network to the refined network.
    """

    build: Callable
    paper: str = ""
    auxiliary: Callable[..., dict] | None = None
    laptop: Mapping[str, object] = field(default_factory=dict)
    fit: Callable[..., Mapping[str, object]] | None = None
    learning_rate: float = 0.03
    refinements: Mapping[str, Callable] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the function that builds it."""
        return self.build.__name__

    @property
    def options(self) -> tuple[str, ...]:
        """The names of the options that `build` takes."""
        return tuple(inspect.signature(self.build).parameters)[1:]

    def network(self, num_classes: int, *, training: bool = False, **options):
        """A network of this system.

        Args:
            num_classes: number of classes, void not counted.
            training: whether it has the outputs that only training looks at, too.
            options: of `build`.

        Raises:
            CourseError: the system has no such option, or what it gives is not made of layers from input to output.
        """
        if training and self.auxiliary:
            options = {"auxiliary": True, **options}
        try:
            inspect.signature(self.build).bind(num_classes, **options)
        except TypeError as error:
            raise CourseError(f"{self.name}: {error}. Its options are {', '.join(self.options)}.") from None
        return _functional(self.build(num_classes, **options), self.name)


def _functional(model, name: str):
    """The model as a functional one, whose layers and outputs can be asked for."""
    if isinstance(model, keras.Sequential) and model.built:
        return keras.Model(model.inputs, model.outputs[0], name=model.name)
    if not getattr(model, "inputs", None):
        raise CourseError(
            f"{name} returns an object of type {type(model).__name__}: it must return keras.Model(inputs, outputs), or "
            "a keras.Sequential that begins with keras.Input."
        )
    return model
