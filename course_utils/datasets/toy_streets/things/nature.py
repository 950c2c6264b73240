"""Trees, hedges and bushes."""

import math

from course_utils.datasets.toy_streets.picture import palettes, textures
from course_utils.datasets.toy_streets.picture.light import mix, scaled
from course_utils.datasets.toy_streets.picture.sketch import Sketch
from course_utils.datasets.toy_streets.plan.camera import circle
from course_utils.datasets.toy_streets.random_source import RandomSource


def season(rng: RandomSource) -> list:
    """The leaf colours of a scene."""
    return rng.weighted([(palettes.SUMMER, 6), (palettes.SPRING, 2), (palettes.AUTUMN, 2)])


# Bumpy outlines around the unit circle, made once.
_MAKER = RandomSource(71)
_CROWNS = [[(a * r, b * r) for a, b in circle(16) for r in (_MAKER.uniform(0.86, 1.12),)] for _ in range(24)]
_CONIFERS = [[(a * (0.55 + 0.45 * b) if b < 0 else a, b) for a, b in crown] for crown in _CROWNS]
_BLOTS = [[(a * r, b * r) for a, b in circle(8) for r in (_MAKER.uniform(0.78, 1.2),)] for _ in range(24)]


def _clump(sketch, rng, u, v, radius, squash, color, surface) -> None:
    """A bumpy patch of leaves around a picture point."""
    high = radius * squash
    sketch.fill([(u + radius * a, v + high * b) for a, b in rng.pick(_BLOTS)], color, surface)


def tree(sketch: Sketch, rng: RandomSource, x: float, z: float, height: float, leaves: list) -> None:
    """A tree: trunk, crown in clumps that are light towards the sun and dark beneath. Trunks count as vegetation."""
    camera, light = sketch.camera, sketch.light
    scale = camera.focal / z
    middle = camera.u0 + x * scale
    if not -0.5 * height * scale < middle < 1 + 0.5 * height * scale:
        return
    kind = rng.weighted([("round", 5), ("tall", 2), ("conifer", 1)])
    width = {"round": 0.36, "tall": 0.2, "conifer": 0.22}[kind] * height * rng.uniform(0.8, 1.2)
    bare = rng.uniform(0.22, 0.36) * height if kind != "conifer" else 0.1 * height
    color = scaled(rng.pick(leaves), rng.uniform(0.8, 1.15))
    if kind == "conifer":
        color = mix(color, (44, 70, 50), 0.7)
    trunk = 0.035 * height * rng.uniform(0.7, 1.2) / 2
    bark = scaled(rng.pick(palettes.BARKS), (light.front + light.left) / 2)
    leafy = sketch.upright(z, textures.FOLIAGE)
    stem = camera.quad_upright(x - trunk, x + trunk, 0, bare + height * 0.2, z)
    sketch.annotate("vegetation", stem)
    sketch.fill(stem, bark, sketch.upright(z, textures.WOODEN))
    u, v = camera.point(x, (bare + height) / 2, z)
    across, along = width * scale, (height - bare) / 2 * scale
    sketch.cast_shadow([(x - width * 0.7, z - 1), (x + width * 0.7, z + 1)], height * 0.7)
    sketch.shadow([(x - width * 0.5, z - 0.8), (x + width * 0.5, z - 0.8), (x, z + 1)], 0.2)

    crown = rng.pick(_CONIFERS if kind == "conifer" else _CROWNS)
    crown = [(u + across * a, v + along * b) for a, b in crown]
    if not sketch.annotate("vegetation", crown):
        return
    shade = (light.front + light.up) / 2
    sketch.fill(crown, scaled(color, shade * 0.72), leafy)
    sunward = -1 if light.right < light.left else 1
    count = 16 if across > 0.06 else 7 if across > 0.02 else 4
    for number in range(count):
        # From the dark underside to the bright top, so that later clumps lie over earlier ones.
        level = number / (count - 1)
        sine = 0.72 - 1.45 * level + rng.uniform(-0.15, 0.15)
        reach = math.sqrt(max(0.1, 1 - sine * sine)) * 0.78
        if kind == "conifer":
            reach *= 0.95 - 0.6 * level
        cosine = rng.uniform(-reach, reach)
        bright = 0.74 + 0.42 * level + 0.2 * cosine * sunward * (1 if light.shadow else 0.2) + rng.uniform(-0.06, 0.06)
        radius = across * rng.uniform(0.2, 0.36)
        _clump(
            sketch, rng, u + across * cosine, v + along * sine * 0.9, radius, 0.8, scaled(color, shade * bright), leafy
        )


