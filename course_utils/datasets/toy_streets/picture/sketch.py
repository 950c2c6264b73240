"""The drawing of a scene before it has a size: what is painted, in order, in picture widths.

Two lists grow side by side. *Objects* are the annotation: a class name and one polygon each, painted in order, exactly
as the files of Cityscapes hold them. *Shapes* are what the camera sees: polygons with a colour and a surface.
"""

import math
from itertools import chain, pairwise

import numpy as np
from PIL import Image, ImageDraw

from course_utils.datasets.toy_streets.picture.light import Color, Light
from course_utils.datasets.toy_streets.picture.textures import FLAT
from course_utils.datasets.toy_streets.plan.camera import Camera, Surface

_SHADOWS_SEEN = 70
"""Metres up to which shadows are drawn."""


class Sketch:
    """A scene as lists of polygons, independent of the size it will be rendered at.

    Args:
        camera: projects world points.
        light: shades colours.
    """

    def __init__(self, camera: Camera, light: Light):
        self.camera = camera
        self.light = light
        self.objects: list[tuple[str, list[tuple[float, float]]]] = []
        self.colors: list[Color] = []
        self.surfaces: list[Surface] = []
        self.surface_of: list[int] = []
        self._surface: Surface | None = None
        self._shapes: list[list[tuple[float, float]]] = []
        self._shadows: list[tuple[float, list[tuple[float, float]]]] = []

    def annotate(self, label: str, polygon) -> bool:
        """Add an object to the annotation; what lies outside the frame is cut off. Says whether any of it is seen."""
        polygon = clip_to_frame(polygon)
        if len(polygon) < 3:
            return False
        self.objects.append((label, polygon))
        return True

    def fill(self, polygon, color: Color, surface: Surface) -> None:
        """Paint a polygon."""
        self._shapes.append(polygon)
        self.colors.append(color)
        if surface is not self._surface:  # neighbours in the list mostly share one
            self._surface = surface
            self.surfaces.append(surface)
        self.surface_of.append(len(self.surfaces) - 1)

    def stroke(self, start, end, width: float, color: Color, surface: Surface) -> None:
        """Paint a straight bar between two picture points, `width` picture widths thick."""
        (u0, v0), (u1, v1) = start, end
        du, dv = u1 - u0, v1 - v0
        scale = 0.5 * width / max(math.sqrt(du * du + dv * dv), 1e-9)
        nu, nv = -dv * scale, du * scale
        self.fill([(u0 + nu, v0 + nv), (u1 + nu, v1 + nv), (u1 - nu, v1 - nv), (u0 - nu, v0 - nv)], color, surface)

    def shadow(self, ground_points, strength: float, base: float = 0.0) -> None:
        """Darken the hull of points (x, z) on ground that is `base` metres high; only ground is ever darkened."""
        if strength > 0.02 and ground_points[0][1] < _SHADOWS_SEEN:
            self._shadows.append((strength, hull([self.camera.point(x, base, z) for x, z in ground_points])))

    def cast_shadow(self, footprint, height: float, base: float = 0.0) -> None:
        """The shadow that the sun makes of something with this footprint [(x, z), ...] and height in metres."""
        dx, dz = self.light.sun_x * height, self.light.sun_z * height
        self.shadow([*footprint, *((x + dx, z + dz) for x, z in footprint)], self.light.shadow, base)

    def upright(self, z: float, texture=FLAT) -> Surface:
        return self.camera.upright(z, texture)

    def shape_image(self, height: int, width: int) -> np.ndarray:
        """Which shape is seen at each pixel, int32 [height, width]: an index into `colors`, `surface_of`."""
        image = Image.new("I", (width, height), 0)
        draw = ImageDraw.Draw(image)
        for number, polygon in enumerate(to_pixels(self._shapes, width)):
            draw.polygon(polygon, fill=number)
        return np.asarray(image)

    def shadow_image(self, height: int, width: int) -> np.ndarray:
        """How dark the shadow is at each pixel, uint8 [height, width], 255 for black."""
        image = Image.new("L", (width, height), 0)
        draw = ImageDraw.Draw(image)
        order = sorted(self._shadows, key=lambda shadow: shadow[0])
        for (strength, _), polygon in zip(order, to_pixels([p for _, p in order], width), strict=True):
            if len(polygon) >= 6:
                draw.polygon(polygon, fill=int(255 * strength))
        return np.asarray(image)


def to_pixels(polygons, width: int) -> list[list[int]]:
    """Polygons in picture widths to flat lists x, y, x, y, ... of whole pixels, the nearest to each corner."""
    numbers = np.fromiter(chain.from_iterable(chain.from_iterable(polygons)), np.float64)
    # Pillow draws corners inclusively, at pixel centres: a corner at u lies half a pixel left of u * width.
    flat = np.rint(numbers * width - 0.5).astype(np.int64).tolist()
    result, at = [], 0
    for polygon in polygons:
        result.append(flat[at : at + 2 * len(polygon)])
        at += 2 * len(polygon)
    return result


def hull(points) -> list[tuple[float, float]]:
    """Convex hull (Andrew's monotone chain)."""
    points = sorted(set(points))
    if len(points) < 3:
        return points
    result = []
    for ordered in (points, points[::-1]):
        chain = []
        for u, v in ordered:
            while len(chain) > 1 and (chain[-1][0] - chain[-2][0]) * (v - chain[-2][1]) <= (
                chain[-1][1] - chain[-2][1]
            ) * (u - chain[-2][0]):
                chain.pop()
            chain.append((u, v))
        result += chain[:-1]
    return result


def outline(lines) -> list[tuple[float, float]]:
    """Outline of all that lies between the upper and the lower envelope of some polylines [[(u, v), ...], ...]."""
    segments = [(a, b) if a[0] <= b[0] else (b, a) for line in lines for a, b in pairwise(line)]
    stops = sorted({u for line in lines for u, _ in line})
    top, bottom = [], []
    for left, right in pairwise(stops):
        over = [(a, b) for a, b in segments if a[0] <= left and b[0] >= right]
        for u in (left, right):
            heights = [a[1] + (b[1] - a[1]) * (u - a[0]) / (b[0] - a[0]) for a, b in over]
            if heights:
                top.append((u, min(heights)))
                bottom.append((u, max(heights)))
    return top + bottom[::-1]


def clip_to_frame(polygon) -> list[tuple[float, float]]:
    """A polygon cut off at the frame 0..1 by 0..0.5 (Sutherland and Hodgman)."""
    us, vs = [u for u, _ in polygon], [v for _, v in polygon]
    if min(us) >= 0 and max(us) <= 1 and min(vs) >= 0 and max(vs) <= 0.5:
        return polygon
    for axis, limit, sign in ((0, 0.0, 1), (0, 1.0, -1), (1, 0.0, 1), (1, 0.5, -1)):
        places = [corner[axis] for corner in polygon]
        if (min(places) >= limit) if sign > 0 else (max(places) <= limit):
            continue
        kept = []
        for start, end in zip([*polygon[-1:], *polygon[:-1]], polygon, strict=True):
            inside, was_inside = sign * (end[axis] - limit) >= 0, sign * (start[axis] - limit) >= 0
            if inside != was_inside:
                share = (limit - start[axis]) / (end[axis] - start[axis])
                other = start[1 - axis] + (end[1 - axis] - start[1 - axis]) * share
                kept.append((limit, other) if axis == 0 else (other, limit))
            if inside:
                kept.append(end)
        polygon = kept
        if not polygon:
            break
    return polygon
