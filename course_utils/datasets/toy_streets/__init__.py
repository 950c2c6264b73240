"""Toy Streets: procedural street scenes in the exact layout of Cityscapes, the data set that the course embeds.

A scene is planned in metres (`street`, `placing`), drawn as a list of polygons in picture widths (`sketch`) by the
modules that know its things (`buildings`, `nature`, `furniture`, `vehicles`, `cycles`, `people`), and turned into a
photograph of any size (`shading`) under some weather (`light`); `scene` is where it all comes together. `writer` puts
it on disk, and `card` makes it one of the course's data sets. Nothing here needs TensorFlow.
"""

from course_utils.datasets.toy_streets.scene import SPLITS, Scene, render
from course_utils.datasets.toy_streets.writer import (
    CITIES,
    COUNTS,
    MANIFEST,
    VERSION,
    description,
    frame_name,
    generate,
)

__all__ = [
    "CITIES",
    "COUNTS",
    "MANIFEST",
    "SPLITS",
    "VERSION",
    "Scene",
    "description",
    "frame_name",
    "generate",
    "render",
]
