"""Houses, walls and fences along the street, in perspective."""

from course_utils.datasets.toy_streets.picture import palettes, textures
from course_utils.datasets.toy_streets.picture.light import mix, scaled
from course_utils.datasets.toy_streets.picture.sketch import Sketch
from course_utils.datasets.toy_streets.random_source import RandomSource

DEPTH = 11.0
"""Depth of a house, away from the street, in metres."""


def house(sketch: Sketch, rng: RandomSource, x: float, z0: float, z1: float, storeys: int, free: bool = True) -> float:
    """A house whose front lies in the plane X = x, from Z = z0 to z1; with `free`, its near gable is in view.

    Returns:
        Its height to the eaves, in metres.
    """
    camera, light = sketch.camera, sketch.light
    side = 1 if x > 0 else -1
    facing = light.left if side > 0 else light.right
    brick = rng.chance(0.28)
    color = rng.pick(palettes.BRICKS if brick else palettes.FACADES)
    color = scaled(color, rng.uniform(0.82, 1.08))
    texture = textures.BRICKWORK if brick else textures.PLASTER
    storey = rng.uniform(2.8, 3.6)
    ground_floor = storey * rng.uniform(1.0, 1.25)
    height = ground_floor + storey * (storeys - 1) + rng.uniform(0.3, 0.9)
    back = x + side * DEPTH
    pitched = rng.chance(0.65)
    rise = DEPTH / 2 * rng.uniform(0.7, 1.25) if pitched else 0.0
    ridge = x + side * DEPTH / 2
    roof_seen = rise / (DEPTH / 2) > (height - camera.height) / abs(x)

    point = camera.point
    top = [point(x, height, z1)]
    if roof_seen:
        top += [point(ridge, height + rise, z1)]
    if pitched:
        top += [point(ridge, height + rise, z0)]
    shape = [point(x, 0, z1), *top, point(back, height, z0), point(back, 0, z0), point(x, 0, z0)]
    sketch.annotate("building", shape)

    gable = [point(back, 0, z0), point(back, height, z0)]
    if pitched:
        gable.append(point(ridge, height + rise, z0))
    gable += [point(x, height, z0), point(x, 0, z0)]
    sketch.fill(gable, scaled(color, light.front * 0.97), sketch.upright(z0, texture))
    front = camera.side(x, texture)
    sketch.fill(camera.quad_on_side(x, 0, height, z0, z1), scaled(color, facing), front)
    if roof_seen:
        roof = [
            point(x, height, z0),
            point(x, height, z1),
            point(ridge, height + rise, z1),
            point(ridge, height + rise, z0),
        ]
        tiles = scaled(rng.pick(palettes.ROOFS), (facing + light.up) / 2)
        sketch.fill(roof, tiles, camera.side(x, textures.TILED))
    trim = mix(color, rng.pick(((240, 238, 232), (110, 104, 98))), 0.6)
    # Eaves with their gutter, and a plinth.
    sketch.fill(camera.quad_on_side(x, height - 0.35, height, z0, z1), scaled(trim, facing * 0.92), front)
    sketch.fill(camera.quad_on_side(x, 0, rng.uniform(0.3, 0.8), z0, z1), scaled(color, facing * 0.75), front)
    if rng.chance(0.4):
        sketch.fill(
            camera.quad_on_side(x, ground_floor - 0.12, ground_floor + 0.12, z0, z1), scaled(trim, facing), front
        )
    _windows(sketch, rng, x, z0, z1, storeys, storey, ground_floor, color, facing)
    if free and rng.chance(0.7):
        _gable_windows(sketch, rng, x, z0, side, storeys, storey, ground_floor)
    # A downpipe marks the joint between neighbours.
    if rng.chance(0.5):
        pipe = camera.quad_on_side(x, 0, height, z1 - 0.3, z1 - 0.15)
        sketch.fill(pipe, scaled(color, facing * 0.6), front)
    return height


