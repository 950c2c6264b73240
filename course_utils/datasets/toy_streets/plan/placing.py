"""What stands where: plots along the street, traffic, parked cars, people, trees and poles."""

from functools import partial

from course_utils.datasets.toy_streets.plan.street import FAR, KERB, Street
from course_utils.datasets.toy_streets.random_source import RandomSource
from course_utils.datasets.toy_streets.things import buildings, cycles, furniture, nature, people, vehicles


def sample_plots(rng: RandomSource, street: Street, side: int) -> list:
    """What stands along one side, from near to far: (kind, side, start, end, storeys)."""
    plots, z = [], 5.0
    suburb = rng.chance(0.27)
    storeys = rng.integer(1, 2) if suburb else rng.integer(3, 5)
    weights = [("house", 5 if suburb else 12), ("garden", 4.5 if suburb else 2.5), ("park", 2.4), ("side street", 1.2)]
    previous = None
    while z < FAR - 20:
        kind = rng.weighted(weights)
        if kind == previous != "house":
            kind = "house"
        length = {"house": rng.uniform(9, 20), "garden": rng.uniform(9, 20), "park": rng.uniform(14, 36),
                  "side street": rng.uniform(6.5, 9)}[kind]  # fmt: skip
        if kind == "side street" and z > 8:
            street.side_streets.append((side, z, z + length))
        elif kind == "side street":
            kind = "house"
        if kind == "house":
            length *= 1 + z / 90  # far away, one house stands for two
        plots.append((kind, side, z, z + length, max(1, storeys + rng.integer(-1, 1))))
        z += length
        previous = kind
    return plots


def paint_plot(sketch, rng, street, leaves, kind, side, start, end, storeys, free) -> None:
    """Paint what stands on one plot beside the street: a house, a side street, trees, a wall or a fence."""
    line = street.line[0 if side < 0 else 1]
    if kind == "house":
        buildings.house(sketch, rng, line, start, end, storeys, free)
    elif kind == "side street":
        pass
    else:
        back = line + side * rng.uniform(7, 12)
        if kind == "garden":
            buildings.house(sketch, rng, back, start + 1, end - 1, min(storeys, 3))
        for z in sorted(
            (rng.uniform(start, end) for _ in range(rng.integer(1, 3 if kind == "garden" else 6))), reverse=True
        ):
            x = line + side * rng.uniform(2.0, 6 if kind == "garden" else 16)
            if rng.chance(0.7):
                nature.tree(sketch, rng, x, z, rng.uniform(4.5, 10), leaves)
            else:
                nature.bush(sketch, rng, x, z, rng.uniform(1, 2.4), rng.uniform(0.8, 1.8), leaves)
        border = rng.weighted([("wall", 3), ("fence", 6), ("hedge", 2), ("none", 1 if kind == "garden" else 3)])
        if border == "wall":
            buildings.wall(sketch, rng, line, start, end)
        elif border == "fence":
            buildings.fence(sketch, rng, line, start, end)
        elif border == "hedge":
            nature.hedge(sketch, rng, line, start, end, leaves)


def place_things(sketch, rng, street, leaves) -> list:
    """All that stands in the street: (Z, order of creation, function that paints it)."""
    things = []

    def add(z, function, *arguments):
        things.append((z, len(things), partial(function, sketch, rng, *arguments)))

    _traffic(rng, street, add)
    _parked(rng, street, add)
    _walkers(rng, street, add)
    _roadside(rng, street, leaves, add)
    return things


def _traffic(rng, street, add) -> None:
    tram = street.rails is not None and rng.chance(0.65)
    if tram:
        z = rng.uniform(34, 75)
        add(z - 16, vehicles.box_vehicle, "train", street.rails, z, 180.0)
    crowd = rng.weighted([(0.35, 2), (0.8, 3), (1.5, 1)])
    for lane, way in street.lanes:
        if tram and abs(lane - street.rails) < 1:
            continue
        z = rng.uniform(10, 40) if abs(lane) < 1 else rng.uniform(6, 34)
        if abs(lane) < 1 and rng.chance(0.25):
            z += 25
        while z < 85:
            kind = rng.weighted([("car", 15), ("truck", 0.2), ("bus", 0.22), ("rider", 1.4), ("other", 0.15)])
            heading = (0.0 if way > 0 else 180.0) + rng.bell(0, 1.5)
            x = lane + rng.uniform(-0.3, 0.3)
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
                add(z, people.rider, x + (0.9 if way > 0 else -0.9), z, rng.pick((90.0, 62.0, 118.0)))
                z += 2
            else:
                add(z, vehicles.box_vehicle, rng.pick(("caravan", "trailer")), x, z + 3, heading)
                z += 6
            z += rng.uniform(8, 54) / crowd
    for side, start, end in street.side_streets:
        edge = street.edge[0 if side < 0 else 1]
        if rng.chance(0.35):
            z = (start + end) / 2
            add(
                z - 1,
                vehicles.car,
                edge + side * rng.uniform(0.5, 6),
                z,
                rng.pick((90.0, -90.0)) + rng.bell(0, 4),
                True,
            )
    if rng.chance(0.16):
        z = rng.uniform(11, 30)
        left, right = street.edge
        add(z, people.rider, rng.uniform(left + 1, right - 1), z, rng.pick((0.0, 180.0)) + rng.uniform(-25, 25))


