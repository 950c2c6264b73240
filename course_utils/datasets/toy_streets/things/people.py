"""Persons on foot, and riders."""

from course_utils.datasets.toy_streets.picture import palettes, textures
from course_utils.datasets.toy_streets.picture.light import mix
from course_utils.datasets.toy_streets.picture.sketch import Sketch, hull
from course_utils.datasets.toy_streets.plan.camera import turn
from course_utils.datasets.toy_streets.random_source import RandomSource
from course_utils.datasets.toy_streets.things.cycles import bicycle, motorcycle
from course_utils.datasets.toy_streets.things.figure import Figure


def person(sketch: Sketch, rng: RandomSource, x: float, z: float, base: float) -> None:
    """A person who stands or walks."""
    figure = Figure(sketch, x, z, 0.0, base)
    tall = rng.uniform(1.58, 1.9) if rng.chance(0.87) else rng.uniform(1.05, 1.4)
    k = tall / 1.75
    stride = rng.uniform(0.05, 0.34) * (1 if rng.chance(0.7) else 0.2)
    lean = rng.pick((-1, 1))
    broad = rng.uniform(0.19, 0.25)
    sideways = rng.chance(0.5)
    if sideways:
        broad *= 0.8
    top, legs = rng.pick(palettes.CLOTHES), rng.pick(palettes.TROUSERS)
    skin, hair = rng.pick(palettes.SKINS), rng.pick(palettes.HAIRS)
    coat = rng.chance(0.3)
    skirt = not coat and rng.chance(0.2)
    hem = 0.62 if coat else 0.84
    swing = stride * 0.75

    left = [(-0.09 - stride * 0.1, 0.86), (-0.1 - stride * 0.55 * lean, 0.46), (-0.09 - stride * lean, 0.05)]
    right = [(0.09, 0.86), (0.1 + stride * 0.45 * lean, 0.46), (0.09 + stride * 0.9 * lean, 0.05)]
    hand_l = [(-broad + 0.02, 1.4), (-broad - 0.05 + swing * 0.3 * lean, 1.12), (-broad - 0.03 + swing * lean, 0.86)]
    hand_r = [(broad - 0.02, 1.4), (broad + 0.05 - swing * 0.3 * lean, 1.12), (broad + 0.03 - swing * lean, 0.86)]

    def sized(points):
        return [(a * k, y * k) for a, y in points]

    feet = sorted((left[2][0], right[2][0]))
    hands = sorted((hand_l[2][0], hand_r[2][0]))
    shape = [
        (feet[0] - 0.1, 0), (feet[0] + 0.1, 0), (0, 0.62 if not coat else 0.5), (feet[1] - 0.1, 0), (feet[1] + 0.1, 0),
        (max(right[1][0], left[1][0]) + 0.1, 0.48), (max(0.2, broad - 0.02), 0.84), (max(hands[1], broad) + 0.07, 0.84),
        (max(broad + 0.12, hands[1] * 0.5 + 0.1), 1.16), (broad + 0.05, 1.42), (0.08, 1.5), (0.12, 1.62), (0.08, 1.74),
        (0, 1.77), (-0.08, 1.74), (-0.12, 1.62), (-0.08, 1.5), (-broad - 0.05, 1.42),
        (min(-broad - 0.12, hands[0] * 0.5 - 0.1), 1.16), (min(hands[0], -broad) - 0.07, 0.84),
        (min(-0.2, 0.02 - broad), 0.84),
        (min(right[1][0], left[1][0]) - 0.1, 0.48),
    ]  # fmt: skip
    if not sketch.annotate("person", [figure.at(*point) for point in sized(shape)]):
        return
    sketch.cast_shadow([(x - 0.2, z), (x + 0.2, z)], tall, base)
    feet_at = [(x - 0.32, z - 0.18), (x + 0.32, z - 0.18), (x + 0.32, z + 0.18), (x - 0.32, z + 0.18)]
    sketch.shadow(feet_at, 0.4, base)

    shoe = rng.pick(palettes.TROUSERS)
    for leg, bright in ((left, 0.82), (right, 1.0)):
        color = skin if skirt else legs
        figure.limb(sized(leg), (0.18 * k, 0.145 * k), color, bright)
        foot = leg[2][0]
        toe = foot + 0.14 * lean
        figure.bar(*sized([(foot - 0.05 * lean, 0.045), (toe, 0.04)]), 0.09 * k, shoe, bright)
    figure.limb(sized(hand_l), (0.12 * k, 0.1 * k), top, 0.78)
    close = tall * figure.scale > 0.06  # seen well enough for details
    if close:
        figure.disc(hand_l[2][0] * k, hand_l[2][1] * k, 0.055 * k, skin, 0.9)
    torso = [(-broad, 1.43), (-0.08, 1.49), (0.08, 1.49), (broad, 1.43), (broad * 0.86, 1.05), (broad * 0.92, hem)]
    torso += [(-broad * 0.92, hem), (-broad * 0.86, 1.05)]
    figure.fill(sized(torso), top)
    sunny = 1 if sketch.light.right > sketch.light.left else -1
    shade = [(-sunny * broad, 1.42), (-sunny * 0.08, 1.47), (-sunny * broad * 0.3, hem), (-sunny * broad * 0.92, hem)]
    figure.fill(sized(shade), top, 0.82)
    if skirt:
        figure.fill(
            sized([(-broad * 0.9, 0.95), (broad * 0.9, 0.95), (broad + 0.06, 0.55), (-broad - 0.06, 0.55)]), legs
        )
    figure.limb(sized(hand_r), (0.12 * k, 0.1 * k), top, 0.94)
    if close:
        figure.disc(hand_r[2][0] * k, hand_r[2][1] * k, 0.055 * k, skin)
    if rng.chance(0.3):
        bag = rng.pick(palettes.CLOTHES)
        if rng.chance(0.5):
            figure.fill(sized([(-0.15, 1.4), (0.15, 1.4), (0.16, 1.0), (-0.16, 1.0)]), bag)
        else:
            at = hand_r[2][0]
            figure.fill(sized([(at - 0.12, 0.82), (at + 0.1, 0.82), (at + 0.12, 0.56), (at - 0.14, 0.56)]), bag)
    _head(figure, rng, 0.0, 1.62, k, skin, hair, lean if sideways else 0)


