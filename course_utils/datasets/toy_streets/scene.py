"""One scene: a street is planned, its things are put in place, painted from far to near, and photographed."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from course_utils.datasets.toy_streets.picture import palettes, textures
from course_utils.datasets.toy_streets.picture.light import mix, sample_light, scaled
from course_utils.datasets.toy_streets.picture.shading import photograph
from course_utils.datasets.toy_streets.picture.sketch import Sketch, to_pixels
from course_utils.datasets.toy_streets.plan.camera import SKY, Camera, Surface
from course_utils.datasets.toy_streets.plan.placing import paint_plot, place_things, sample_plots
from course_utils.datasets.toy_streets.plan.street import FAR, draw_ground, sample_street
from course_utils.datasets.toy_streets.random_source import RandomSource
from course_utils.datasets.toy_streets.things import nature
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
            f"the width must be twice the height, between 64x128 and 1024x2048."
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
    sketch = compose(RandomSource(*key, 0))
    image = photograph(sketch, height, width, RandomSource(*key, 1))
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


def compose(rng: RandomSource) -> Sketch:
    """A whole scene as a sketch."""
    light = sample_light(rng)
    camera = Camera(
        focal=rng.uniform(1.0, 1.15),
        height=rng.uniform(1.2, 1.45),
        u0=rng.uniform(0.43, 0.57),
        v0=rng.uniform(0.18, 0.225),
    )
    sketch = Sketch(camera, light)
    street = sample_street(rng)
    leaves = nature.season(rng)
    plots = [sample_plots(rng, street, side) for side in (-1, 1)]

    frame = [(0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5)]
    sketch.annotate("sky", [(0.0, 0.0), (1.0, 0.0), (1.0, camera.v0 + 0.02), (0.0, camera.v0 + 0.02)])
    sketch.fill(frame, light.horizon, Surface(SKY, 0.0, 0.0, 0.0, textures.FLAT))
    _backdrop(sketch, rng, leaves)
    draw_ground(sketch, rng, street)
    for row in plots:
        for plot, nearer in zip(reversed(row), [*reversed(row[:-1]), None], strict=True):
            paint_plot(sketch, rng, street, leaves, *plot, nearer is not None and nearer[0] != "house")
    things = place_things(sketch, rng, street, leaves)
    for _, _, paint in sorted(things, key=lambda thing: (-thing[0], thing[1])):
        paint()
    _camera_car(sketch, rng)
    return sketch


def _backdrop(sketch, rng, leaves) -> None:
    """What closes the view at the end of the street."""
    camera, light = sketch.camera, sketch.light
    if rng.chance(0.5):
        nature.treeline(sketch, rng, -150, 150, FAR + 30, rng.uniform(8, 18), leaves)
    x = -80.0
    while x < 80:
        width = rng.uniform(10, 26)
        if rng.chance(0.75):
            height = rng.uniform(7, 17)
            quad = camera.quad_upright(x, x + width, 0, height, FAR + 15)
            quad.insert(3, camera.point(x + width / 2, height + rng.uniform(0, 5), FAR + 15))
            sketch.annotate("building", quad)
            color = scaled(rng.pick(palettes.FACADES), light.front)
            surface = sketch.upright(FAR + 15, textures.PLASTER)
            sketch.fill(quad, color, surface)
            for floor in range(int(height / 3.2)):
                band = camera.quad_upright(x + 1, x + width - 1, floor * 3.2 + 1, floor * 3.2 + 2.4, FAR + 15)
                sketch.fill(band, mix(color, palettes.GLASS, 0.5), surface)
        x += width
    nature.treeline(sketch, rng, -60, 60, FAR + 5, rng.uniform(4, 9), leaves)


def _camera_car(sketch, rng) -> None:
    """The bonnet of the car that carries the camera, and the rim of a rectified picture."""
    light = sketch.light
    tall = rng.uniform(0.028, 0.05)
    color = scaled(rng.pick(palettes.PAINTS), 0.8)
    middle = rng.uniform(0.47, 0.53)
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
    if rng.chance(0.2):
        for u0, u1 in ((0.0, rng.uniform(0.004, 0.008)), (1 - rng.uniform(0.004, 0.008), 1.0)):
            rim = [(u0, 0.0), (u1, 0.0), (u1, 0.5), (u0, 0.5)]
            sketch.annotate("rectification border", rim)
            sketch.fill(rim, (4, 4, 4), surface)
