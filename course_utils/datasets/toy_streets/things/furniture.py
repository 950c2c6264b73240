"""Poles, traffic lights, signs, and the odds and ends that Cityscapes calls static and dynamic."""

from course_utils.datasets.toy_streets.picture import palettes, textures
from course_utils.datasets.toy_streets.picture.light import mix, scaled
from course_utils.datasets.toy_streets.picture.sketch import Sketch
from course_utils.datasets.toy_streets.plan.camera import circle
from course_utils.datasets.toy_streets.plan.street import KERB
from course_utils.datasets.toy_streets.random_source import RandomSource

RED, YELLOW, GREEN = (240, 58, 44), (246, 190, 58), (84, 226, 140)


def _pole(sketch: Sketch, x: float, z: float, height: float, thickness: float, color, base: float = KERB) -> None:
    camera = sketch.camera
    quad = camera.quad_upright(x - thickness / 2, x + thickness / 2, base, height, z)
    sketch.annotate("pole", quad)
    surface = sketch.upright(z, textures.METAL)
    sketch.fill(quad, scaled(color, sketch.light.front * 0.82), surface)
    lit, dark = (x - thickness / 2, x) if sketch.light.left > sketch.light.right else (x, x + thickness / 2)
    side = max(sketch.light.left, sketch.light.right)
    sketch.fill(camera.quad_upright(lit, dark, base, height, z), scaled(color, side), surface)
    sketch.cast_shadow([(x - thickness / 2, z), (x + thickness / 2, z)], height, base)


def lamp_post(sketch: Sketch, rng: RandomSource, x: float, z: float) -> None:
    """A street lamp with an arm over the road, or a lantern on top."""
    camera, light = sketch.camera, sketch.light
    color = rng.pick(palettes.STEELS)
    height = rng.uniform(5.5, 9)
    glow = palettes.LAMPLIGHT if light.dusk else scaled((214, 214, 208), light.front)
    surface = sketch.upright(z, textures.FLAT)
    _pole(sketch, x, z, height, rng.uniform(0.1, 0.17), color)
    if rng.chance(0.65):
        reach = -1.6 if x > 0 else 1.6
        arm = [camera.point(x, height, z), camera.point(x + reach, height + 0.35, z)]
        arm += [camera.point(x + reach, height + 0.22, z), camera.point(x, height - 0.16, z)]
        sketch.annotate("pole", arm)
        sketch.fill(arm, scaled(color, light.front), surface)
        head = camera.quad_upright(*sorted((x + reach, x + reach * 1.5)), height + 0.18, height + 0.4, z)
    else:
        head = camera.quad_upright(x - 0.26, x + 0.26, height, height + 0.5, z)
    sketch.annotate("static", head)
    sketch.fill(head, glow, surface)


def traffic_light(sketch: Sketch, rng: RandomSource, x: float, z: float, over_road: bool) -> None:
    """A pole with signals; with `over_road`, a second signal hangs from an arm above the lane."""
    camera, light = sketch.camera, sketch.light
    color = rng.pick(palettes.STEELS)
    height = 5.6 if over_road else 3.3
    _pole(sketch, x, z, height, 0.14, color)
    state = rng.integer(0, 2)
    heads = [(x, 2.25)]
    if over_road:
        end = x - 4.2 if x > 0 else x + 4.2
        arm = camera.quad_upright(*sorted((x, end)), height - 0.2, height, z)
        sketch.annotate("pole", arm)
        sketch.fill(arm, scaled(color, light.front), sketch.upright(z))
        heads.append((end, height - 1.0))
    for at, bottom in heads:
        box = camera.quad_upright(at - 0.22, at + 0.22, bottom, bottom + 1.05, z - 0.1)
        sketch.annotate("traffic light", box)
        surface = sketch.upright(z)
        sketch.fill(box, scaled((44, 46, 46), light.front), surface)
        for lamp, bright in enumerate((GREEN, YELLOW, RED)):
            lit = lamp == state
            u, v = camera.point(at, bottom + 0.2 + 0.33 * lamp, z - 0.1)
            radius = 0.145 * camera.focal / z
            disc = [(u + radius * c, v + radius * s) for c, s in circle(8)]
            sketch.fill(disc, bright if lit else scaled(bright, 0.25), surface)


