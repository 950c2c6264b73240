"""One scene: a street is planned, its things are put in place, painted from far to near, and photographed."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image, ImageDraw

from course_utils.datasets.toy_streets import buildings, furniture, nature, palettes, people, textures, vehicles
from course_utils.datasets.toy_streets.camera import SKY, Camera, Surface
from course_utils.datasets.toy_streets.dice import Dice
from course_utils.datasets.toy_streets.light import draw_light, mix, scaled
from course_utils.datasets.toy_streets.shading import photograph
from course_utils.datasets.toy_streets.sketch import Sketch, to_pixels
from course_utils.datasets.toy_streets.street import FAR, KERB, LANE, Street, draw_ground, draw_street
from course_utils.errors import CourseError
from course_utils.labels import CITYSCAPES

SPLITS = ("train", "val", "test")
SMALLEST, LARGEST = (64, 128), (1024, 2048)
_LABELS = {label.name: label for label in CITYSCAPES.labels}


@dataclass(frozen=True)
class Scene:
    """A rendered scene and its annotation.

    Attributes:
        image: uint8 [height, width, 3].
        label_ids: uint8 [height, width], Cityscapes label ids.
        instance_ids: int32 [height, width]: id * 1000 + number for classes with instances, else the label id.
        polygons: `(class name, [[x, y], ...])` in pixels, in painting order.
        vanishing_point: (x, y) where the road's edges meet, as shares of width and height.
        weather: what the weather is like, in a word.
    """

    image: np.ndarray
    label_ids: np.ndarray
    instance_ids: np.ndarray
    polygons: list[tuple[str, list[list[int]]]]
    vanishing_point: tuple[float, float]
    weather: str


def check_size(size) -> tuple[int, int]:
    """The size as (height, width).

    Raises:
        CourseError: it is not 2:1, or not between 64x128 and 1024x2048.
    """
    height, width = (int(side) for side in size)
    if width != 2 * height or not SMALLEST[0] <= height <= LARGEST[0]:
        raise CourseError(
            f"Toy Streets cannot be drawn at {height}x{width} (height x width): "
            f"ask for twice as wide as high, between 64x128 and 1024x2048."
        )
    return height, width


def render(seed: int, index: int, size=(128, 256), split: str = "train") -> Scene:
    """One scene of the data set, in memory.

    Args:
        seed: of the data set, >= 0.
        index: of the image within its split, >= 0.
        size: (height, width), 2:1 between 64x128 and 1024x2048; the scene is the same at every size.
        split: "train", "val" or "test".

    Returns:
        The scene; equal arguments give equal pixels on every machine.

    Raises:
        CourseError: an argument is out of range.
    """
    height, width = check_size(size)
    if split not in SPLITS:
        raise CourseError(f"Toy Streets has no split {split!r}: choose one of {', '.join(SPLITS)}.")
    if seed < 0 or index < 0:
        raise CourseError(f"seed and index of a Toy Streets scene must be 0 or more, got {seed} and {index}.")
    key = (seed, SPLITS.index(split), index)
    sketch = compose(Dice(*key, 0))
    image = photograph(sketch, height, width, Dice(*key, 1))
    label_ids, instance_ids, polygons = annotation(sketch, height, width)
    camera = sketch.camera
    return Scene(image, label_ids, instance_ids, polygons, (camera.u0, 2 * camera.v0), sketch.light.name)


def annotation(sketch: Sketch, height: int, width: int):
    """Label ids, instance ids and polygons, drawn as the official `json2labelImg` and `json2instanceImg` draw them."""
    numbers = Image.new("I", (width, height), 0)
    draw = ImageDraw.Draw(numbers)
    label_of, instance_of, polygons, counts = [0], [0], [], {}
    pixels = to_pixels([polygon for _, polygon in sketch.objects], width)
    for (name, _), corners in zip(sketch.objects, pixels, strict=True):
        label = _LABELS[name]
        instance = label.id
        if label.has_instances:
            instance = label.id * 1000 + counts.get(name, 0)
            counts[name] = counts.get(name, 0) + 1
        draw.polygon(corners, fill=len(label_of))
        label_of.append(label.id)
        instance_of.append(instance)
        polygons.append((name, [corners[k : k + 2] for k in range(0, len(corners), 2)]))
    index = np.asarray(numbers)
    return np.array(label_of, np.uint8)[index], np.array(instance_of, np.int32)[index], polygons


def compose(dice: Dice) -> Sketch:
    """A whole scene as a sketch."""
    light = draw_light(dice)
    camera = Camera(
        focal=dice.uniform(1.0, 1.15),
        height=dice.uniform(1.2, 1.45),
        u0=dice.uniform(0.43, 0.57),
        v0=dice.uniform(0.18, 0.225),
    )
    sketch = Sketch(camera, light)
    street = draw_street(dice)
    leaves = nature.season(dice)
    plots = [_plots(dice, street, side) for side in (-1, 1)]

    frame = [(0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5)]
    sketch.annotate("sky", [(0.0, 0.0), (1.0, 0.0), (1.0, camera.v0 + 0.02), (0.0, camera.v0 + 0.02)])
    sketch.fill(frame, light.horizon, Surface(SKY, 0.0, 0.0, 0.0, textures.FLAT))
    _backdrop(sketch, dice, leaves)
    draw_ground(sketch, dice, street)
    for row in plots:
        for plot, nearer in zip(reversed(row), [*reversed(row[:-1]), None], strict=True):
            _plot(sketch, dice, street, leaves, *plot, nearer is not None and nearer[0] != "house")
    things = _things(sketch, dice, street, leaves)
    for _, _, paint in sorted(things, key=lambda thing: (-thing[0], thing[1])):
        paint()
    _camera_car(sketch, dice)
    return sketch


def _plots(dice: Dice, street: Street, side: int) -> list:
    """What stands along one side, from near to far: (kind, side, start, end, storeys)."""
    plots, z = [], 5.0
    suburb = dice.chance(0.35)
    storeys = dice.integer(1, 2) if suburb else dice.integer(3, 5)
    weights = [("house", 5 if suburb else 12), ("garden", 4.5 if suburb else 2.5), ("park", 2.4), ("side street", 1.2)]
    previous = None
    while z < FAR - 20:
        kind = dice.weighted(weights)
        if kind == previous != "house":
            kind = "house"
        length = {"house": dice.uniform(9, 20), "garden": dice.uniform(9, 20), "park": dice.uniform(14, 36),
                  "side street": dice.uniform(6.5, 9)}[kind]  # fmt: skip
        if kind == "side street" and z > 8:
            street.side_streets.append((side, z, z + length))
        elif kind == "side street":
            kind = "house"
        plots.append((kind, side, z, z + length, max(1, storeys + dice.integer(-1, 1))))
        z += length
        previous = kind
    return plots


def _plot(sketch, dice, street, leaves, kind, side, start, end, storeys, free) -> None:
    line = street.line[0 if side < 0 else 1]
    if kind == "house":
        buildings.house(sketch, dice, line, start, end, storeys, free)
    elif kind == "side street":
        pass
    else:
        back = line + side * dice.uniform(7, 12)
        if kind == "garden":
            buildings.house(sketch, dice, back, start + 1, end - 1, min(storeys, 3))
        for z in sorted(
            (dice.uniform(start, end) for _ in range(dice.integer(1, 3 if kind == "garden" else 6))), reverse=True
        ):
            x = line + side * dice.uniform(2.0, 6 if kind == "garden" else 16)
            if dice.chance(0.7):
                nature.tree(sketch, dice, x, z, dice.uniform(4.5, 10), leaves)
            else:
                nature.bush(sketch, dice, x, z, dice.uniform(1, 2.4), dice.uniform(0.8, 1.8), leaves)
        border = dice.weighted([("wall", 3), ("fence", 6), ("hedge", 2), ("none", 1 if kind == "garden" else 3)])
        if border == "wall":
            buildings.wall(sketch, dice, line, start, end)
        elif border == "fence":
            buildings.fence(sketch, dice, line, start, end)
        elif border == "hedge":
            nature.hedge(sketch, dice, line, start, end, leaves)


def _backdrop(sketch, dice, leaves) -> None:
    """What closes the view at the end of the street."""
    camera, light = sketch.camera, sketch.light
    if dice.chance(0.5):
        nature.treeline(sketch, dice, -150, 150, FAR + 30, dice.uniform(8, 18), leaves)
    x = -110.0
    while x < 110:
        width = dice.uniform(10, 26)
        if dice.chance(0.75):
            height = dice.uniform(7, 17)
            quad = camera.quad_upright(x, x + width, 0, height, FAR + 15)
            quad.insert(3, camera.point(x + width / 2, height + dice.uniform(0, 5), FAR + 15))
            sketch.annotate("building", quad)
            color = scaled(dice.pick(palettes.FACADES), light.front)
            surface = sketch.upright(FAR + 15, textures.PLASTER)
            sketch.fill(quad, color, surface)
            for floor in range(int(height / 3.2)):
                band = camera.quad_upright(x + 1, x + width - 1, floor * 3.2 + 1, floor * 3.2 + 2.4, FAR + 15)
                sketch.fill(band, mix(color, palettes.GLASS, 0.5), surface)
        x += width
    nature.treeline(sketch, dice, -60, 60, FAR + 5, dice.uniform(4, 9), leaves)


def _things(sketch, dice, street, leaves) -> list:
    """All that stands in the street: (Z, order of creation, function that paints it)."""
    things = []

    def add(z, function, *arguments):
        things.append((z, len(things), partial(function, sketch, dice, *arguments)))

    _traffic(dice, street, add)
    _parked(dice, street, add)
    _walkers(dice, street, add)
    _roadside(dice, street, leaves, add)
    return things


def _traffic(dice, street, add) -> None:
    tram = street.rails is not None and dice.chance(0.65)
    if tram:
        z = dice.uniform(34, 75)
        add(z - 16, vehicles.box_vehicle, "train", street.rails, z, 180.0)
    crowd = dice.weighted([(0.35, 2), (0.8, 3), (1.5, 1)])
    for lane, way in street.lanes:
        if tram and abs(lane - street.rails) < 1:
            continue
        z = dice.uniform(10, 40) if abs(lane) < 1 else dice.uniform(6, 34)
        if abs(lane) < 1 and dice.chance(0.25):
            z += 25
        while z < 110:
            kind = dice.weighted([("car", 15), ("truck", 0.22), ("bus", 0.17), ("rider", 1.4), ("other", 0.15)])
            heading = (0.0 if way > 0 else 180.0) + dice.bell(0, 1.5)
            x = lane + dice.uniform(-0.3, 0.3)
            if kind == "car":
                add(z, vehicles.car, x, z + 2.3, heading, True)
                z += 4.6
            elif kind == "truck":
                add(z, vehicles.truck, x, z + 4, heading)
                z += 8
            elif kind == "bus":
                add(z, vehicles.box_vehicle, "bus", x, z + 6.5, heading)
                z += 13
            elif kind == "rider":
                add(z, people.rider, x + (0.9 if way > 0 else -0.9), z, dice.pick((90.0, 62.0, 118.0)))
                z += 2
            else:
                add(z, vehicles.box_vehicle, dice.pick(("caravan", "trailer")), x, z + 3, heading)
                z += 6
            z += dice.uniform(7, 48) / crowd
    for side, start, end in street.side_streets:
        edge = street.edge[0 if side < 0 else 1]
        if dice.chance(0.35):
            z = (start + end) / 2
            add(
                z - 1,
                vehicles.car,
                edge + side * dice.uniform(0.5, 6),
                z,
                dice.pick((90.0, -90.0)) + dice.bell(0, 4),
                True,
            )
    if dice.chance(0.16):
        z = dice.uniform(11, 30)
        left, right = street.edge
        add(z, people.rider, dice.uniform(left + 1, right - 1), z, dice.pick((0.0, 180.0)) + dice.uniform(-25, 25))


def _parked(dice, street, add) -> None:
    for side, edge, parking in zip((-1, 1), street.edge, street.parking, strict=True):
        if not parking:
            continue
        gaps = [(start - 4, end + 4) for s, start, end in street.side_streets if s == side]
        z = dice.uniform(7, 18)
        fill = dice.uniform(0.3, 0.9)
        while z < 90:
            if dice.chance(fill) and not any(start < z + 2.3 < end for start, end in gaps):
                heading = (0.0 if side > 0 else 180.0) + dice.bell(0, 1)
                if dice.chance(0.01):
                    add(z, vehicles.truck, edge - side * 1.3, z + 3.5, heading)
                    z += 3
                else:
                    add(z, vehicles.car, edge - side * 1.05, z + 2.3, heading, False)
            z += dice.uniform(5.4, 6.4)


def _walkers(dice, street, add) -> None:
    busy = dice.weighted([(2, 3), (5, 3), (11, 1.3)])
    for side, edge, line in zip((-1, 1), street.edge, street.line, strict=True):
        for _ in range(dice.integer(0, busy)):
            z = dice.uniform(9, 30) if dice.chance(0.6) else dice.uniform(20, 60)
            x = dice.uniform(edge + side * 0.5, line - side * 0.4)
            add(z, people.person, x, z, KERB)
            if dice.chance(0.3):
                add(z + 0.2, people.person, x + side * 0.55, z + 0.2, KERB)
        for _ in range(dice.integer(1, 5) if dice.chance(0.4) else 0):
            z = dice.uniform(8, 24)
            add(z, people.bicycle, line - side * 0.6, z, dice.pick((0.0, 20.0, 160.0, 75.0)) + dice.bell(0, 5), KERB)
        if dice.chance(0.08):
            z = dice.uniform(8, 22)
            add(z, people.motorcycle, edge + side * 0.9, z, dice.pick((0.0, 30.0, 150.0)), KERB)
    if street.zebra is not None and dice.chance(0.6):
        left, right = street.edge
        for _ in range(dice.integer(1, 3)):
            z = street.zebra + dice.uniform(0.5, 3)
            add(z, people.person, dice.uniform(left, right), z, 0.0)
    elif dice.chance(0.12):
        z = dice.uniform(14, 35)
        add(z, people.person, dice.uniform(*street.edge), z, 0.0)


def _roadside(dice, street, leaves, add) -> None:
    trees = dice.chance(0.72)
    spacing = dice.uniform(7, 13)
    for side, edge, line, verge in zip((-1, 1), street.edge, street.line, street.verge, strict=True):
        kerb = edge + side * 0.45
        z = dice.uniform(10, 26)
        lamps = dice.uniform(16, 28)
        while z < 120:
            add(z, furniture.lamp_post, kerb, z)
            z += lamps
        if trees and dice.chance(0.85):
            z = dice.uniform(11, 22)
            middle = edge + side * (verge / 2 + 0.25 if verge else 0.8)
            while z < 110:
                add(z, nature.tree, middle, z, dice.uniform(6, 11), leaves)
                z += spacing * dice.uniform(0.85, 1.25)
        for _ in range(dice.integer(0, 3)):
            z = dice.uniform(8, 45)
            add(z, furniture.traffic_sign, kerb, z)
        if dice.chance(0.12):
            z = dice.uniform(14, 40)
            add(z, furniture.overhead_sign, edge + side * 1.2, z)
        if dice.chance(0.2):
            z = dice.uniform(8, 20)
            add(z, furniture.bollards, kerb, z)
        for _ in range(dice.integer(0, 2)):
            z = dice.uniform(8, 35)
            add(z, furniture.clutter, line - side * 0.7, z)
        if dice.chance(0.15):
            z = dice.uniform(9, 25)
            add(z, nature.bush, line - side * 0.6, z, 1.2, 1.1, leaves)
    if dice.chance(0.45):
        z = street.zebra - 1 if street.zebra is not None else dice.uniform(16, 45)
        for side, edge in zip((-1, 1), street.edge, strict=True):
            add(z, furniture.traffic_light, edge + side * 0.4, z, dice.chance(0.5))
    if dice.chance(0.03):
        z = dice.uniform(45, 90)
        add(z, furniture.bridge, z)


def _camera_car(sketch, dice) -> None:
    """The bonnet of the car that carries the camera, and the rim of a rectified picture."""
    light = sketch.light
    tall = dice.uniform(0.028, 0.05)
    color = scaled(dice.pick(palettes.PAINTS), 0.8)
    middle = dice.uniform(0.47, 0.53)
    top = [(k / 10, 0.5 - tall * (1 - 1.5 * (k / 10 - middle) ** 2 * 2)) for k in range(11)]
    bonnet = [(0.0, 0.5), *top, (1.0, 0.5)]
    surface = sketch.upright(2.0, textures.METAL)
    sketch.annotate("ego vehicle", bonnet)
    sketch.fill(bonnet, scaled(color, light.up), surface)
    shine = [(u, v + tall * 0.1) for u, v in top] + [(u, v + tall * 0.35) for u, v in reversed(top)]
    sketch.fill(shine, scaled(mix(color, light.horizon, 0.45), light.up), surface)
    crease = [
        (middle - 0.2, 0.5),
        (middle - 0.17, 0.5 - tall * 0.8),
        (middle - 0.165, 0.5 - tall * 0.8),
        (middle - 0.19, 0.5),
    ]
    for points in (crease, [(2 * middle - u, v) for u, v in crease]):
        sketch.fill(points, scaled(color, light.up * 0.75), surface)
    if dice.chance(0.2):
        for u0, u1 in ((0.0, dice.uniform(0.004, 0.008)), (1 - dice.uniform(0.004, 0.008), 1.0)):
            rim = [(u0, 0.0), (u1, 0.0), (u1, 0.5), (u0, 0.5)]
            sketch.annotate("rectification border", rim)
            sketch.fill(rim, (4, 4, 4), surface)
