"""A pinhole camera above a flat world, and the planes that it sees.

World: X metres to the right, Y metres above the road, Z metres ahead of the camera. Picture: u to the right and v down,
both in picture *widths*, so a 2:1 frame spans 0..1 by 0..0.5 whatever its size in pixels.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

NEAR = 2.0
"""Nothing is drawn nearer than this many metres."""

SKY, GROUND, SIDE, UPRIGHT = range(4)


class Texture(NamedTuple):
    """How a surface is roughened: which tile, its scale, its strength.

    Attributes:
        tile: index into `textures.tiles()`.
        scale: texels a metre.
        fine: strength of the tile.
        coarse: strength of broad stains.
        reach: metres up to which the pattern is seen at full strength; it fades beyond, as it would in a camera.
    """

    tile: int
    scale: float
    fine: float
    coarse: float
    reach: float


class Surface(NamedTuple):
    """A plane in the world with its texture: 1/Z = a + b u + c v at every picture point of it."""

    kind: int
    a: float
    b: float
    c: float
    texture: Texture


@dataclass(frozen=True)
class Camera:
    """Pinhole camera whose optical axis follows the road.

    Attributes:
        focal: focal length in picture widths (Cityscapes: about 1.1).
        height: metres above the road.
        u0, v0: the vanishing point of the road, in picture widths.
    """

    focal: float
    height: float
    u0: float
    v0: float

    def point(self, x: float, y: float, z: float) -> tuple[float, float]:
        """The picture point (u, v) of a world point; points nearer than `NEAR` are moved there."""
        scale = self.focal / (z if z > NEAR else NEAR)
        return self.u0 + scale * x, self.v0 + scale * (self.height - y)

    def polygon(self, points) -> list[tuple[float, float]]:
        return [self.point(*point) for point in points]

    def quad_on_ground(self, x0, x1, z0, z1, y=0.0):
        """Corners of a rectangle that lies on the ground."""
        near, far = self.focal / max(z0, NEAR), self.focal / max(z1, NEAR)
        low, high = self.v0 + near * (self.height - y), self.v0 + far * (self.height - y)
        u0 = self.u0
        return [(u0 + near * x0, low), (u0 + near * x1, low), (u0 + far * x1, high), (u0 + far * x0, high)]

    def quad_on_side(self, x, y0, y1, z0, z1):
        """Corners of a rectangle along the road, in the plane X = x."""
        near, far = self.focal / max(z0, NEAR), self.focal / max(z1, NEAR)
        u_near, u_far, v0 = self.u0 + near * x, self.u0 + far * x, self.v0
        low, high = self.height - y0, self.height - y1
        return [
            (u_near, v0 + near * low),
            (u_near, v0 + near * high),
            (u_far, v0 + far * high),
            (u_far, v0 + far * low),
        ]

    def quad_upright(self, x0, x1, y0, y1, z):
        """Corners of a rectangle that faces the camera."""
        scale = self.focal / max(z, NEAR)
        left, right = self.u0 + scale * x0, self.u0 + scale * x1
        low, high = self.v0 + scale * (self.height - y0), self.v0 + scale * (self.height - y1)
        return [(left, low), (right, low), (right, high), (left, high)]

    def ground(self, texture: Texture, y: float = 0.0) -> Surface:
        slope = 1 / (self.focal * (self.height - y))
        return Surface(GROUND, -self.v0 * slope, 0.0, slope, texture)

    def side(self, x: float, texture: Texture) -> Surface:
        slope = 1 / (self.focal * x)
        return Surface(SIDE, -self.u0 * slope, slope, 0.0, texture)

    def upright(self, z: float, texture: Texture) -> Surface:
        return Surface(UPRIGHT, 1 / max(z, NEAR), 0.0, 0.0, texture)


CIRCLE = 48
"""Steps of the unit circle table."""

# Rounded, so that the last bit of the machine's sine never decides a pixel.
UNIT_CIRCLE = [
    (round(math.cos(2 * math.pi * k / CIRCLE), 9), round(math.sin(2 * math.pi * k / CIRCLE), 9)) for k in range(CIRCLE)
]


def circle(steps: int) -> list[tuple[float, float]]:
    """`steps` points on the unit circle; `steps` divides `CIRCLE`."""
    return UNIT_CIRCLE[:: CIRCLE // steps]


def turn(degrees: float) -> tuple[float, float]:
    """Cosine and sine of an angle, rounded to be the same on every machine."""
    return round(math.cos(math.radians(degrees)), 9), round(math.sin(math.radians(degrees)), 9)
