"""Seeded places to stand in: a street, a room, a yard. See ``solids`` for the world's axes."""

import numpy as np

from cyclorama.synthetic.builder import BRIGHT, DARK_WOOD, LEAF, METAL, PALE, WALLS, WOOD, Builder, Look, car, tree
from cyclorama.synthetic.light import Light


def street(build: Builder) -> None:
    rng = build.rng
    build.ground(Look("street", (0.15, 0.15, 0.155), (0.42, 0.39, 0.35), 3.3))
    for side in (-1, 1):
        y = -9.0
        while y < 68.0:
            length, height, deep = rng.uniform(6.0, 11.0), rng.uniform(7.0, 19.0), rng.uniform(6.0, 7.2)
            wall = build.pick(WALLS)
            build.box(
                (side * (deep + 4.0), y + length / 2, 0.0),
                (8.0, length, height),
                Look("windows", wall, PALE, rng.uniform(2.3, 3.4)),
            )
            build.box(
                (side * (deep - 0.15), y + length / 2, 2.9),
                (0.9, length * 0.8, 0.12),
                Look("stripes", build.pick(BRIGHT), PALE, 0.4),
            )
            _signs(build, side, (deep, y, length))
            y += length
        for y in np.arange(1.5, 60.0, rng.uniform(12.0, 16.0)):
            build.post((side * 4.0, y, 0.0), 0.07, 5.2, Look("plain", METAL, METAL, 0.5))
            build.box((side * 3.5, y, 5.15), (1.2, 0.14, 0.09), Look("plain", METAL, METAL, 0.5))
        for y in np.arange(4.0, 40.0, 6.4) + rng.uniform(0, 2):
            if rng.random() < 0.75:
                car(build, side * 2.45, y + 2.0, build.pick(BRIGHT))
        for y in rng.uniform(3.0, 26.0, 2):
            tree(build, side * 5.0, y, rng.uniform(4.0, 5.5))
        build.box(
            (side * 4.7, rng.uniform(0.5, 3.0), 0.0), (0.7, 0.5, 1.1), Look("planks", build.pick(BRIGHT), METAL, 0.16)
        )
        build.box(
            (side * 4.6, rng.uniform(4.0, 6.0), 0.9), (0.08, 1.2, 1.6), Look("poster", PALE, build.pick(BRIGHT), 0.3)
        )
    for x in (-13.0, -2.0, 9.0):
        wall = build.pick(WALLS)
        build.box((x, 78.0, 0.0), (10.0, 8.0, rng.uniform(12, 26)), Look("windows", wall, PALE, 2.6))
        build.box((x + rng.uniform(-1, 1), 73.9, 2.0), (7.0, 0.2, 6.0), Look("poster", PALE, build.pick(BRIGHT), 2.2))


def _signs(build: Builder, side: int, front: tuple[float, float, float]) -> None:
    """Signs over the pavement along one front (its distance from the middle, start and length), and a board."""
    rng = build.rng
    deep, start, length = front
    for share in (0.2, 0.55, 0.85):
        width, height = rng.uniform(0.9, 1.6), rng.uniform(0.9, 1.9)
        at = (side * (deep - 0.55 * width), start + share * length, rng.uniform(3.2, 5.2))
        build.box(at, (width, 0.08, height), Look("poster", build.pick(BRIGHT), PALE, rng.uniform(0.25, 0.5)))
    at = (side * rng.uniform(4.3, 5.0), start + rng.uniform(0.3, 0.7) * length, 0.0)
    build.box(at, (0.8, 0.1, 1.2), Look("poster", PALE, build.pick(BRIGHT), 0.17), rng.uniform(-0.4, 0.4))


