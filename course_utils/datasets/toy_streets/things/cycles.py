"""Bicycles and motorcycles, parked or ridden."""

from course_utils.datasets.toy_streets.picture import palettes, textures
from course_utils.datasets.toy_streets.picture.sketch import Sketch
from course_utils.datasets.toy_streets.plan.camera import circle
from course_utils.datasets.toy_streets.random_source import RandomSource
from course_utils.datasets.toy_streets.things.figure import Figure


def bicycle(sketch: Sketch, rng: RandomSource, x: float, z: float, heading: float, base: float) -> Figure:
    """A bicycle; seen along its length only its narrow side shows."""
    figure = Figure(sketch, x, z, heading, base, textures.FLAT)
    frame = rng.pick(palettes.PAINTS)
    sketch.shadow([(x - 0.8 * figure.cosine - 0.1, z - 0.1), (x + 0.8 * figure.cosine + 0.1, z + 0.15)], 0.35, base)
    sketch.cast_shadow([(x - 0.8 * figure.cosine, z), (x + 0.8 * figure.cosine, z)], 0.9, base)
    if abs(figure.cosine) < 0.3:
        shape = [(-0.07, 0), (0.07, 0), (0.1, 0.75), (0.32, 1.0), (0.3, 1.08), (-0.3, 1.08), (-0.32, 1.0), (-0.1, 0.75)]
        flat = Figure(sketch, x, z, 0.0, base, textures.FLAT)
        if not sketch.annotate("bicycle", [flat.at(*point) for point in shape]):
            return flat
        flat.bar((0, 0), (0, 0.68), 0.06, palettes.TYRE)
        flat.bar((0, 0.4), (0, 1.0), 0.07, frame)
        flat.bar((-0.3, 1.04), (0.3, 1.04), 0.05, (60, 60, 62))
        flat.disc(0, 0.62, 0.07, (190, 40, 36))
        return flat
    radius, reach = 0.34, 0.52
    rim = [(c * radius, s * radius + radius) for c, s in circle(12)]
    shape = [(-reach + a, y) for a, y in rim[3:10]] + [(0, 0.2)] + [(reach + a, y) for a, y in (*rim[8:], *rim[:4])]
    shape += [(0.46, 1.04), (0.3, 1.04), (0.26, 0.85), (-0.1, 0.98), (-0.32, 0.98), (-0.28, 0.8)]
    if not sketch.annotate("bicycle", [figure.at(*point) for point in shape]):
        return figure
    for along in (-reach, reach):
        figure.ring(along, radius, radius, 0.055, palettes.TYRE)
        for cosine, sine in circle(6)[:3]:
            spoke = [(along + side * 0.3 * cosine, radius + side * 0.3 * sine) for side in (-1, 1)]
            figure.bar(*spoke, 0.012, (150, 152, 154))
    thick = 0.055
    saddle, pedal, head = (-0.16, 0.86), (-0.06, 0.3), (0.38, 0.84)
    ends = ((saddle, pedal), (pedal, head), (saddle, head), (pedal, (-reach, radius)), (saddle, (-reach, radius)))
    for start, end in (*ends, ((0.34, 1.0), (reach, radius))):
        figure.bar(start, end, thick, frame)
    figure.bar((-0.3, 0.94), (-0.06, 0.94), 0.07, (40, 38, 38))
    figure.bar((-0.17, 0.93), saddle, 0.04, (120, 122, 124))
    figure.bar((0.28, 1.02), (0.42, 1.03), 0.05, (60, 60, 62))
    return figure


def motorcycle(sketch: Sketch, rng: RandomSource, x: float, z: float, heading: float, base: float) -> Figure:
    """A motorcycle or scooter."""
    figure = Figure(sketch, x, z, heading, base, textures.METAL)
    paint = rng.pick(palettes.PAINTS)
    sketch.shadow([(x - 0.9 * figure.cosine - 0.2, z - 0.15), (x + 0.9 * figure.cosine + 0.2, z + 0.2)], 0.45, base)
    sketch.cast_shadow([(x - 0.9 * figure.cosine, z), (x + 0.9 * figure.cosine, z)], 0.9, base)
    if abs(figure.cosine) < 0.3:
        flat = Figure(sketch, x, z, 0.0, base, textures.METAL)
        shape = [(-0.11, 0), (0.11, 0), (0.24, 0.5), (0.24, 0.85), (0.4, 1.0), (0.36, 1.12), (-0.36, 1.12), (-0.4, 1.0)]
        shape += [(-0.24, 0.85), (-0.24, 0.5)]
        if not sketch.annotate("motorcycle", [flat.at(*point) for point in shape]):
            return flat
        flat.bar((0, 0), (0, 0.66), 0.16, palettes.TYRE)
        flat.fill([(-0.22, 0.5), (0.22, 0.5), (0.2, 0.9), (-0.2, 0.9)], paint)
        flat.bar((-0.36, 1.05), (0.36, 1.05), 0.07, (56, 56, 58))
        flat.disc(0, 0.74, 0.09, (200, 40, 34))
        return flat
    radius, reach = 0.31, 0.66
    rim = [(c * radius, s * radius + radius) for c, s in circle(12)]
    shape = [(-reach + a, y) for a, y in rim[3:10]] + [(0, 0.15)] + [(reach + a, y) for a, y in (*rim[8:], *rim[:4])]
    shape += [(0.5, 1.1), (0.36, 1.1), (0.2, 0.95), (-0.3, 0.86), (-0.85, 0.9), (-0.8, 0.7)]
    if not sketch.annotate("motorcycle", [figure.at(*point) for point in shape]):
        return figure
    for along in (-reach, reach):
        figure.disc(along, radius, radius, palettes.TYRE)
        figure.disc(along, radius, radius * 0.55, (130, 132, 134))
    engine = [(-0.35, 0.25), (0.3, 0.25), (0.36, 0.6), (-0.3, 0.62)]
    figure.fill(engine, (70, 72, 74))
    figure.bar((-0.75, 0.3), (0.0, 0.26), 0.09, (150, 150, 150))
    figure.fill([(-0.02, 0.6), (0.42, 0.68), (0.4, 0.92), (0.08, 0.96), (-0.08, 0.84)], paint)
    figure.fill([(-0.82, 0.82), (-0.06, 0.74), (-0.06, 0.86), (-0.8, 0.92)], (44, 42, 42))
    figure.fill([(-0.8, 0.62), (-0.3, 0.6), (-0.2, 0.76), (-0.78, 0.82)], paint, 0.85)
    figure.bar((0.4, 1.02), (reach, radius), 0.08, (120, 122, 124))
    figure.bar((0.3, 1.07), (0.46, 1.05), 0.07, (50, 50, 52))
    figure.disc(0.53, 0.86, 0.1, (220, 222, 216))
    return figure