def _head(figure: Figure, rng: RandomSource, along, up, k, skin, hair, way, helmet=None) -> None:
    figure.bar((along * k, (up - 0.16) * k), (along * k, up * k), 0.1 * k, skin, 0.85)
    figure.disc(along * k, up * k, 0.115 * k, skin, 1.0, 1.15)
    facing_away = rng.chance(0.4)
    cover = helmet or hair
    if facing_away and way == 0:
        figure.disc(along * k, (up + 0.02) * k, 0.122 * k, cover, 0.9, 1.15)
    else:
        cap = [(along - 0.125, up + 0.0), (along - 0.09, up + 0.13), (along, up + 0.155), (along + 0.09, up + 0.13)]
        cap += [(along + 0.125, up + 0.02), (along + 0.06 - way * 0.04, up + 0.06), (along - way * 0.08, up + 0.04)]
        figure.fill([(a * k, y * k) for a, y in cap], cover, 0.95)


def rider(sketch: Sketch, rng: RandomSource, x: float, z: float, heading: float) -> None:
    """A rider on a bicycle or a motorcycle, each annotated for itself."""
    motor = rng.chance(0.32)
    figure = (motorcycle if motor else bicycle)(sketch, rng, x, z, heading, 0.0)
    figure.surface = sketch.upright(z, textures.CLOTH)
    top, legs = rng.pick(palettes.CLOTHES), rng.pick(palettes.TROUSERS)
    skin, hair = rng.pick(palettes.SKINS), rng.pick(palettes.HAIRS)
    helmet = rng.pick(palettes.PAINTS) if motor or rng.chance(0.5) else None
    seat = 0.84 if motor else 0.97
    sketch.cast_shadow([(x - 0.2, z), (x + 0.2, z)], 1.7)
    if abs(turn(heading)[0]) < 0.3:
        up = seat - 0.97
        shape = [
            (-0.2, 0.35), (-0.08, 0.35), (-0.05, 0.85), (0.05, 0.85), (0.08, 0.42), (0.2, 0.42), (0.24, 0.95),
            (0.36, 1.1), (0.27, 1.5), (0.09, 1.58), (0.14, 1.72), (0.1, 1.86), (-0.1, 1.86), (-0.14, 1.72),
            (-0.09, 1.58), (-0.27, 1.5), (-0.36, 1.1), (-0.24, 0.95),
        ]  # fmt: skip
        sketch.annotate("rider", [figure.at(a, y + up) for a, y in shape])
        for side, foot in ((-1, 0.38), (1, 0.46)):
            figure.limb(
                [(side * 0.1, 0.95 + up), (side * 0.17, 0.7 + up), (side * 0.13, foot + up)], (0.17, 0.14), legs, 0.9
            )
            figure.limb(
                [(side * 0.22, 1.46 + up), (side * 0.32, 1.22 + up), (side * 0.28, 1.05)], (0.12, 0.1), top, 0.85
            )
        torso = [(-0.24, 1.48), (-0.08, 1.55), (0.08, 1.55), (0.24, 1.48), (0.2, 0.9), (-0.2, 0.9)]
        figure.fill([(a, y + up) for a, y in torso], top)
        _head(figure, rng, 0.0, 1.7 + up, 1.0, skin, hair, 0, helmet)
        return
    hip = (-0.25 if motor else -0.2, seat)
    shoulder = (0.05, seat + 0.5)
    hand = (0.38, 1.05)
    head = (0.16, seat + 0.7)
    knee, foot = (0.18, seat - 0.22), ((0.02, 0.3) if motor else (-0.02, 0.22))
    shape = [
        (foot[0] - 0.09, foot[1] - 0.06), (foot[0] + 0.17, foot[1] - 0.06), (foot[0] + 0.1, 0.45),
        (knee[0] + 0.1, knee[1] - 0.04),
        (knee[0] + 0.06, knee[1] + 0.12), (0.0, seat + 0.12), (0.1, seat + 0.28), (hand[0] + 0.06, hand[1] - 0.06),
        (hand[0] + 0.06, hand[1] + 0.06), (shoulder[0] + 0.16, shoulder[1]), (head[0] + 0.06, head[1] - 0.12),
        (head[0] + 0.13, head[1]), (head[0] + 0.08, head[1] + 0.15), (head[0] - 0.08, head[1] + 0.15),
        (head[0] - 0.13, head[1]), (shoulder[0] - 0.12, shoulder[1] + 0.02), (hip[0] - 0.13, hip[1] + 0.14),
        (hip[0] - 0.12, hip[1] - 0.08), (knee[0] - 0.12, knee[1] - 0.1), (foot[0] - 0.1, 0.42),
    ]  # fmt: skip
    sketch.annotate("rider", [figure.at(*point) for point in shape])
    figure.limb([hip, (0.1, seat - 0.3), (-0.12, 0.42)], (0.16, 0.12), legs, 0.7)
    figure.limb([hip, knee, foot], (0.18, 0.14), legs)
    figure.bar((foot[0] - 0.04, foot[1]), (foot[0] + 0.14, foot[1]), 0.09, mix(legs, (30, 30, 30), 0.6))
    back = hull([(hip[0] - 0.12, hip[1] - 0.06), (hip[0] + 0.12, hip[1] - 0.04), (shoulder[0] - 0.12, shoulder[1]),
                 (shoulder[0] + 0.1, shoulder[1] + 0.04), (shoulder[0] + 0.1, shoulder[1] - 0.16)])  # fmt: skip
    figure.fill(back, top)
    figure.limb([shoulder, (0.16, seat + 0.22), hand], (0.12, 0.1), top, 0.82)
    figure.disc(hand[0], hand[1], 0.05, skin)
    _head(figure, rng, head[0], head[1], 1.0, skin, hair, 1, helmet)