def traffic_sign(sketch: Sketch, rng: RandomSource, x: float, z: float) -> None:
    """A sign or two on a pole: disc, triangle, diamond or board."""
    camera, light = sketch.camera, sketch.light
    low = rng.uniform(1.9, 2.4)
    count = rng.weighted([(1, 3), (2, 1)])
    _pole(sketch, x, z, low + 0.7 * count, 0.07, rng.pick(palettes.STEELS))
    surface = sketch.upright(z, textures.METAL)
    scale = camera.focal / z
    for number in range(count):
        kind = rng.weighted([("limit", 3), ("give way", 2), ("priority", 2), ("board", 3), ("blue", 2), ("stop", 1)])
        u, v = camera.point(x, low + 0.38 + 0.76 * number, z - 0.05)
        size = (0.38 if z < 25 else 0.44) * scale
        shade = light.front * 1.05

        def patch(points, share, color, u=u, v=v, size=size, shade=shade):
            shape = [(u + size * share * px, v + size * share * py) for px, py in points]
            sketch.fill(shape, scaled(color, shade), surface)
            return shape

        disc = circle(16)
        triangle = [(-1.05, -0.9), (1.05, -0.9), (0, 0.95)]
        diamond = [(0, -1.1), (1.1, 0), (0, 1.1), (-1.1, 0)]
        board = [(-1.3, -0.75), (1.3, -0.75), (1.3, 0.75), (-1.3, 0.75)]
        red, white, blue, amber = (196, 34, 36), (236, 236, 232), (36, 84, 162), (238, 190, 44)
        if kind == "limit":
            shape = patch(disc, 1, red)
            patch(disc, 0.72, white)
            patch([(-0.5, -0.4), (-0.1, -0.4), (-0.1, 0.4), (-0.5, 0.4)], 0.8, (40, 40, 40))
            patch([(0.1, -0.4), (0.5, -0.4), (0.5, 0.4), (0.1, 0.4)], 0.8, (40, 40, 40))
        elif kind == "give way":
            points = triangle if rng.chance(0.5) else [(px, -py) for px, py in triangle]
            shape = patch(points, 1, red)
            patch(points, 0.62, white)
        elif kind == "priority":
            shape = patch(diamond, 1, white)
            patch(diamond, 0.72, amber)
        elif kind == "blue":
            shape = patch(disc, 1, blue)
            patch(
                [(-0.18, 0.6), (-0.18, -0.1), (-0.5, -0.1), (0, -0.65), (0.5, -0.1), (0.18, -0.1), (0.18, 0.6)],
                1,
                white,
            )
        elif kind == "stop":
            shape = patch(circle(8), 1.05, red)
            patch([(-0.7, -0.2), (0.7, -0.2), (0.7, 0.2), (-0.7, 0.2)], 1, white)
        else:
            shape = patch(board, 1, rng.pick((amber, blue, white, (44, 110, 74))))
            patch([(-1, -0.3), (0.6, -0.3), (0.6, -0.1), (-1, -0.1)], 1, (60, 60, 64))
            patch([(-1, 0.15), (0.9, 0.15), (0.9, 0.35), (-1, 0.35)], 1, (60, 60, 64))
        sketch.annotate("traffic sign", shape)


def overhead_sign(sketch: Sketch, rng: RandomSource, x: float, z: float) -> None:
    """A direction board on two posts beside the road."""
    camera, light = sketch.camera, sketch.light
    width, height = rng.uniform(1.6, 2.8), rng.uniform(1.1, 1.7)
    color = rng.pick(palettes.STEELS)
    for at in (x - width * 0.35, x + width * 0.35):
        _pole(sketch, at, z, 2.3 + height, 0.12, color)
    board = camera.quad_upright(x - width / 2, x + width / 2, 2.1, 2.1 + height, z - 0.1)
    sketch.annotate("traffic sign", board)
    surface = sketch.upright(z, textures.METAL)
    back = rng.pick(((36, 84, 162), (238, 200, 60), (232, 232, 228)))
    ink = (236, 236, 232) if back[0] < 100 else (48, 48, 52)
    sketch.fill(board, scaled(ink, light.front), surface)
    inner = camera.quad_upright(x - width / 2 + 0.06, x + width / 2 - 0.06, 2.16, 2.04 + height, z - 0.1)
    sketch.fill(inner, scaled(back, light.front), surface)
    for line in range(2):
        y = 2.3 + height * (0.2 + 0.38 * line)
        bar = camera.quad_upright(x - width * 0.4, x + width * rng.uniform(0.0, 0.35), y - 0.1, y + 0.12, z - 0.1)
        sketch.fill(bar, scaled(ink, light.front), surface)