def room(build: Builder) -> None:
    rng = build.rng
    floor = Look("planks", WOOD, PALE, 0.17) if rng.random() < 0.6 else Look("check", PALE, (0.16, 0.10, 0.08), 0.5)
    build.ground(floor)
    wall = build.pick(((0.52, 0.46, 0.36), (0.30, 0.36, 0.36), (0.50, 0.36, 0.28)))
    plaster = Look("plain", wall, PALE, 0.9)
    build.box(
        (0.0, 5.4, 0.0),
        (12.0, 0.4, 3.4),
        Look("brick", (0.42, 0.20, 0.13), PALE, 0.26) if rng.random() < 0.5 else plaster,
        casts=False,
    )
    for side in (-1, 1):
        build.box((side * 5.2, -2.0, 0.0), (0.4, 16.0, 3.4), plaster, casts=False)
        build.box((side * 4.96, -1.0, 0.0), (0.06, 12.0, 0.16), Look("planks", PALE, PALE, 0.1))
        for y in (-1.5, 1.5, 4.2):
            build.box((side * 4.97, y, 1.1), (0.06, 1.3, 1.3), Look("windows", PALE, PALE, 1.3, 0.8))
    build.box((0.0, -9.6, 0.0), (12.0, 0.4, 3.4), plaster, casts=False)
    build.box((0.0, -2.0, 3.3), (12.0, 16.0, 0.2), Look("planks", (0.66, 0.62, 0.55), PALE, 0.6), casts=False)
    for x in (-2.6, 0.4, 3.1):
        build.box((x, 2.0, 3.1), (0.22, 7.0, 0.2), Look("planks", DARK_WOOD, WOOD, 0.11), casts=False)
    x = -4.2
    while x < 4.2:
        width = rng.uniform(0.5, 1.3)
        build.box(
            (x + width / 2, 5.16, rng.uniform(1.2, 1.7)),
            (width * 0.8, 0.06, rng.uniform(0.5, 1.1)),
            Look("poster", build.pick(BRIGHT), PALE, width * 0.2),
        )
        x += width + rng.uniform(0.1, 0.5)
    _furnish(build)


def _furnish(build: Builder) -> None:
    rng = build.rng
    for side in (-1, 1):
        x, y = side * rng.uniform(2.5, 3.0), rng.uniform(1.2, 2.2)
        wood = Look("planks", WOOD, DARK_WOOD, 0.14)
        build.box((x, y, 0.70), (1.5, 0.8, 0.06), wood)
        for dx in (-0.68, 0.68):
            for dy in (-0.33, 0.33):
                build.post((x + dx, y + dy, 0.0), 0.035, 0.7, wood)
        for k in range(3):
            wide, deep, high = (float(side) for side in rng.uniform(0.12, 0.34, 3))
            build.box(
                (x - 0.5 + 0.5 * k, y, 0.76),
                (wide, deep, high + 0.1),
                Look("poster", build.pick(BRIGHT), PALE, 0.07),
                rng.uniform(0, 1.5),
            )
        shelf_x = side * rng.uniform(1.6, 4.0)
        for level in range(4):
            build.box((shelf_x, 4.8, 0.1 + 0.45 * level), (1.4, 0.36, 0.04), wood)
            for k in range(4):
                size = (0.26, 0.22, rng.uniform(0.18, 0.34))
                build.box(
                    (shelf_x - 0.5 + 0.33 * k, 4.78, 0.14 + 0.45 * level),
                    size,
                    Look("stripes", build.pick(BRIGHT), build.pick(BRIGHT), 0.06),
                )
        build.box(
            (side * 3.7, rng.uniform(-1.6, -0.6), 0.0), (1.0, 2.0, 0.45), Look("check", build.pick(BRIGHT), PALE, 0.2)
        )
        build.box((side * 4.35, -1.1, 0.0), (0.35, 2.0, 0.9), Look("check", build.pick(BRIGHT), PALE, 0.2))
        build.post((side * 4.4, 3.4, 0.0), 0.03, 1.5, Look("plain", METAL, METAL))
        build.ball((side * 4.4, 3.4, 1.62), (0.24, 0.24, 0.2), Look("plain", PALE, PALE, 0.3, 0.9))
    build.box((0.0, 2.6, 0.0), (3.2, 2.2, 0.012), Look("check", build.pick(BRIGHT), PALE, 0.32))


