"""Repeating grey patterns that roughen the surfaces: made once, from integers alone."""

from functools import lru_cache

import numpy as np

from course_utils.datasets.toy_streets.plan.camera import Texture
from course_utils.datasets.toy_streets.random_source import RandomSource

SIZE = 256
"""Texels along each side of a tile; tiles repeat without a seam."""

GRAIN, LEAVES, BRICK, SLABS, BOARDS, SMOOTH = range(6)

FLAT = Texture(GRAIN, 20, 0.0, 0.0, 10)
ASPHALT = Texture(GRAIN, 45, 0.07, 0.12, 9)
PAINTED = Texture(GRAIN, 45, 0.06, 0.10, 9)
PAVING = Texture(SLABS, 26, 0.11, 0.12, 13)
GRASS = Texture(LEAVES, 60, 0.22, 0.20, 16)
PLASTER = Texture(GRAIN, 16, 0.03, 0.09, 30)
BRICKWORK = Texture(BRICK, 26, 0.16, 0.10, 22)
BLOCKWORK = Texture(BRICK, 9, 0.12, 0.12, 40)
WOODEN = Texture(BOARDS, 24, 0.14, 0.08, 24)
TILED = Texture(BRICK, 12, 0.12, 0.10, 40)
METAL = Texture(SMOOTH, 30, 0.03, 0.05, 20)
CLOTH = Texture(SMOOTH, 240, 0.10, 0.10, 25)
FOLIAGE = Texture(LEAVES, 20, 0.5, 0.18, 45)


def _smooth(noise: np.ndarray, radius: int) -> np.ndarray:
    """Box blur with wrap-around, in int64."""
    for axis in (0, 1):
        noise = sum(np.roll(noise, shift, axis) for shift in range(-radius, radius + 1))
    return noise


def _normal(values: np.ndarray) -> np.ndarray:
    """Scaled to -127..127."""
    values = values - (values.max() + values.min()) // 2
    return (values * 127 // np.abs(values).max()).astype(np.int8)


def _mixed(*parts: tuple[np.ndarray, int]) -> np.ndarray:
    return _normal(sum(_normal(part).astype(np.int64) * weight for part, weight in parts))


@lru_cache(maxsize=1)
def tiles() -> np.ndarray:
    """All tiles, int8 [kinds, SIZE, SIZE] with values in -127..127; rows run upwards or away from the camera."""
    rng = RandomSource(20160627)

    def noise():
        return rng.noise(SIZE, SIZE).astype(np.int64)

    rows, columns = np.mgrid[:SIZE, :SIZE]
    grain = _mixed((noise(), 2), (_smooth(noise(), 1), 2), (_smooth(noise(), 4), 1))
    leaves = _mixed(
        (_smooth(noise(), 1), 3), (_smooth(_smooth(noise(), 3), 2), 4), (_smooth(_smooth(noise(), 9), 7), 2)
    )
    # Bricks of 8 by 4 texels in a running bond, each with its own shade, with light mortar between them.
    course = rows // 4
    shifted = (columns + 4 * (course % 2)) % SIZE
    brick = rng.noise(SIZE, SIZE).astype(np.int64)[course, shifted // 8 * 5 % SIZE] // 6
    brick = _normal(brick + 90 * ((rows % 4 == 0) | (shifted % 8 == 0)) + noise() // 12)
    slab = rng.noise(SIZE, SIZE).astype(np.int64)[rows // 16, columns // 16] // 5
    slabs = _normal(slab - 110 * ((rows % 16 == 0) | (columns % 16 == 0)) + noise() // 7)
    boards = _normal(
        np.broadcast_to(_smooth(noise(), 1)[0] // 4, (SIZE, SIZE)) - 110 * (columns % 8 == 0) + noise() // 5
    )
    smooth = _mixed((_smooth(_smooth(noise(), 6), 5), 1), (_smooth(_smooth(noise(), 16), 12), 2))
    return np.stack([grain, leaves, brick, slabs, boards, smooth])