def bush(sketch: Sketch, rng: RandomSource, x: float, z: float, width: float, height: float, leaves: list) -> None:
    """A bush that stands on the ground."""
    camera, light = sketch.camera, sketch.light
    scale = camera.focal / z
    u, v = camera.point(x, height * 0.45, z)
    color = scaled(rng.pick(leaves), rng.uniform(0.75, 1.05))
    leafy = sketch.upright(z, textures.FOLIAGE)
    shape = [(u + width / 2 * scale * c * rng.uniform(0.9, 1.1), v + height / 2 * scale * s) for c, s in circle(12)]
    if not sketch.annotate("vegetation", shape):
        return
    sketch.fill(shape, scaled(color, light.front * 0.8), leafy)
    sketch.shadow([(x - width / 2, z - 0.3), (x + width / 2, z - 0.3), (x, z + 0.5)], 0.3)
    for number in range(5):
        du, dv = rng.uniform(-0.3, 0.3) * width * scale, (0.25 - 0.13 * number) * height * scale
        _clump(
            sketch,
            rng,
            u + du,
            v + dv,
            width * scale * 0.17,
            0.8,
            scaled(color, light.up * (0.8 + 0.08 * number)),
            leafy,
        )


def hedge(sketch: Sketch, rng: RandomSource, x: float, z0: float, z1: float, leaves: list) -> None:
    """A clipped hedge along the street."""
    camera, light = sketch.camera, sketch.light
    facing = light.left if x > 0 else light.right
    height = rng.uniform(0.9, 2.4)
    color = scaled(rng.pick(leaves), rng.uniform(0.75, 1.0))
    top = []
    z = z0
    while z < z1:
        top.append(camera.point(x, height * rng.uniform(0.94, 1.07), z))
        z += max(0.6, z * 0.05)
    shape = [camera.point(x, 0, z0), *top, camera.point(x, height, z1), camera.point(x, 0, z1)]
    end = camera.quad_upright(*sorted((x, x + (1.2 if x > 0 else -1.2))), 0, height, z0)
    for polygon, brightness, surface in (
        (end, light.front, sketch.upright(z0, textures.FOLIAGE)),
        (shape, facing, camera.side(x, textures.FOLIAGE)),
    ):
        sketch.annotate("vegetation", polygon)
        sketch.fill(polygon, scaled(color, brightness * 0.9), surface)
    rim = [camera.point(x, height * 0.86, z0), *top, camera.point(x, height, z1), camera.point(x, height * 0.86, z1)]
    sketch.fill(rim, scaled(color, light.up * 1.02), camera.side(x, textures.FOLIAGE))


def treeline(sketch: Sketch, rng: RandomSource, x0: float, x1: float, z: float, height: float, leaves: list) -> None:
    """A distant row of trees across the view."""
    camera, light = sketch.camera, sketch.light
    color = rng.pick(leaves)
    surface = sketch.upright(z, textures.FOLIAGE)
    count = max(6, int((x1 - x0) / 5))
    top = [camera.point(x0 + (x1 - x0) * k / count, height * rng.uniform(0.6, 1.0), z) for k in range(count + 1)]
    shape = [camera.point(x0, 0, z), *top, camera.point(x1, 0, z)]
    sketch.annotate("vegetation", shape)
    sketch.fill(shape, scaled(color, light.front * 0.8), surface)
    scale = camera.focal / z
    for u, v in top[::2]:
        radius = height * 0.28 * scale
        tint = scaled(color, light.up * rng.uniform(0.8, 1.1))
        _clump(sketch, rng, u, v + radius * 0.9, radius, 0.9, tint, surface)