def yard(build: Builder) -> None:
    rng = build.rng
    build.ground(Look("lawn", (0.09, 0.15, 0.035), (0.36, 0.31, 0.25), 1.2))
    for side in (-1, 1):
        for y in np.arange(0.0, 26.0, 2.2):
            build.post((side * 4.6, y, 0.0), 0.06, 1.15, Look("planks", WOOD, DARK_WOOD, 0.06))
        for z in (0.45, 0.92):
            build.box((side * 4.6, 12.0, z), (0.05, 25.0, 0.12), Look("planks", WOOD, PALE, 0.07))
        for y in rng.uniform(3.0, 30.0, 6):
            tree(build, side * rng.uniform(5.8, 12.0), y, rng.uniform(3.8, 6.5))
        for _ in range(4):
            half = rng.uniform(0.15, 0.42)
            build.ball(
                (side * rng.uniform(1.9, 3.8), rng.uniform(1.0, 12.0), half * 0.4),
                (half, half * 0.9, half * 0.7),
                Look("plain", (0.22, 0.20, 0.18), PALE, 0.3),
            )
        build.box((side * 2.3, rng.uniform(2.8, 4.0), 0.42), (0.45, 1.5, 0.06), Look("planks", WOOD, PALE, 0.1))
        build.box((side * 2.3, 3.4, 0.0), (0.3, 0.9, 0.42), Look("brick", (0.4, 0.2, 0.14), PALE, 0.2))
    build.box((rng.uniform(-6, -3.5), 20.0, 0.0), (5.0, 4.0, 3.0), Look("planks", build.pick(WALLS), PALE, 0.3))
    build.box((rng.uniform(5, 8), 27.0, 0.0), (9.0, 7.0, 5.6), Look("windows", build.pick(WALLS), PALE, 2.2))
    build.box((0.0, 34.0, 0.0), (40.0, 0.5, 2.0), Look("brick", (0.42, 0.20, 0.13), PALE, 0.5))
    for _ in range(9):
        tree(build, rng.uniform(-30, 30), rng.uniform(36, 60), rng.uniform(6.0, 10.0))
    for x in (-70.0, 10.0, 90.0):
        build.ball((x, 170.0, -8.0), (75.0, 40.0, rng.uniform(18, 26)), Look("foliage", LEAF, (0.2, 0.25, 0.09), 9.0))


def place_light(rng: np.random.Generator, place: str) -> Light:
    """The place's own light: a sun outdoors, a lamp by the ceiling indoors."""
    seed = int(rng.integers(1, 9999))
    if place == "room":
        lamp = np.array([rng.choice([-1.0, 1.0]) * rng.uniform(1.4, 2.6), rng.uniform(-2.4, -0.8), 2.75])
        warm = np.array([1.15, 0.86, 0.56]) * rng.uniform(0.9, 1.1)
        dim = np.array([0.22, 0.19, 0.16])
        return Light(lamp, warm, 1.2 * dim, 0.9 * dim, dim, 0.07, 3.2, 1e4, seed)
    elevation, azimuth = np.radians(rng.uniform(24, 50)), rng.choice([-1.0, 1.0]) * np.radians(rng.uniform(12, 34))
    toward_sun = np.array(
        [np.sin(azimuth) * np.cos(elevation), -np.cos(azimuth) * np.cos(elevation), np.sin(elevation)]
    )
    warmth = (np.radians(50) - elevation) / np.radians(26)
    key = np.array([1.55, 1.42 - 0.28 * warmth, 1.22 - 0.55 * warmth])
    sky = np.array([0.34, 0.45, 0.62]) * rng.uniform(0.9, 1.15)
    horizon = np.array([0.66, 0.70, 0.76]) * (1 - 0.3 * warmth) + 0.25 * warmth * np.array([0.9, 0.6, 0.4])
    return Light(2000.0 * toward_sun, key, sky, np.array([0.16, 0.14, 0.12]), horizon, 0.02, 0.0, 420.0, seed)


PLACES = {"street": street, "room": room, "yard": yard}
