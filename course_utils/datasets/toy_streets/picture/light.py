"""Weather and time of day: what they do to the colours of a scene."""

import math
from dataclasses import dataclass
from functools import lru_cache

from course_utils.datasets.toy_streets.random_source import RandomSource

Color = tuple[int, int, int]


def mix(first, second, share: float) -> Color:
    """A colour between two: the first where `share` is 0, the second where it is 1."""
    (r0, g0, b0), (r1, g1, b1) = first, second
    return int(r0 + (r1 - r0) * share), int(g0 + (g1 - g0) * share), int(b0 + (b1 - b0) * share)


def scaled(color, factor: float) -> Color:
    """A colour made lighter or darker; values above 255 are cut off when it is painted."""
    red, green, blue = color
    return int(red * factor), int(green * factor), int(blue * factor)


@dataclass(frozen=True)
class Light:
    """Light and air of one scene.

    Attributes:
        name: of the weather.
        zenith, horizon, cloud: colours of the sky.
        cover: share of the sky under clouds, 0..1.
        up, front, left, right: brightness of a face that looks up, to the camera, to the left and to the right.
        sun_x, sun_z: where shadows fall, metres for each metre of height; 0, 0 without sun.
        shadow: strength of cast shadows, 0..1.
        haze, density: colour of the air, and how much of it there is (1/metre).
        tint: gains of red, green, blue.
        exposure: gain of all three.
        wet: the ground is wet.
        dusk: lamps and windows are lit.
        noise: standard deviation of the sensor's noise, in grey levels.
        blur: weight of the neighbours in the camera's blur, in sixteenths.
    """

    name: str
    zenith: Color
    horizon: Color
    cloud: Color
    cover: float
    up: float
    front: float
    left: float
    right: float
    sun_x: float
    sun_z: float
    shadow: float
    haze: Color
    density: float
    tint: tuple[float, float, float]
    exposure: float
    wet: bool
    dusk: bool
    noise: float
    blur: int

    def facing(self, nx: float, ny: float, nz: float) -> float:
        """Brightness of a face with normal (nx, ny, nz), of length about 1."""
        across = self.left * -nx if nx < 0 else self.right * nx
        return (across * abs(nx) + self.up * max(ny, 0.0) ** 2 + self.front * nz * nz) / max(
            nx * nx + nz * nz + max(ny, 0.0) ** 2, 0.2
        )


@lru_cache(maxsize=8)
def transmittance(density: float, steps: int, nearest: float) -> tuple[float, ...]:
    """How much light comes through the air: entry k is for things at Z = nearest * steps / k metres."""
    return tuple(round(math.exp(-density * nearest * steps / max(k, 0.5)), 4) for k in range(steps + 1))


_KINDS = {
    # name: weight, zenith, horizon, cloud, haze, cover, sun, exposure, tint
    "clear": (
        30,
        (86, 134, 196),
        (190, 212, 230),
        (244, 246, 248),
        (196, 208, 218),
        0.18,
        1.0,
        1.04,
        (1.03, 1.0, 0.96),
    ),
    "fair": (24, (98, 142, 196), (196, 212, 224), (240, 240, 240), (196, 204, 212), 0.5, 0.75, 1.0, (1.0, 1.0, 0.98)),
    "overcast": (
        20,
        (172, 180, 188),
        (214, 218, 220),
        (232, 234, 236),
        (200, 205, 208),
        0.85,
        0.0,
        0.92,
        (0.97, 1.0, 1.02),
    ),
    "evening": (
        9,
        (104, 130, 176),
        (250, 208, 150),
        (252, 222, 190),
        (232, 200, 164),
        0.35,
        0.95,
        0.92,
        (1.12, 1.0, 0.82),
    ),
    "rain": (8, (130, 138, 146), (178, 184, 188), (190, 194, 198), (172, 180, 186), 0.9, 0.0, 0.78, (0.95, 1.0, 1.05)),
    "fog": (5, (196, 202, 206), (208, 212, 214), (212, 216, 218), (206, 210, 213), 0.6, 0.0, 0.95, (0.98, 1.0, 1.02)),
    "dusk": (4, (62, 74, 112), (182, 142, 132), (120, 112, 130), (120, 118, 134), 0.5, 0.0, 0.62, (0.98, 0.96, 1.12)),
}


def sample_light(rng: RandomSource) -> Light:
    """Weather and light of one scene, at random."""
    name = rng.weighted([(name, row[0]) for name, row in _KINDS.items()])
    _, zenith, horizon, cloud, haze, cover, sun, exposure, tint = _KINDS[name]
    ambient = 0.62 + 0.2 * (1 - sun) + rng.uniform(-0.03, 0.03)
    side = rng.pick((-1, 1)) * rng.uniform(0.35, 1)
    ahead = rng.uniform(-1, 1)
    low_sun = 1.6 if name == "evening" else rng.uniform(0.5, 1.1)
    warmth = rng.uniform(-0.05, 0.05)
    density = {"fog": rng.uniform(0.022, 0.04), "rain": 0.008, "dusk": 0.004}.get(name, rng.uniform(0.001, 0.004))
    lit = 0.5 * sun
    return Light(
        name=name,
        zenith=scaled(zenith, rng.uniform(0.9, 1.1)),
        horizon=horizon,
        cloud=cloud,
        cover=min(1.0, max(0.05, rng.bell(cover, 0.15))),
        up=ambient + lit * 0.85,
        front=ambient - 0.06 * sun + lit * max(0.0, -ahead) * 0.8,
        left=ambient - 0.14 * sun + lit * max(0.0, -side) * 1.15,
        right=ambient - 0.14 * sun + lit * max(0.0, side) * 1.15,
        sun_x=-side * low_sun if sun else 0.0,
        sun_z=-ahead * low_sun * 0.8 if sun else 0.0,
        shadow=0.52 * sun,
        haze=haze,
        density=density,
        tint=(tint[0] * (1 + warmth), tint[1], tint[2] * (1 - warmth)),
        exposure=exposure * rng.uniform(1.0, 1.2),
        wet=name == "rain",
        dusk=name == "dusk",
        noise=rng.uniform(1.5, 3.5) + (2.5 if name == "dusk" else 0.0),
        blur=rng.integer(0, 3),
    )