def bollards(sketch: Sketch, rng: RandomSource, x: float, z: float) -> None:
    """A row of bollards along the kerb."""
    color = rng.pick(palettes.STEELS)
    height = rng.uniform(0.8, 1.1)
    for number in reversed(range(rng.integer(2, 5))):
        _pole(sketch, x, z + 1.8 * number, height, 0.14, color)


def clutter(sketch: Sketch, rng: RandomSource, x: float, z: float) -> None:
    """Something void: a bin, a cabinet, an advertisement, a bench (static), boxes (dynamic), a heap (unlabeled)."""
    camera, light = sketch.camera, sketch.light
    kind = rng.weighted(
        [("bin", 3), ("cabinet", 2), ("poster", 2), ("bench", 1), ("boxes", 2), ("wheeled bin", 2), ("heap", 1)]
    )
    width, height = {
        "bin": (0.5, 0.95), "cabinet": (1.1, 1.3), "poster": (1.3, 2.4), "bench": (1.7, 0.85), "boxes": (0.9, 0.7),
        "wheeled bin": (0.65, 1.1), "heap": (1.6, 0.7),
    }[kind]  # fmt: skip
    color = rng.pick(palettes.WOODS if kind in ("bench", "boxes", "heap") else palettes.STEELS + palettes.DOORS)
    outer = camera.quad_upright(x - width / 2, x + width / 2, KERB, height, z)
    label = "unlabeled" if kind == "heap" else "dynamic" if kind in ("boxes", "wheeled bin") else "static"
    if not sketch.annotate(label, outer):
        return
    surface = sketch.upright(z, textures.WOODEN if kind in ("bench", "boxes") else textures.METAL)
    footprint = [(x - width / 2, z), (x + width / 2, z), (x + width / 2, z + 0.5), (x - width / 2, z + 0.5)]
    sketch.shadow(footprint, 0.4, KERB)
    sketch.fill(outer, scaled(color, light.front), surface)
    lid = camera.quad_upright(x - width / 2, x + width / 2, height * 0.9, height, z)
    sketch.fill(lid, scaled(color, light.front * 0.7), surface)
    if kind == "poster":
        inner = camera.quad_upright(x - width * 0.42, x + width * 0.42, 0.5, height * 0.94, z)
        picture = rng.pick(palettes.LIVERIES)
        sketch.fill(inner, scaled(mix(picture, (255, 255, 255), 0.2), light.front), surface)
        band = camera.quad_upright(x - width * 0.42, x + width * 0.42, 0.9, 1.4, z)
        sketch.fill(band, scaled(rng.pick(palettes.SHOPS), light.front), surface)


def bridge(sketch: Sketch, rng: RandomSource, z: float) -> None:
    """A bridge across the street (void in the evaluation)."""
    camera, light = sketch.camera, sketch.light
    low, high = rng.uniform(4.6, 5.5), rng.uniform(6.2, 7.6)
    color = rng.pick(palettes.STONES + palettes.STEELS)
    deck = camera.quad_upright(-90, 90, low, high, z)
    sketch.annotate("bridge", deck)
    sketch.fill(deck, scaled(color, light.front), sketch.upright(z, textures.BLOCKWORK))
    sketch.fill(camera.quad_upright(-90, 90, low, low + 0.5, z), scaled(color, light.front * 0.6), sketch.upright(z))
    sketch.shadow([(-40, z), (40, z), (40, z + 9), (-40, z + 9)], 0.5)
