"""The plan of a street, and its ground: road, markings, pavements, kerbs, rails."""

from dataclasses import dataclass, field

from course_utils.datasets.toy_streets.picture import palettes, textures
from course_utils.datasets.toy_streets.picture.light import Color, mix, scaled
from course_utils.datasets.toy_streets.picture.sketch import Sketch
from course_utils.datasets.toy_streets.random_source import RandomSource

KERB = 0.13
"""Height of the pavement above the road, in metres."""

LANE = 3.3
FAR = 170.0


@dataclass
class Street:
    """Plan of a street, in metres; the camera drives along X = 0 towards +Z.

    Attributes:
        edge: X of the kerbs, left (negative) and right.
        line: X of the building lines, left and right.
        lanes: (X of the middle, direction) of each lane; +1 is the camera's own direction.
        parking: whether cars park along the kerb, left and right.
        verge: width of the grass strip behind the kerb, left and right.
        rails: X of the middle of the tram track, or None; `own_bed` if cars cannot use it.
        side_streets: (side, Z where it starts, Z where it ends); side is -1 or +1.
        zebra: Z of a crossing, or None.
        asphalt, paving, grass: colours.
        brisk: markings are fresh.
    """

    edge: tuple[float, float]
    line: tuple[float, float]
    lanes: list[tuple[float, int]]
    parking: tuple[bool, bool]
    verge: tuple[float, float]
    rails: float | None
    own_bed: bool
    zebra: float | None
    asphalt: Color
    paving: Color
    grass: Color
    brisk: bool
    side_streets: list[tuple[int, float, float]] = field(default_factory=list)


def sample_street(rng: RandomSource) -> Street:
    """A street, at random."""
    wide = rng.chance(0.3)
    parking = (rng.chance(0.5), rng.chance(0.5))
    rails = rng.chance(0.17)
    own_bed = rails and rng.chance(0.4)
    lanes = [(0.0, 1), (-LANE, -1)]
    if wide:
        lanes = [(0.0, 1), (LANE, 1), (-LANE, -1), (-2 * LANE, -1)]
    track = None
    if own_bed:
        lanes = [(x, way) if way > 0 else (x - LANE, way) for x, way in lanes]
    if rails:
        track = -LANE
    right = max(x for x, _ in lanes) + LANE / 2 + rng.uniform(0.1, 0.6) + 2.1 * parking[1]
    left = min(x for x, _ in lanes) - LANE / 2 - rng.uniform(0.1, 0.6) - 2.1 * parking[0]
    verge = tuple(rng.uniform(1.0, 2.4) if rng.chance(0.32) else 0.0 for _ in range(2))
    walk = tuple(rng.uniform(2.4, 5.6) for _ in range(2))
    return Street(
        edge=(left, right),
        line=(left - verge[0] - walk[0], right + verge[1] + walk[1]),
        lanes=lanes,
        parking=parking,
        verge=verge,
        rails=track,
        own_bed=own_bed,
        zebra=rng.uniform(9, 40) if rng.chance(0.3) else None,
        asphalt=scaled(rng.pick(palettes.ASPHALTS), rng.uniform(0.85, 1.15)),
        paving=scaled(rng.pick(palettes.PAVINGS), rng.uniform(0.85, 1.1)),
        grass=rng.pick(palettes.GRASSES),
        brisk=rng.chance(0.6),
    )


def draw_ground(sketch: Sketch, rng: RandomSource, street: Street) -> None:
    """Everything flat, from the building lines inwards."""
    camera, light = sketch.camera, sketch.light
    up = light.up
    left, right = street.edge
    road_surface = camera.ground(textures.ASPHALT)
    paving_surface = camera.ground(textures.PAVING, KERB)

    def lay(label, x0, x1, z0, z1, color, surface, y=0.0):
        corners = camera.quad_on_ground(x0, x1, z0, z1, y)
        if label:
            sketch.annotate(label, corners)
        sketch.fill(corners, scaled(color, up), surface)

    lay("terrain", -300, 300, 2, FAR, street.grass, camera.ground(textures.GRASS))
    for side, edge, line, verge in zip((-1, 1), street.edge, street.line, street.verge, strict=True):
        lay("sidewalk", *sorted((edge, line + side * 0.3)), 2, FAR, street.paving, paving_surface, KERB)
        if verge:
            start = edge + side * 0.25
            grass = camera.ground(textures.GRASS, KERB)
            lay("terrain", *sorted((start, start + side * verge)), 2, FAR, street.grass, grass, KERB)
    lay("road", left, right, 2, FAR, street.asphalt, road_surface)
    for edge, side, parking in zip(street.edge, (1, -1), street.parking, strict=True):
        if parking and rng.chance(0.25):
            color = mix(street.asphalt, street.paving, 0.6)
            lay("parking", *sorted((edge, edge + side * 2.1)), 2, 100, color, camera.ground(textures.PAVING))
    _patches(sketch, rng, street, lay, road_surface)
    for side, start, end in street.side_streets:
        near = street.edge[0 if side < 0 else 1]
        lay("road", *sorted((near - side * 0.05, side * 90)), start, end, street.asphalt, road_surface)
    if street.rails is not None:
        _rails(sketch, street, lay)
    _markings(sketch, rng, street, lay)
    for side, edge in zip((-1, 1), street.edge, strict=True):
        facing = light.right if side < 0 else light.left
        gaps = sorted((start, end) for s, start, end in street.side_streets if s == side)
        start = 2.0
        for gap_start, gap_end in [*gaps, (FAR, FAR)]:
            if gap_start > start:
                wall = camera.quad_on_side(edge, 0, KERB, start, gap_start)
                sketch.annotate("sidewalk", wall)
                color = scaled(mix(street.paving, (200, 200, 196), 0.4), facing)
                sketch.fill(wall, color, camera.side(edge, textures.PLASTER))
                rim = camera.quad_on_ground(*sorted((edge, edge + side * 0.16)), start, gap_start, KERB)
                sketch.fill(rim, scaled(mix(street.paving, (210, 210, 206), 0.5), up), paving_surface)
            start = gap_end


