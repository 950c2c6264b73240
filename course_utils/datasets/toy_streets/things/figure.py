"""Flat figures: cut-outs that stand upright on the ground."""

from itertools import pairwise

from course_utils.datasets.toy_streets.picture import textures
from course_utils.datasets.toy_streets.picture.light import scaled
from course_utils.datasets.toy_streets.picture.sketch import Sketch
from course_utils.datasets.toy_streets.plan.camera import circle, turn


class Figure:
    """A flat figure that stands on the ground, turned about its vertical axis.

    Args:
        x, z: where it stands, in metres.
        heading: degrees; at 0 the figure's own right is the camera's, at 90 it points away.
        base: height of the ground.
    """

    def __init__(self, sketch: Sketch, x, z, heading=0.0, base=0.0, texture=textures.CLOTH):
        self.sketch, self.x, self.z, self.base = sketch, x, z, base
        self.cosine, self.sine = turn(heading)
        self.surface = sketch.upright(z, texture)
        self.scale = sketch.camera.focal / z

    def at(self, along: float, up: float):
        return self.sketch.camera.point(self.x + along * self.cosine, self.base + up, self.z + along * self.sine)

    def fill(self, points, color, bright: float = 1.0):
        shape = [self.at(*point) for point in points]
        self.sketch.fill(shape, scaled(color, bright * self.sketch.light.front), self.surface)
        return shape

    def bar(self, start, end, width: float, color, bright: float = 1.0) -> None:
        color = scaled(color, bright * self.sketch.light.front)
        self.sketch.stroke(self.at(*start), self.at(*end), width * self.scale, color, self.surface)

    def limb(self, joints, widths, color, bright: float = 1.0) -> None:
        """A bent limb through some joints, each with its width."""
        for (start, end), width in zip(pairwise(joints), widths, strict=True):
            self.bar(start, end, width, color, bright)

    def disc(self, along, up, radius, color, bright: float = 1.0, squash: float = 1.0) -> None:
        self.fill([(along + radius * c, up + squash * radius * s) for c, s in circle(12)], color, bright)

    def ring(self, along, up, radius, thick, color) -> None:
        steps = circle(16)
        steps = [*steps, steps[0]]
        outer = [(along + radius * c, up + radius * s) for c, s in steps]
        inner = [(along + (radius - thick) * c, up + (radius - thick) * s) for c, s in steps]
        self.fill(outer + inner[::-1], color)
