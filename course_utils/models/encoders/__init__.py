"""Encoders: one file each.

`ENCODERS` maps the names that models take to the functions that build them, `IMAGENET_WEIGHTS` to the functions that
load published weights into them. To add an encoder, write its file, name its layers `encoder_<name>_...`, and enter it
here.
"""

from course_utils.errors import CourseError
from course_utils.models.encoders import vgg16
from course_utils.models.encoders.base import PREFIX, Stage

ENCODERS = {"vgg16": vgg16.vgg16}
IMAGENET_WEIGHTS = {"vgg16": vgg16.load_imagenet_weights}

__all__ = ["ENCODERS", "IMAGENET_WEIGHTS", "PREFIX", "Stage", "encode"]


def encode(x, encoder, width=1.0, dropout=0.0):
    """Applies the encoder called `encoder` to normalised images and returns its stages, fine to coarse.

    Raises:
        CourseError: there is no encoder of that name.
    """
    if encoder not in ENCODERS:
        raise CourseError(f"No encoder is called {encoder!r}. Choose one of: {', '.join(ENCODERS)}.")
    return ENCODERS[encoder](x, width, dropout)
