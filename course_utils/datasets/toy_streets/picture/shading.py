"""From shapes to a photograph: texture, shadow, air, sky, lens and sensor."""

from functools import reduce

import numpy as np
from PIL import Image

from course_utils.datasets.toy_streets.picture.light import transmittance
from course_utils.datasets.toy_streets.picture.sketch import Sketch
from course_utils.datasets.toy_streets.picture.textures import LEAVES, SIZE, SMOOTH, tiles
from course_utils.datasets.toy_streets.plan.camera import GROUND, SIDE, SKY
from course_utils.datasets.toy_streets.random_source import RandomSource

_BAND = 1 << 14  # pixels worked on at a time
_MASK = SIZE - 1
_STEPS, _NEAREST = 256, 4.0  # entries of the table of the air, and the distance that its last one is for


def supersampling(width: int) -> int:
    """Canvas pixels along each side of a pixel of the image."""
    return max(2 if width <= 512 else 1, -(-512 // width))


def photograph(sketch: Sketch, height: int, width: int, rng: RandomSource) -> np.ndarray:
    """The sketch as the camera sees it.

    Args:
        sketch: the scene.
        height, width: of the image, in pixels.
        rng: for the sensor's noise.

    Returns:
        uint8 [height, width, 3].
    """
    factor = supersampling(width)
    shapes = sketch.shape_image(height * factor, width * factor)
    surfaces = np.array([(s.kind, s.a, s.b, s.c, *s.texture) for s in sketch.surfaces], np.float32)
    surfaces = np.ascontiguousarray(surfaces[sketch.surface_of].T)
    # Edges are smoothed by averaging the flat colours of several shapes in a pixel. Texture, air and sky vary slowly:
    # one sample of them, at the frontmost shape, is enough. The fourth channel is the share of the sky.
    palette = np.column_stack([np.minimum(sketch.colors, 255), np.where(surfaces[0] == SKY, 255, 0)])
    flat = np.take(palette.astype(np.uint8).view(np.uint32).ravel(), shapes).view(np.uint8)
    flat = Image.frombuffer("RGBX", shapes.shape[::-1], flat, "raw", "RGBX", 0, 1)
    flat = np.asarray(flat.reduce(factor) if factor > 1 else flat)
    parts = [shapes[y::factor, x::factor] for y in range(factor) for x in range(factor)]
    shapes = reduce(np.maximum, parts)  # what was painted last lies in front
    shadow = sketch.shadow_image(height, width)
    image = np.empty((height, width, 3), np.uint8)
    # In bands, because what fits the processor's cache is worked on several times as fast.
    step = max(1, _BAND // width)
    for start in range(0, height, step):
        band = slice(start, min(start + step, height))
        image[band] = _band(sketch, flat, shapes, shadow, surfaces, band)
    return _sensor(image, sketch.light, rng)


def _band(sketch: Sketch, flat, shapes, shadow, surfaces, band: slice) -> np.ndarray:
    """Some rows of the image, textured, shaded and hazy: uint8 [rows, width, 3].

    Only + - * / and comparisons of float32 are used: IEEE 754 rounds those alike on every machine.
    """
    camera, light = sketch.camera, sketch.light
    width = shapes.shape[1]
    rows = np.arange(band.start, band.stop)
    index = shapes[band].astype(np.intp)
    kind, a, b, c, tile, scale, fine, coarse, reach = (np.take(values, index) for values in surfaces)
    u = ((np.arange(width, dtype=np.float32) + np.float32(0.5)) / np.float32(width))[None, :]
    v = ((rows.astype(np.float32) + np.float32(0.5)) / np.float32(width))[:, None]
    du = (u - np.float32(camera.u0)) / np.float32(camera.focal)
    dv = (v - np.float32(camera.v0)) / np.float32(camera.focal)

    near = np.clip(a + b * u + c * v, np.float32(0.001), np.float32(1))  # 1/Z
    depth = 1 / near
    on_ground = kind == GROUND
    first = np.where(kind == SIDE, depth, du * depth)  # metres along the surface
    second = np.where(on_ground, depth, np.float32(camera.height) - dv * depth)  # metres up, or ahead on the ground
    column = (first * scale + np.float32(65536)).astype(np.int32)
    row = (second * scale + np.float32(65536)).astype(np.int32)
    pattern = np.take(tiles(), (tile.astype(np.int32) * SIZE + (row & _MASK)) * SIZE + (column & _MASK))
    stains = np.take(tiles()[SMOOTH], (row >> 1 & _MASK) * SIZE + (column >> 1 & _MASK))
    seen = np.minimum(near * reach, 1) / 127
    bright = 1 + seen * (fine * pattern + coarse * stains)
    bright *= np.where(on_ground, 1 - shadow[band].astype(np.float32) / np.float32(255), np.float32(1))

    pixels = flat[band].transpose(2, 0, 1).astype(np.float32, order="C")
    colors, sky = pixels[:3], pixels[3] / np.float32(255)
    land = 1 - sky
    colors -= sky * _planes(light.horizon)
    colors *= bright
    if light.wet:
        colors = _wet(sketch, colors, flat, rows, on_ground, near)
    air = np.array(transmittance(light.density, _STEPS, _NEAREST), np.float32)
    through = np.take(air, np.minimum(near * np.float32(_NEAREST * _STEPS), _STEPS).astype(np.intp))
    colors *= through
    colors += (land - land * through) * _planes(light.haze)
    if sky.any():
        colors += sky * _sky(sketch, u, v)
    vignette = np.float32(1.04) - np.float32(0.55) * ((u - np.float32(0.5)) ** 2 + (v - np.float32(0.25)) ** 2)
    colors *= vignette * (_planes(light.tint) * np.float32(light.exposure))
    # The shoulder of a camera's response: bright tones are compressed before they clip.
    colors -= np.maximum(colors - np.float32(190), 0) * np.float32(0.45)
    return np.clip(colors, 0, 255).astype(np.uint8).transpose(1, 2, 0)


def _planes(color) -> np.ndarray:
    """A colour as float32 [3, 1, 1]."""
    return np.array(color, np.float32)[:, None, None]


def _sky(sketch: Sketch, u, v) -> np.ndarray:
    """Gradient and clouds on a flat layer above the camera, float32 [3, rows, width]."""
    camera, light = sketch.camera, sketch.light
    zenith, horizon, cloud = (_planes(color) for color in (light.zenith, light.horizon, light.cloud))
    colors = zenith + (horizon - zenith) * np.clip(v / np.float32(camera.v0), 0, 1)
    distance = 1 / np.maximum(np.float32(camera.v0) - v + np.float32(0.06), np.float32(0.02))
    east = ((u - np.float32(camera.u0)) * distance * 50 + np.float32(4096)).astype(np.int32)
    north = (distance * 26 + np.float32(light.cover * 977)).astype(np.int32)
    layer = np.take(tiles()[SMOOTH], (north & _MASK) * SIZE + (east & _MASK)).astype(np.float32)
    detail = np.take(tiles()[LEAVES], (north * 3 & _MASK) * SIZE + (east * 2 & _MASK)).astype(np.float32)
    amount = (layer + detail * np.float32(0.25)) / np.float32(127) + np.float32(2 * light.cover - 1)
    amount = np.clip(amount * np.float32(1.4) + np.float32(0.25), 0, 1)
    shade = cloud * (1 - np.float32(0.12) * amount * np.float32(light.cover))
    return colors + (shade - colors) * (amount * np.float32(0.9))


def _wet(sketch: Sketch, colors, flat, rows, on_ground, near) -> np.ndarray:
    """Wet ground: darker, and a dim mirror of what stands behind it."""
    camera, light = sketch.camera, sketch.light
    height, width, _ = flat.shape
    mirrored = flat[np.clip(int(2 * camera.v0 * width) - rows, 0, height - 1), :, :3].transpose(2, 0, 1)
    # Rows near the camera reflect what is high above: the sky's colour stands in for half of it.
    reflection = (mirrored.astype(np.float32) + _planes(light.horizon)) * np.float32(0.5)
    shine = np.clip(np.float32(0.55) - near * np.float32(1.6), np.float32(0.12), np.float32(0.5))
    shine = np.where(on_ground, shine, np.float32(0))
    dark = np.where(on_ground, np.float32(0.8), np.float32(1))
    return colors * (dark * (1 - shine)) + reflection * shine


def _sensor(image: np.ndarray, light, rng: RandomSource) -> np.ndarray:
    """Slight blur of the lens and noise of the sensor, in integers."""
    pixels = image.astype(np.int16)
    for swap in (False, True) if light.blur else ():
        rows = pixels.swapaxes(0, 1) if swap else pixels
        inner = (16 - 2 * light.blur) * rows[1:-1] + light.blur * (rows[:-2] + rows[2:])
        rows[1:-1] = (inner + 8) >> 4
    height, width, _ = pixels.shape
    noise = rng.noise(3, height, width)
    # Half of the noise is common to the three colours; 148 is the standard deviation of `RandomSource.noise`.
    noise[1:] = (noise[0] + noise[1:]) >> 1
    noise *= np.int16(light.noise * 8)
    pixels += (noise // np.int16(148 * 8)).transpose(1, 2, 0)
    return np.clip(pixels, 0, 255).astype(np.uint8)
