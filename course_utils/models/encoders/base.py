"""What every encoder gives: stages of features at halving resolution.

An encoder is a function from normalised images to a list of `Stage`s, from fine to coarse. A decoder takes from them
what it needs: SegNet the pooling indices and the channel counts to mirror, other networks the features.

Layers of an encoder are named `encoder_<architecture>_...`, so that they can be found again in any network that uses
them: to be frozen, or to receive weights from a classifier.
"""

from dataclasses import dataclass
from typing import Any

PREFIX = "encoder_"


@dataclass(frozen=True)
class Stage:
    """One stage of an encoder.

    Attributes:
        features: what the stage computed, `[batch, height, width, channels[-1]]`.
        channels: output channels of each convolution in the stage, first to last.
        pooled: `features` after max pooling, half the size, or None in an encoder that strides instead.
        indices: where the maxima were, as `MaxPoolingWithIndices2D` gives them, or None.
    """

    features: Any
    channels: tuple[int, ...]
    pooled: Any = None
    indices: Any = None


def scaled(channels, width):
    """`channels` times the width multiplier, at least one."""
    return max(1, round(channels * width))
