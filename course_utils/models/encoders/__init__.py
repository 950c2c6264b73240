"""Encoders: one file each.

`ENCODERS` maps the names that models take to the functions that build them, `IMAGENET_WEIGHTS` to the functions that
load published weights into them. To add an encoder, write its file, name its layers `encoder_<name>_...`, and enter it
here.
"""

from course_utils.errors import CourseError
from course_utils.models.encoders import darknet19, mobilenetv2, resnet, slim, vgg16
from course_utils.models.encoders.base import PREFIX, Stage, deepest, features_at

ENCODERS = {
    "darknet19": darknet19.darknet19,
    "mobilenetv2": mobilenetv2.mobilenetv2,
    "resnet50": resnet.resnet50,
    "resnet101": resnet.resnet101,
    "slim": slim.slim,
    "vgg16": vgg16.vgg16,
}
IMAGENET_WEIGHTS = {
    "mobilenetv2": mobilenetv2.load_imagenet_weights,
    "resnet50": resnet.load_imagenet_weights,
    "resnet101": resnet.load_imagenet_weights,
    "vgg16": vgg16.load_imagenet_weights,
}

MULTI_GRID = ("resnet50", "resnet101")
"""Encoders whose last stage has the three blocks that a multi-grid is for."""

__all__ = ["ENCODERS", "IMAGENET_WEIGHTS", "PREFIX", "Stage", "deepest", "encode", "features_at"]


def encode(x, encoder, width=1.0, dropout=0.0, output_stride=32, multi_grid=None):
    """Applies the encoder called `encoder` to normalised images and returns its stages, fine to coarse.

    Args:
        x: normalised images `[batch, height, width, 3]`.
        encoder: a key of `ENCODERS`.
        width: multiplier of all channel counts.
        dropout: rate of the dropout in the coarse stages, where the encoder has one.
        output_stride: image pixels between two features of the last stage: 32 as in a classifier, 16 or 8 by atrous
            convolution.
        multi_grid: factors on the atrous rates of the last stage's blocks, for an encoder with three of them (ResNet);
            the others have no such blocks and go without.

    Raises:
        CourseError: there is no encoder of that name, or no such output stride.
    """
    if encoder not in ENCODERS:
        raise CourseError(f"No encoder is called {encoder!r}. Choose one of: {', '.join(ENCODERS)}.")
    options = {"multi_grid": tuple(multi_grid)} if multi_grid and encoder in MULTI_GRID else {}
    return ENCODERS[encoder](x, width, dropout, output_stride, **options)
