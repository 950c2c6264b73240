"""Cars, trucks, buses and trams: profiles, paint, windows, lamps."""

from course_utils.datasets.toy_streets.picture import palettes
from course_utils.datasets.toy_streets.picture.light import mix, scaled
from course_utils.datasets.toy_streets.picture.sketch import Sketch
from course_utils.datasets.toy_streets.random_source import RandomSource
from course_utils.datasets.toy_streets.things.body import Body, inside

# A profile runs from the rear bumper over the roof to the front bumper: (length, height and width share, part).
# The part names what lies between a point and the next one.
_SALOON = [
    (0.00, 0.22, 0.94, "tail"), (0.00, 0.62, 1.00, "paint"), (0.13, 0.68, 0.97, "glass"), (0.27, 0.96, 0.76, "paint"),
    (0.55, 1.00, 0.76, "glass"), (0.72, 0.66, 0.97, "paint"), (0.97, 0.54, 0.98, "nose"), (1.00, 0.20, 0.94, "end"),
]  # fmt: skip
_HATCHBACK = [
    (0.00, 0.20, 0.94, "tail"), (0.00, 0.58, 1.00, "glass"), (0.09, 0.95, 0.78, "paint"), (0.20, 1.00, 0.77, "paint"),
    (0.52, 1.00, 0.77, "glass"), (0.73, 0.63, 0.97, "paint"), (0.97, 0.50, 0.98, "nose"), (1.00, 0.18, 0.94, "end"),
]  # fmt: skip
_VAN = [
    (0.00, 0.15, 0.96, "tail"), (0.00, 0.55, 1.00, "glass"), (0.03, 0.97, 0.90, "paint"), (0.08, 1.00, 0.88, "paint"),
    (0.70, 1.00, 0.88, "glass"), (0.86, 0.56, 0.98, "paint"), (0.98, 0.45, 0.98, "nose"), (1.00, 0.14, 0.94, "end"),
]  # fmt: skip
_BOX = [
    (0.00, 0.12, 1.00, "tail"), (0.00, 0.97, 1.00, "paint"), (0.01, 1.00, 0.98, "paint"), (0.97, 1.00, 0.98, "paint"),
    (1.00, 0.95, 1.00, "nose"), (1.00, 0.12, 1.00, "end"),
]  # fmt: skip


def _finish(body: Body, label: str, paint, glass, parts) -> None:
    """Shadow, annotation, then paint."""
    sketch = body.sketch
    if not sketch.annotate(label, body.silhouette()):
        return
    sketch.shadow(body.footprint(0.25), 0.42)
    sketch.shadow(body.footprint(0.0), 0.66)
    sketch.cast_shadow(body.footprint(), body.height * 0.9)
    body.draw(paint, glass, parts)


def _glass(sketch: Sketch, rng: RandomSource):
    return mix((40, 46, 54), sketch.light.horizon, rng.uniform(0.08, 0.35))


