"""What the course knows about an encoder beside its layers."""

from collections.abc import Callable
from dataclasses import dataclass

from course_utils.models.encoders.base import OUTPUT_STRIDES


@dataclass(frozen=True)
class Encoder:
    """The card of an encoder.

    Attributes:
        build: `build(x, width, dropout, output_stride)` from normalised images `[batch, height, width, 3]` to a list of
            `Stage`s, fine to coarse. Its layers are called `encoder_<name>_...`.
        imagenet: `imagenet(model, weights)` loads published weights into the encoder of a model and returns where they
            come from, a `WeightsSource`; None where there are none.
        multi_grid: whether `build` also takes `multi_grid`, factors on the atrous rates of the last stage's blocks.
        classifier: channels and kernel size of the fully connected layers between the last features and the class
            scores, taken as convolutions; empty where the encoder has none. Systems that keep them put them behind the
            last stage.
        output_strides: which `build` can give its last features at; 32 alone where no atrous form computes the same.
        head: `head(x, width)` gives what an image classifier averages, from the encoder's last features; None where it
            averages those.
    """

    build: Callable
    imagenet: Callable | None = None
    multi_grid: bool = False
    classifier: tuple[tuple[int, int], ...] = ()
    output_strides: tuple[int, ...] = OUTPUT_STRIDES
    head: Callable | None = None

    @property
    def name(self) -> str:
        """What models call it: the name of the function that builds it."""
        return self.build.__name__
