"""What every encoder gives: stages of features at halving resolution, or at a kept one with growing atrous rates.

An encoder is a function from normalised images to a list of `Stage`s, from fine to coarse. A decoder takes from them
what it needs: SegNet the pooling indices and the channel counts to mirror, other networks the features.

Layers of an encoder are named `encoder_<architecture>_...`, so that they can be found again in any network that uses
them: to be frozen, or to receive weights from a classifier.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from course_utils.errors import CourseError

PREFIX = "encoder_"
SCORES = "scores"
"""The last layer of an image classifier."""

SCALE = re.compile(rf"^scale\d+_(?={PREFIX})")
"""In front of the name of a batch normalisation that an encoder has for a further scale of the image."""

OUTPUT_STRIDES = (8, 16, 32)


@dataclass(frozen=True)
class Stage:
    """One stage of an encoder.

    Attributes:
        features: what the stage computed, `[batch, height, width, channels[-1]]`.
        channels: output channels of each convolution in the stage, first to last; of each block where the stage is
            made of residual blocks.
        stride: how many image pixels lie between two neighbouring features.
        pooled: `features` after max pooling, or None in an encoder that strides instead.
        indices: where the maxima were, as `MaxPoolingWithIndices2D` gives them; None where nothing was halved.
    """

    features: Any
    channels: tuple[int, ...]
    stride: int
    pooled: Any = None
    indices: Any = None


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


class Striding:
    """Where an encoder halves its maps, and where it keeps them and widens its kernels instead.

    Past the output stride a layer does not step by two; whatever follows it takes its taps twice as far apart, so that
    every second feature is what the strided network computes (Chen et al., "DeepLab", PAMI 2018, section 3.1).

    Attributes:
        stride: of the features so far.
        rate: atrous rate of the convolutions at this place.
    """

    def __init__(self, output_stride: int):
        if output_stride not in OUTPUT_STRIDES:
            raise CourseError(f"output_stride is {output_stride}: choose one of {OUTPUT_STRIDES}.")
        self.output_stride, self.stride, self.rate = output_stride, 1, 1

    def halve(self) -> int:
        """Passes a layer that steps by two: the step that it takes, 2 or 1."""
        if self.stride < self.output_stride:
            self.stride *= 2
            return 2
        self.rate *= 2
        return 1


def encoder_name(layer) -> str | None:
    """The name of a layer in an encoder, its own or that of the one it stands for at another scale; None outside."""
    name = SCALE.sub("", layer.name)
    return name if name.startswith(PREFIX) else None


def deepest(stages):
    """The encoder's last features, after the last pooling if it pools: `[batch, height, width, channels]`."""
    last = stages[-1]
    return last.features if last.pooled is None else last.pooled


def features_at(stages, stride: int):
    """The deepest features of an encoder with `stride` image pixels between neighbours.

    Raises:
        CourseError: the encoder has none.
    """
    found = [stage.features for stage in stages if stage.stride == stride]
    if not found:
        strides = sorted({stage.stride for stage in stages})
        raise CourseError(f"The encoder has features at strides {strides}, none at {stride}.")
    return found[-1]


def scaled(channels, width):
    """`channels` times the width multiplier, at least one."""
    return max(1, round(channels * width))
