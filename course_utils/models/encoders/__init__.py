"""Encoders: one file each. `ENCODERS` maps the names that models take to the functions that build them."""

from course_utils.errors import CourseError
from course_utils.models.encoders.base import PREFIX, Stage
from course_utils.models.encoders.vgg16 import vgg16

ENCODERS = {"vgg16": vgg16}

__all__ = ["ENCODERS", "PREFIX", "Stage", "encode"]


def encode(x, encoder, width=1.0, dropout=0.0):
    """Applies the encoder called `encoder` to normalised images and returns its stages, fine to coarse.

    Raises:
        CourseError: there is no encoder of that name.
    """
    if encoder not in ENCODERS:
        raise CourseError(f"No encoder is called {encoder!r}. Choose one of: {', '.join(ENCODERS)}.")
    return ENCODERS[encoder](x, width, dropout)
