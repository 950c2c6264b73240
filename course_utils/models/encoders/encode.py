"""From images to the stages of an encoder, whichever it is."""

from course_utils.errors import CourseError
from course_utils.models.encoders.base import Encoder
from course_utils.models.encoders.darknet19 import DARKNET19
from course_utils.models.encoders.efficientnet_lite0 import EFFICIENTNET_LITE0
from course_utils.models.encoders.mit_b0 import MIT_B0
from course_utils.models.encoders.mobilenetv2 import MOBILENETV2
from course_utils.models.encoders.resnet import RESNET50, RESNET101
from course_utils.models.encoders.slim import SLIM
from course_utils.models.encoders.vgg16 import VGG16
from course_utils.names import look_up

ENCODERS: dict[str, Encoder] = {
    card.name: card
    for card in (
        DARKNET19,
        EFFICIENTNET_LITE0,
        MIT_B0,
        MOBILENETV2,
        RESNET50,
        RESNET101,
        SLIM,
        VGG16,
    )
}
"""Name to card, of every encoder that the course brings."""


def look_up_encoder(encoder) -> Encoder:
    """The card of an encoder.

    Args:
        encoder: a key of `ENCODERS`, `module:NAME` for one of your own, or a card. Instead of a card a function that
            builds the stages will do.

    Raises:
        CourseError: there is no such encoder.
    """
    found = look_up(encoder, ENCODERS, "encoder") if isinstance(encoder, str) else encoder
    if isinstance(found, Encoder):
        return found
    if not callable(found):
        raise CourseError(f"encoder={encoder!r} is of type {type(found).__name__}: give a name, a card or a function.")
    return Encoder(found)


def encode(x, encoder, width=1.0, dropout=0.0, output_stride=32, multi_grid=None):
    """Applies an encoder to normalised images and returns its stages, fine to coarse.

    Args:
        x: normalised images `[batch, height, width, 3]`.
        encoder: a key of `ENCODERS`, or what else `look_up_encoder` takes.
        width: multiplier of all channel counts.
        dropout: rate of the dropout in the coarse stages, where the encoder has one.
        output_stride: image pixels between two features of the last stage: 32 as in a classifier, 16 or 8 by atrous
            convolution.
        multi_grid: factors on the atrous rates of the last stage's blocks, for an encoder with three of them (ResNet);
            the others have no such blocks and go without.

    Raises:
        CourseError: there is no such encoder, or no such output stride.
    """
    card = look_up_encoder(encoder)
    if output_stride not in card.output_strides:
        strides = " or ".join(map(str, card.output_strides))
        raise CourseError(f"output_stride is {output_stride}: encoder {card.name} can have {strides}.")
    options = {"multi_grid": tuple(multi_grid)} if multi_grid and card.multi_grid else {}
    return card.build(x, width, dropout, output_stride, **options)