def car(
    sketch: Sketch, rng: RandomSource, x: float, z: float, heading: float, driving: bool, base: float = 0.0
) -> None:
    """A car: saloon, hatchback, sport utility or van."""
    kind = rng.weighted([("saloon", 4), ("hatchback", 4), ("utility", 2), ("van", 1)])
    profile = {"saloon": _SALOON, "hatchback": _HATCHBACK, "utility": _HATCHBACK, "van": _VAN}[kind]
    length = {"saloon": 4.6, "hatchback": 4.0, "utility": 4.5, "van": 5.0}[kind] * rng.uniform(0.95, 1.05)
    height = {"saloon": 1.44, "hatchback": 1.5, "utility": 1.7, "van": 2.05}[kind] * rng.uniform(0.97, 1.04)
    width = 1.95 if kind == "van" else rng.uniform(1.74, 1.88)
    body = Body(sketch, x, z, heading, length, width, height, profile, base)
    paint = scaled(rng.pick(palettes.PAINTS), rng.uniform(0.88, 1.1))
    glass = _glass(sketch, rng)
    braking = driving and rng.chance(0.4)
    lamps_on = driving and (sketch.light.dusk or sketch.light.wet or rng.chance(0.25))
    belt = {"saloon": 0.67, "hatchback": 0.62, "utility": 0.62, "van": 0.57}[kind]

    def tail(body, quad, surface, bright):
        lamp = (236, 44, 36) if braking or lamps_on else scaled((158, 28, 28), bright)
        sketch.fill(inside(quad, 0, 0, 1, 0.3), scaled(mix(paint, (40, 40, 42), 0.6), bright), surface)
        for s0, s1 in ((0.03, 0.2), (0.8, 0.97)):
            sketch.fill(inside(quad, s0, 0.55, s1, 0.88), lamp, surface)
        sketch.fill(inside(quad, 0.37, 0.34, 0.63, 0.5), scaled((226, 226, 220), bright), surface)

    def nose(body, quad, surface, bright):
        # The quad of the front runs from its upper edge down.
        lamp = (255, 250, 228) if lamps_on else scaled((206, 212, 214), bright)
        sketch.fill(inside(quad, 0, 0.7, 1, 1), scaled((46, 46, 50), bright), surface)
        sketch.fill(inside(quad, 0.27, 0.1, 0.73, 0.5), scaled((38, 38, 42), bright), surface)
        for s0, s1 in ((0.03, 0.22), (0.78, 0.97)):
            sketch.fill(inside(quad, s0, 0.06, s1, 0.38), lamp, surface)
        sketch.fill(inside(quad, 0.38, 0.55, 0.62, 0.7), scaled((226, 226, 220), bright), surface)

    def side(body, side, surface, bright):
        if not body.close:
            band = body.panel(side, 0.15, 0.68, belt * 1.04, 0.93, 0.985, 0.81)
            sketch.fill(band, scaled(glass, bright), surface)
            return
        a0, a1 = (0.17, 0.67) if kind == "saloon" else (0.08, 0.68)
        if kind == "van":
            a1 = 0.8
        top0, top1 = (0.29, 0.54) if kind == "saloon" else (0.13, 0.52)
        if kind == "van":
            top0, top1 = 0.07, 0.69
        low, high = belt * 1.04, 0.93
        corners = []
        for along, up, wide in ((a0, low, 0.985), (top0, high, 0.81), (top1, high, 0.81), (a1, low, 0.985)):
            corners.append(body.panel(side, along, along, up, up, wide, wide)[0])
        dark = scaled(glass, bright)
        sketch.fill(corners, dark, surface)
        for pillar in (0.34, 0.5):
            post = body.panel(side, pillar, pillar + 0.015, low, high, 0.99, 0.815)
            sketch.fill(post, scaled(paint, bright * 0.8), surface)
        sketch.fill(body.panel(side, 0.02, 0.98, 0.2, 0.3), scaled(paint, bright * 0.6), surface)
        sketch.fill(body.panel(side, 0.02, 0.93, 0.485, 0.505), scaled(paint, bright * 0.8), surface)

    _finish(body, "car", paint, glass, {"tail": tail, "nose": nose, "side": side})


def box_vehicle(sketch: Sketch, rng: RandomSource, label: str, x: float, z: float, heading: float) -> None:
    """A bus, a train (tram), a caravan or a trailer: a long box with a band of windows."""
    length, width, height = {
        "bus": (rng.uniform(10.5, 13), 2.5, rng.uniform(2.95, 3.25)),
        "train": (rng.uniform(24, 34), 2.4, rng.uniform(3.4, 3.7)),
        "caravan": (5.4, 2.2, 2.5),
        "trailer": (3.2, 1.9, 1.7),
    }[label]
    body = Body(sketch, x, z, heading, length, width, height, _BOX)
    paint = scaled(rng.pick(palettes.LIVERIES), rng.uniform(0.88, 1.05))
    second = rng.pick(palettes.LIVERIES)
    glass = _glass(sketch, rng)
    windowed = label in ("bus", "train")
    lit = sketch.light.dusk
    window = mix(palettes.LAMPLIGHT, (180, 150, 110), 0.4) if lit else glass

    def end(quad, surface, bright, front, flip):
        def part(s0, t0, s1, t1, color):
            sketch.fill(inside(quad, s0, 1 - t1 if flip else t0, s1, 1 - t0 if flip else t1), color, surface)

        part(0, 0, 1, 0.14, scaled(mix(paint, (40, 40, 44), 0.65), bright))
        if not windowed:
            part(0.2, 0.5, 0.8, 0.85, scaled(glass, bright))
        else:
            part(0.07, 0.36 if front else 0.5, 0.93, 0.84, scaled(glass, bright))
            if front or label == "train":
                part(0.2, 0.87, 0.8, 0.96, (240, 170, 60) if front else scaled((50, 50, 54), bright))
            part(0, 0.2, 1, 0.3, scaled(second, bright))
        lamp = ((255, 250, 228) if lit else scaled((214, 218, 218), bright)) if front else (190, 36, 32)
        for s0, s1 in ((0.05, 0.17), (0.83, 0.95)):
            part(s0, 0.15, s1, 0.22 if front else 0.28, lamp)

    def side(body, side, surface, bright):
        sketch.fill(body.panel(side, 0, 1, 0.12, 0.3), scaled(second if windowed else paint, bright * 0.9), surface)
        sketch.fill(body.panel(side, 0, 1, 0.93, 0.99), scaled(paint, bright * 0.85), surface)
        if not windowed:
            sketch.fill(body.panel(side, 0.3, 0.7, 0.5, 0.8), scaled(glass, bright), surface)
            return
        sketch.fill(body.panel(side, 0.015, 0.985, 0.46, 0.84), window if lit else scaled(window, bright), surface)
        count = 7 if label == "bus" else 14
        for number in range(1, count):
            post = body.panel(side, number / count, number / count + 0.008, 0.46, 0.84)
            sketch.fill(post, scaled(paint, bright * 0.7), surface)
        for door in (0.12, 0.46, 0.85) if label == "bus" else (0.1, 0.36, 0.62, 0.88):
            sketch.fill(
                body.panel(side, door, door + 0.06, 0.14, 0.84), scaled(mix(glass, paint, 0.25), bright), surface
            )
        if label == "train":
            for joint in (0.33, 0.66):
                sketch.fill(body.panel(side, joint, joint + 0.018, 0.12, 1), scaled((52, 52, 56), bright), surface)

    parts = {
        "tail": lambda body, quad, surface, bright: end(quad, surface, bright, False, False),
        "nose": lambda body, quad, surface, bright: end(quad, surface, bright, True, True),
        "side": side,
    }
    _finish(body, label, paint, glass, parts)