def _patches(sketch, rng, street, lay, surface) -> None:
    """Repaired asphalt, tyre tracks and manhole covers."""
    left, right = street.edge
    if rng.chance(0.5):
        for x, _ in street.lanes:
            for offset in (-0.75, 0.75):
                lay(None, x + offset - 0.25, x + offset + 0.25, 2, 60, scaled(street.asphalt, 0.95), surface)
    for _ in range(rng.integer(0, 4)):
        x, z = rng.uniform(left, right - 2), rng.uniform(5, 30)
        color = scaled(street.asphalt, rng.pick((0.82, 0.9, 1.1)))
        lay(None, x, min(right, x + rng.uniform(0.6, 2.4)), z, z + rng.uniform(1.5, 9), color, surface)
    for _ in range(rng.integer(0, 2)):
        x, z = rng.uniform(left + 0.5, right - 0.5), rng.uniform(6, 22)
        lay(None, x - 0.3, x + 0.3, z, z + 0.6, scaled(street.asphalt, 0.7), surface)
    # Leaves, dirt and water gather along the kerb.
    for edge, side in ((left, 1), (right, -1)):
        lay(None, *sorted((edge, edge + side * 0.35)), 2, 90, scaled(street.asphalt, 0.86), surface)


def _rails(sketch, street, lay) -> None:
    camera = sketch.camera
    x = street.rails
    if street.own_bed:
        bed = mix(street.grass, palettes.EARTHS[0], 0.5)
        lay("rail track", x - 1.7, x + 1.7, 2, FAR, bed, camera.ground(textures.GRASS))
    surface = camera.ground(textures.FLAT)
    for offset in (-0.72, 0.72):
        lay(None, x + offset - 0.12, x + offset + 0.12, 2, 110, (80, 80, 82), surface)
        lay(None, x + offset - 0.035, x + offset + 0.035, 2, 110, (168, 170, 172), surface)


def _markings(sketch, rng, street, lay) -> None:
    """Lane marks, edge lines and zebra crossing, in worn or fresh white."""
    surface = sketch.camera.ground(textures.PAINTED)
    white = (222, 222, 218) if street.brisk else mix(street.asphalt, (210, 210, 206), 0.55)
    xs = sorted({round(x + side * LANE / 2, 3) for x, _ in street.lanes for side in (-1, 1)})
    crossed = sorted((start, end) for _, start, end in street.side_streets)

    def free(z):
        return not any(start - 1 < z < end + 1 for start, end in crossed)

    middle = -LANE / 2
    solid_middle = rng.chance(0.2)
    edge_lines = rng.chance(0.35)
    phase = rng.uniform(0, 6)
    for x in xs:
        outer = x in (xs[0], xs[-1])
        if outer and not edge_lines and not street.parking[0 if x == xs[0] else 1]:
            continue
        if (abs(x - middle) < 0.1 and solid_middle) or (outer and edge_lines):
            start = 2.0
            for gap_start, gap_end in [*crossed, (110.0, 110.0)]:
                if gap_start > start:
                    lay(None, x - 0.06, x + 0.06, start, gap_start, white, surface)
                start = max(start, gap_end)
            continue
        dash, gap = (1.2, 1.2) if outer else (3.0, 4.5)
        z = 2 + phase if not outer else 2.0
        while z < (45 if outer else 95):
            if free(z):
                lay(None, x - 0.06, x + 0.06, z, z + dash, white, surface)
            z += dash + gap
    if street.zebra is not None:
        left, right = street.edge
        x = left + 0.3
        while x < right - 0.4:
            lay(None, x, x + 0.5, street.zebra, street.zebra + 3.4, white, surface)
            x += 1.0
        if rng.chance(0.6):
            lay(None, -LANE / 2 + 0.1, LANE / 2 - 0.1, street.zebra - 1.8, street.zebra - 1.4, white, surface)
    if rng.chance(0.25):
        _arrow(sketch, rng.uniform(9, 26), rng.pick((-1, 0, 1)), scaled(white, sketch.light.up), surface)


def _arrow(sketch, z, way, color, surface) -> None:
    """Lane arrow: straight on, or to a side."""
    point = sketch.camera.point
    sketch.fill([point(x, 0, z + d) for x, d in ((-0.1, 0), (0.1, 0), (0.1, 2.6), (-0.1, 2.6))], color, surface)
    if way == 0:
        head = ((-0.4, 2.6), (0.4, 2.6), (0, 4.6))
    else:
        head = ((0.0, 1.8), (way * 0.35, 1.8), (way * 0.35, 1.2), (way * 0.9, 2.4), (way * 0.35, 3.4), (0, 2.6))
    sketch.fill([point(x, 0, z + d) for x, d in head], color, surface)
