"""The body of a vehicle: a side view extruded across, turned, projected and painted face by face."""

import math
from itertools import pairwise

from course_utils.datasets.toy_streets.picture import palettes, textures
from course_utils.datasets.toy_streets.picture.light import scaled
from course_utils.datasets.toy_streets.picture.sketch import Sketch, hull, outline
from course_utils.datasets.toy_streets.plan.camera import circle, turn


class Body:
    """A vehicle's place in the world and its shape.

    Args:
        x, z: middle of the vehicle on the ground, in metres.
        heading: degrees; 0 drives away from the camera, 180 towards it, 90 to the right.
        length, width, height: metres.
        profile: the side view.
        base: height of the ground, in metres.
    """

    def __init__(self, sketch: Sketch, x, z, heading, length, width, height, profile, base=0.0):
        self.sketch, self.x, self.z, self.base = sketch, x, z, base
        self.cosine, self.sine = turn(heading)
        self.length, self.width, self.height, self.profile = length, width, height, profile
        self.rings = {side: [self.point(*self.station(n, side)) for n in range(len(profile))] for side in (-1, 1)}
        self.seen = sketch.camera.focal * width / z  # in picture widths
        self.close = self.seen > 0.03  # enough for details

    def world(self, across: float, up: float, along: float) -> tuple[float, float, float]:
        """Metres right of the middle, above the ground, ahead of the middle, as seen by the driver, to the world."""
        c, s = self.cosine, self.sine
        return self.x + across * c + along * s, self.base + up, self.z + along * c - across * s

    def point(self, across, up, along):
        c, s = self.cosine, self.sine
        return self.sketch.camera.point(
            self.x + across * c + along * s, self.base + up, self.z + along * c - across * s
        )

    def station(self, number: int, side: int):
        """A corner of the profile on one side (-1 or 1) in local metres."""
        share, high, wide, _ = self.profile[number]
        return side * self.width / 2 * wide, high * self.height, (share - 0.5) * self.length

    def near(self) -> float:
        """Z of the nearest corner."""
        return self.z - abs(self.cosine) * self.length / 2 - abs(self.sine) * self.width / 2

    def footprint(self, margin: float = 0.0):
        w, half = self.width / 2 + margin, self.length / 2 + margin
        return [self.world(a, 0, b)[::2] for a, b in ((-w, -half), (w, -half), (w, half), (-w, half))]

    def silhouette(self):
        """Outline of all that is seen, in picture widths."""
        sides = [self.rings[-1], self.rings[1]]
        if self.seen < 0.05 and abs(self.sine) < 0.3:
            return hull(
                [*sides[0], *sides[1], *self.sketch.camera.polygon(self.world(a, 0, b) for a, b in self._ring(1, 0.8))]
            )
        skirt = [self.point(side * self.width * 0.47, 0, a * self.length) for side in (-1, 1) for a in (-0.38, 0.38)]
        lines = [*sides, *(list(pair) for pair in zip(*sides, strict=True)), hull(skirt)]
        lines += [[sides[n][k], point] for n in (0, 1) for k, point in ((0, skirt[2 * n]), (-1, skirt[2 * n + 1]))]
        return outline(lines)

    def draw(self, paint, glass, parts) -> None:
        """Paint all faces that look at the camera, far ones first.

        Args:
            paint, glass: colours.
            parts: maps "tail" and "nose" to functions of (body, corners, surface, brightness) for lamps and plates.
        """
        sketch, light = self.sketch, self.sketch.light
        near = max(self.near(), 2.5)
        surface = sketch.upright(near, textures.METAL)
        if self.seen > 0.014:  # the dark underside
            under = [self.point(a, 0.05, b) for a, b in self._ring(0.86, 0.96)]
            under += [self.point(a, 0.4, b) for a, b in self._ring(0.96, 0.98)]
            sketch.fill(hull(under), scaled(palettes.TYRE, 0.8), surface)
        if self.close:  # the tyres that show below the body
            for side in (-1, 1):
                for axle in self.axles()[:: len(self.axles()) - 1]:
                    across = side * self.width * 0.48
                    tyre = ((across, 0.0), (across - side * 0.22, 0.0), (across - side * 0.22, 0.6), (across, 0.6))
                    sketch.fill([self.point(a, up, axle) for a, up in tyre], palettes.TYRE, surface)
        faces = []
        for number, (low, high) in enumerate(pairwise(self.profile)):
            left, right = self.rings[-1], self.rings[1]
            seen = [left[number], right[number], right[number + 1], left[number + 1]]
            if _area(seen) >= 0:
                continue
            run, rise = (high[0] - low[0]) * self.length, (high[1] - low[1]) * self.height
            size = max(math.sqrt(run * run + rise * rise), 1e-6)
            out = -rise / size  # along the vehicle; upwards it is run / size
            bright = light.facing(out * self.sine, run / size, out * self.cosine)
            ahead = ((low[0] + high[0]) / 2 - 0.5) * self.length * self.cosine
            faces.append((-ahead, number, seen, low[3], bright))
        for _, _, seen, part, bright in sorted(faces, key=lambda face: face[:2]):
            color = glass if part == "glass" else paint
            sketch.fill(seen, scaled(color, bright), surface)
            if part == "glass" and self.close:
                # The pillars: glass does not reach the edges of its face.
                for start, end in ((0.0, 0.06), (0.94, 1.0)):
                    sketch.fill(inside(seen, start, 0, end, 1), scaled(paint, bright), surface)
            if part in parts and self.seen > 0.014:
                parts[part](self, seen, surface, bright)
        for side in (-1, 1):
            ring = self.rings[side]
            if _area(ring) * side > 0:
                bright = light.facing(side * self.cosine, 0.05, -side * self.sine)
                sketch.fill(ring, scaled(paint, bright), surface)
                parts["side"](self, side, surface, bright)
                self._wheels(side)

    def _ring(self, wide, long):
        w, half = self.width / 2 * wide, self.length / 2 * long
        return [(-w, -half), (w, -half), (w, half), (-w, half)]

    def _wheels(self, side: int) -> None:
        """Wheels of one side."""
        sketch = self.sketch
        radius = min(0.33 + 0.03 * max(0.0, self.height - 1.5), 0.5)
        for along in self.axles():
            surface = sketch.upright(max(self.world(0, 0, along)[2], 2.5))
            across = side * self.width / 2 * 0.99
            ring = [self.point(across, radius + radius * s, along + radius * c) for c, s in circle(12)]
            sketch.fill(ring, palettes.TYRE, surface)
            if self.close:
                hub = [self.point(across, radius + 0.55 * radius * s, along + 0.55 * radius * c) for c, s in circle(8)]
                sketch.fill(hub, scaled((148, 150, 152), sketch.light.front), surface)

    def axles(self):
        if self.length > 15:
            return [share * self.length for share in (-0.42, -0.14, 0.14, 0.42)]
        return (-0.31 * self.length, 0.31 * self.length)

    def panel(self, side, along0, along1, up0, up1, wide0=1.0, wide1=1.0):
        """A quad on the side of the vehicle; `along` and `up` as shares, `wide` at its lower and upper edge."""
        across0, across1 = side * self.width / 2 * wide0, side * self.width / 2 * wide1
        a0, a1 = (along0 - 0.5) * self.length, (along1 - 0.5) * self.length
        y0, y1 = up0 * self.height, up1 * self.height
        point = self.point
        return [point(across0, y0, a0), point(across1, y1, a0), point(across1, y1, a1), point(across0, y0, a1)]


def _area(polygon) -> float:
    """Twice the signed area in the picture; v runs downwards."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(polygon, [*polygon[1:], polygon[0]], strict=True))


def inside(quad, s0: float, t0: float, s1: float, t1: float):
    """A rectangle within a quad (left low, right low, right high, left high), in shares of its sides."""

    def at(s, t):
        low = [quad[0][k] + (quad[1][k] - quad[0][k]) * s for k in (0, 1)]
        high = [quad[3][k] + (quad[2][k] - quad[3][k]) * s for k in (0, 1)]
        return low[0] + (high[0] - low[0]) * t, low[1] + (high[1] - low[1]) * t

    return [at(s0, t0), at(s1, t0), at(s1, t1), at(s0, t1)]