def truck(sketch: Sketch, rng: RandomSource, x: float, z: float, heading: float) -> None:
    """A truck: cab and cargo box, annotated as one object."""
    length, width, height = rng.uniform(6.2, 9), 2.4, rng.uniform(2.9, 3.6)
    share = 2.0 / length
    cab_height = min(0.84, 2.5 / height)
    # One profile with a step: cargo box behind, lower cab in front.
    profile = [
        (0.00, 0.14, 1.00, "tail"), (0.00, 1.00, 1.00, "paint"), (1 - share - 0.03, 1.00, 1.00, "paint"),
        (1 - share, cab_height, 0.94, "paint"), (0.985, cab_height * 0.97, 0.9, "glass"),
        (1.00, cab_height * 0.52, 0.95, "nose"), (1.00, 0.14, 0.95, "end"),
    ]  # fmt: skip
    body = Body(sketch, x, z, heading, length, width, height, profile)
    paint = scaled(rng.pick(palettes.LIVERIES), rng.uniform(0.85, 1.05))
    cargo = rng.pick(palettes.LIVERIES) if rng.chance(0.6) else paint
    glass = _glass(sketch, rng)

    def tail(body, quad, surface, bright):
        sketch.fill(quad, scaled(cargo, bright), surface)
        sketch.fill(inside(quad, 0, 0, 1, 0.16), scaled((44, 44, 48), bright), surface)
        sketch.fill(inside(quad, 0.49, 0.16, 0.51, 0.97), scaled(cargo, bright * 0.6), surface)
        sketch.fill(inside(quad, 0.03, 0.94, 0.97, 0.97), scaled(cargo, bright * 0.7), surface)
        for s0, s1 in ((0.03, 0.16), (0.84, 0.97)):
            sketch.fill(inside(quad, s0, 0.06, s1, 0.13), (190, 36, 32), surface)

    def nose(body, quad, surface, bright):
        sketch.fill(inside(quad, 0.2, 0.1, 0.8, 0.5), scaled((46, 46, 50), bright), surface)
        sketch.fill(inside(quad, 0, 0.74, 1, 1), scaled((60, 60, 64), bright), surface)
        for s0, s1 in ((0.04, 0.2), (0.8, 0.96)):
            sketch.fill(inside(quad, s0, 0.55, s1, 0.72), scaled((220, 222, 220), bright), surface)

    def side(body, side, surface, bright):
        box = body.panel(side, 0, 1 - share - 0.03, 0.24, 1)
        sketch.fill(box, scaled(cargo, bright), surface)
        sketch.fill(body.panel(side, 0, 1 - share, 0.13, 0.24), scaled((46, 46, 50), bright), surface)
        if cargo != paint:
            sketch.fill(body.panel(side, 0.12, 0.55, 0.5, 0.72), scaled(paint, bright), surface)
        window = body.panel(side, 1 - share + 0.05, 0.975, cab_height * 0.55, cab_height * 0.9, 0.96, 0.94)
        sketch.fill(window, scaled(glass, bright), surface)

    _finish(body, "truck", paint, glass, {"tail": tail, "nose": nose, "side": side})