def _windows(sketch, rng, x, z0, z1, storeys, storey, ground_floor, color, facing) -> None:
    """Rows of windows, a door or a shop on the ground floor."""
    camera, light = sketch.camera, sketch.light
    front = camera.side(x, textures.FLAT)
    step = rng.uniform(2.1, 3.6)
    count = max(1, int((z1 - z0 - 0.6) / step))
    step = (z1 - z0 - 0.6) / count
    wide = step * rng.uniform(0.36, 0.62)
    tall = storey * rng.uniform(0.45, 0.62)
    sill = storey * 0.28
    frame = scaled(rng.pick(palettes.FRAMES), facing)
    ribbon = rng.chance(0.12)
    shutters = not ribbon and rng.chance(0.18)
    shutter = scaled(rng.pick(palettes.DOORS), facing)
    balconies = rng.chance(0.2) and not ribbon
    rail = scaled(rng.pick(palettes.STEELS), facing)
    shop = storeys > 2 and rng.chance(0.4)
    sky = light.horizon
    scale = camera.focal * abs(x)
    far = scale * (1 / z0 - 1 / (z0 + step)) < 0.004  # too far to tell one window from the next

    def pane():
        if light.dusk and rng.chance(0.4):
            return mix(palettes.LAMPLIGHT, (190, 120, 60), rng.uniform(0, 0.6))
        glass = mix(palettes.GLASS, sky, rng.uniform(0.0, 0.42))
        return scaled(mix(glass, (220, 214, 200), 0.45) if rng.chance(0.15) else glass, facing)

    for floor in range(storeys):
        low = ground_floor + storey * (floor - 1) + sill if floor else 0.95
        high = low + tall if floor else min(low + tall, ground_floor - 0.35)
        if camera.point(x, low, z1)[1] < 0:
            break
        if floor == 0 and shop:
            _shop(sketch, rng, x, z0, z1, ground_floor, facing, pane)
            continue
        if ribbon or far:
            sketch.fill(
                camera.quad_on_side(x, low, high, z0 + 0.4, z1 - 0.4), mix(color, pane(), 0.5 if far else 1), front
            )
            if far:
                continue
        door = rng.integer(0, count - 1) if floor == 0 else -1
        for column in range(count):
            start = z0 + 0.3 + step * column + (step - wide) / 2
            seen = scale * (1 / start - 1 / (start + wide))
            if not 0 <= camera.point(x, low, start + wide)[0] <= 1:
                continue
            if column == door:
                quad = camera.quad_on_side(x, 0.1, 2.3, start, start + min(wide, 1.3))
                sketch.fill(quad, scaled(rng.pick(palettes.DOORS), facing), front)
                continue
            if ribbon:
                if seen > 0.004:
                    sketch.fill(camera.quad_on_side(x, low, high, start, start + 0.12), frame, front)
                continue
            if seen > 0.006:
                rim = camera.quad_on_side(x, low - 0.12, high + 0.1, start - 0.1, start + wide + 0.1)
                sketch.fill(rim, frame, front)
            sketch.fill(camera.quad_on_side(x, low, high, start, start + wide), pane(), front)
            if seen > 0.012:
                middle = start + wide / 2
                sketch.fill(camera.quad_on_side(x, low, high, middle - 0.04, middle + 0.04), frame, front)
                across = low + (high - low) * 0.66
                sketch.fill(camera.quad_on_side(x, across - 0.03, across + 0.03, start, start + wide), frame, front)
            if shutters and seen > 0.004:
                for leaf in (start - 0.45, start + wide + 0.05):
                    sketch.fill(camera.quad_on_side(x, low, high, leaf, leaf + 0.4), shutter, front)
            if balconies and floor and column % 2 == 0 and seen > 0.004:
                quad = camera.quad_on_side(x, low - 0.5, low + 0.45, start - 0.4, start + wide + 0.4)
                sketch.fill(quad, rail, camera.side(x, textures.WOODEN))


def _shop(sketch, rng, x, z0, z1, ground_floor, facing, pane) -> None:
    camera = sketch.camera
    front = camera.side(x, textures.FLAT)
    brand = scaled(rng.pick(palettes.SHOPS), facing)
    top = ground_floor - 0.2
    sketch.fill(camera.quad_on_side(x, top - 0.6, top, z0 + 0.3, z1 - 0.3), brand, front)
    width = (z1 - z0 - 1) / 3
    for part in range(3):
        start = z0 + 0.5 + part * width
        quad = camera.quad_on_side(x, 0.5 if part != 1 else 0.1, top - 0.7, start + 0.1, start + width - 0.1)
        sketch.fill(quad, pane(), front)
    if rng.chance(0.35):
        # An awning leans out over the pavement.
        out = x - (0.9 if x > 0 else -0.9)
        point = camera.point
        awning = [point(x, top - 0.6, z0 + 0.5), point(out, top - 1.2, z0 + 0.5)]
        awning += [point(out, top - 1.2, z1 - 0.5), point(x, top - 0.6, z1 - 0.5)]
        sketch.annotate("building", awning)
        sketch.fill(awning, scaled(rng.pick(palettes.SHOPS), sketch.light.up * 0.9), front)