def _parked(rng, street, add) -> None:
    for side, edge, parking in zip((-1, 1), street.edge, street.parking, strict=True):
        if not parking:
            continue
        gaps = [(start - 4, end + 4) for s, start, end in street.side_streets if s == side]
        z = rng.uniform(7, 18)
        fill = rng.uniform(0.3, 0.9)
        while z < 68:
            if rng.chance(fill) and not any(start < z + 2.3 < end for start, end in gaps):
                heading = (0.0 if side > 0 else 180.0) + rng.bell(0, 1)
                if rng.chance(0.01):
                    add(z, vehicles.truck, edge - side * 1.3, z + 3.5, heading)
                    z += 3
                else:
                    add(z, vehicles.car, edge - side * 1.05, z + 2.3, heading, False)
            z += rng.uniform(5.4, 6.4)


def _walkers(rng, street, add) -> None:
    busy = rng.weighted([(2, 3), (5, 3), (11, 1.3)])
    for side, edge, line in zip((-1, 1), street.edge, street.line, strict=True):
        for _ in range(rng.integer(0, busy)):
            z = rng.uniform(9, 30) if rng.chance(0.6) else rng.uniform(20, 60)
            x = rng.uniform(edge + side * 0.5, line - side * 0.4)
            add(z, people.person, x, z, KERB)
            if rng.chance(0.3):
                add(z + 0.2, people.person, x + side * 0.55, z + 0.2, KERB)
        for _ in range(rng.integer(1, 5) if rng.chance(0.4) else 0):
            z = rng.uniform(8, 24)
            add(z, cycles.bicycle, line - side * 0.6, z, rng.pick((0.0, 20.0, 160.0, 75.0)) + rng.bell(0, 5), KERB)
        if rng.chance(0.08):
            z = rng.uniform(8, 22)
            add(z, cycles.motorcycle, edge + side * 0.9, z, rng.pick((0.0, 30.0, 150.0)), KERB)
    if street.zebra is not None and rng.chance(0.6):
        left, right = street.edge
        for _ in range(rng.integer(1, 3)):
            z = street.zebra + rng.uniform(0.5, 3)
            add(z, people.person, rng.uniform(left, right), z, 0.0)
    elif rng.chance(0.12):
        z = rng.uniform(14, 35)
        add(z, people.person, rng.uniform(*street.edge), z, 0.0)


def _roadside(rng, street, leaves, add) -> None:
    trees = rng.chance(0.72)
    spacing = rng.uniform(7, 13)
    for side, edge, line, verge in zip((-1, 1), street.edge, street.line, street.verge, strict=True):
        kerb = edge + side * 0.45
        z = rng.uniform(10, 26)
        lamps = rng.uniform(19, 32)
        while z < 95:
            add(z, furniture.lamp_post, kerb, z)
            z += lamps
        if trees and rng.chance(0.85):
            z = rng.uniform(11, 22)
            middle = edge + side * (verge / 2 + 0.25 if verge else 0.8)
            while z < 90:
                add(z, nature.tree, middle, z, rng.uniform(6, 11), leaves)
                z += spacing * rng.uniform(0.85, 1.25)
        for _ in range(rng.integer(0, 3)):
            z = rng.uniform(8, 45)
            add(z, furniture.traffic_sign, kerb, z)
        if rng.chance(0.12):
            z = rng.uniform(14, 40)
            add(z, furniture.overhead_sign, edge + side * 1.2, z)
        if rng.chance(0.2):
            z = rng.uniform(8, 20)
            add(z, furniture.bollards, kerb, z)
        for _ in range(rng.integer(0, 2)):
            z = rng.uniform(8, 35)
            add(z, furniture.clutter, line - side * 0.7, z)
        if rng.chance(0.15):
            z = rng.uniform(9, 25)
            add(z, nature.bush, line - side * 0.6, z, 1.2, 1.1, leaves)
    if rng.chance(0.45):
        z = street.zebra - 1 if street.zebra is not None else rng.uniform(16, 45)
        for side, edge in zip((-1, 1), street.edge, strict=True):
            add(z, furniture.traffic_light, edge + side * 0.4, z, rng.chance(0.5))
    if rng.chance(0.03):
        z = rng.uniform(45, 90)
        add(z, furniture.bridge, z)