def _gable_windows(sketch, rng, x, z, side, storeys, storey, ground_floor) -> None:
    camera, light = sketch.camera, sketch.light
    surface = sketch.upright(z)
    frame = scaled(rng.pick(palettes.FRAMES), light.front)
    for floor in range(storeys):
        low = 1.0 if floor == 0 else ground_floor + storey * (floor - 1) + 0.9
        for offset in (2.2, 5.6, 8.2):
            x0 = x + side * offset
            quad = camera.quad_upright(*sorted((x0, x0 + side * 1.1)), low, low + 1.4, z)
            if quad[1][0] < 0 or quad[0][0] > 1:
                continue
            rim = camera.quad_upright(*sorted((x0 - side * 0.1, x0 + side * 1.2)), low - 0.1, low + 1.5, z)
            sketch.fill(rim, frame, surface)
            glass = mix(palettes.GLASS, light.horizon, rng.uniform(0, 0.4))
            sketch.fill(quad, scaled(glass, light.front), surface)


def wall(sketch: Sketch, rng: RandomSource, x: float, z0: float, z1: float) -> None:
    """A garden wall or a concrete wall along the street."""
    camera, light = sketch.camera, sketch.light
    facing = light.left if x > 0 else light.right
    height = rng.uniform(1.3, 2.9)
    texture = rng.pick((textures.PLASTER, textures.BRICKWORK, textures.BLOCKWORK))
    color = rng.pick(palettes.BRICKS if texture is textures.BRICKWORK else palettes.STONES + palettes.FACADES)
    quad = camera.quad_on_side(x, 0, height, z0, z1)
    end = camera.quad_upright(*sorted((x, x + (0.3 if x > 0 else -0.3))), 0, height, z0)
    for shape, brightness, surface in (
        (end, light.front, sketch.upright(z0, texture)),
        (quad, facing, camera.side(x, texture)),
    ):
        sketch.annotate("wall", shape)
        sketch.fill(shape, scaled(color, brightness), surface)
    cap = camera.quad_on_side(x, height - 0.14, height, z0, z1)
    sketch.fill(cap, scaled(color, facing * rng.pick((0.8, 1.15))), camera.side(x, texture))
    if rng.chance(0.3):
        for _ in range(rng.integer(1, 3)):
            start = rng.uniform(z0, z1 - 1.5)
            tag = camera.quad_on_side(x, 0.4, height * 0.7, start, start + rng.uniform(0.8, 1.5))
            sketch.fill(tag, scaled(rng.pick(palettes.SHOPS), facing), camera.side(x, textures.PLASTER))


def fence(sketch: Sketch, rng: RandomSource, x: float, z0: float, z1: float) -> None:
    """A fence along the street: boards, pickets or railings that one sees through."""
    camera, light = sketch.camera, sketch.light
    facing = light.left if x > 0 else light.right
    kind = rng.pick(("boards", "pickets", "railing", "mesh"))
    height = rng.uniform(1.0, 1.9)
    color = scaled(
        rng.pick(palettes.STEELS if kind in ("railing", "mesh") else palettes.WOODS + palettes.FACADES), facing
    )
    sketch.annotate("fence", camera.quad_on_side(x, 0, height, z0, z1))
    plain = camera.side(x, textures.FLAT)
    if kind == "boards":
        sketch.fill(camera.quad_on_side(x, 0, height, z0, z1), color, camera.side(x, textures.WOODEN))
    bars = (0.12, height - 0.2) if kind != "mesh" else (0.05, height / 3, height * 2 / 3, height - 0.05)
    for y in bars:
        sketch.fill(camera.quad_on_side(x, y, y + 0.09, z0, z1), scaled(color, 0.85), plain)
    step, thick = {"boards": (2.5, 0.12), "pickets": (0.24, 0.13), "railing": (0.2, 0.05), "mesh": (0.35, 0.03)}[kind]
    z = z0
    while z < z1:
        near = max(step, z * z * 0.0011)
        if 0 <= camera.point(x, 0, z)[0] <= 1:
            width = thick * near / step if kind != "boards" else thick
            sketch.fill(
                camera.quad_on_side(x, 0, height + (0.1 if kind == "boards" else 0), z, z + width), color, plain
            )
        z += near
