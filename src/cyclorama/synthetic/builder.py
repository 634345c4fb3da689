"""Puts solids together into places: colours, materials, a few things that every place has."""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.synthetic.solids import BOX, CYLINDER, ELLIPSOID, GROUND, Solids
from cyclorama.synthetic.textures import surface_row

Color = tuple[float, float, float]
WALLS: tuple[Color, ...] = (
    (0.46, 0.16, 0.10),
    (0.55, 0.42, 0.27),
    (0.36, 0.36, 0.38),
    (0.62, 0.54, 0.42),
    (0.30, 0.20, 0.15),
    (0.26, 0.33, 0.38),
)
BRIGHT: tuple[Color, ...] = (
    (0.60, 0.08, 0.06),
    (0.08, 0.20, 0.50),
    (0.70, 0.45, 0.06),
    (0.08, 0.33, 0.22),
    (0.65, 0.62, 0.56),
    (0.35, 0.10, 0.32),
)
METAL: Color = (0.10, 0.10, 0.11)
WOOD: Color = (0.34, 0.19, 0.09)
DARK_WOOD: Color = (0.15, 0.08, 0.04)
LEAF: Color = (0.07, 0.16, 0.035)
PALE: Color = (0.62, 0.58, 0.50)


@dataclass(frozen=True)
class Look:
    """What something is made of; ``scale`` in metres."""

    kind: str
    first: Color
    second: Color
    scale: float = 1.0
    emission: float = 0.0


class Builder:
    """Collects solids; groups nearer than the actor can be held back by the caller's ``admit(center, half)``."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.shapes: list[Array] = []
        self.surfaces: list[Array] = []
        self.bounds: list[Array] = []

    def add(
        self,
        shape: int,
        center: tuple[float, ...],
        half: tuple[float, ...],
        look: Look,
        yaw: float = 0.0,
        casts: bool = True,
    ) -> None:
        """One solid; ``yaw`` in radians turns boxes only; ``casts``: it throws shadows."""
        self.shapes.append(np.array([shape, *center, *half, np.cos(yaw), np.sin(yaw)], np.float64))
        self.surfaces.append(
            surface_row(look.kind, look.first, look.second, look.scale, int(self.rng.integers(1, 9999)), look.emission)
        )
        snug = {ELLIPSOID: max(half), CYLINDER: float(np.hypot(half[0], half[2]))}
        radius = snug.get(shape, float(np.linalg.norm(half)))
        self.bounds.append(np.array([*center, radius * 1.001 if casts else 0.0]))

    def box(
        self,
        foot: tuple[float, float, float],
        size: tuple[float, float, float],
        look: Look,
        yaw: float = 0.0,
        casts: bool = True,
    ) -> None:
        """A box by the middle of its base and its full size."""
        x, y, z = foot
        self.add(BOX, (x, y, z + 0.5 * size[2]), (0.5 * size[0], 0.5 * size[1], 0.5 * size[2]), look, yaw, casts)

    def post(self, foot: tuple[float, float, float], radius: float, height: float, look: Look) -> None:
        x, y, z = foot
        self.add(CYLINDER, (x, y, z + 0.5 * height), (radius, radius, 0.5 * height), look)

    def ball(self, center: tuple[float, float, float], half: tuple[float, float, float], look: Look) -> None:
        self.add(ELLIPSOID, center, half, look)

    def ground(self, look: Look) -> None:
        self.add(GROUND, (0.0, 0.0, 0.0), (1.0, 1.0, 0.0), look, casts=False)

    def pick(self, colors: tuple[Color, ...]) -> Color:
        return colors[int(self.rng.integers(len(colors)))]

    def solids(self) -> Solids:
        return Solids(np.stack(self.shapes), np.stack(self.surfaces), np.stack(self.bounds))


def tree(build: Builder, x: float, y: float, height: float) -> None:
    rng = build.rng
    trunk, leaf = Look("planks", DARK_WOOD, WOOD, 0.12), Look("foliage", LEAF, (0.22, 0.30, 0.07), 0.9)
    build.post((x, y, 0.0), 0.05 * height * 0.55, 0.6 * height, trunk)
    for _ in range(3):
        dx, dy = rng.uniform(-0.16, 0.16, 2) * height
        half = (rng.uniform(0.17, 0.24) * height, rng.uniform(0.17, 0.24) * height, rng.uniform(0.15, 0.21) * height)
        build.ball((x + dx, y + dy, height * rng.uniform(0.66, 0.86)), half, leaf)


def near_thing(build: Builder, x: float, y: float, sort: int) -> None:
    """Something tall and narrow to stand nearer than the actor."""
    color = build.pick(BRIGHT)
    if sort == 0:
        build.post((x, y, 0.0), 0.045, 3.4, Look("stripes", METAL, (0.35, 0.34, 0.30), 0.6))
        build.box((x, y - 0.05, 2.0), (0.5, 0.03, 0.4), Look("poster", color, PALE, 0.12))
    elif sort == 1:
        build.box((x, y, 0.0), (0.5, 0.5, 0.62), Look("planks", WOOD, PALE, 0.1), 0.3)
        build.box((x + 0.03, y, 0.62), (0.42, 0.42, 0.5), Look("planks", DARK_WOOD, WOOD, 0.09), 0.75)
    elif sort == 2:
        build.post((x, y, 0.0), 0.17, 0.45, Look("check", color, PALE, 0.09))
        for dz, half in ((0.78, 0.22), (1.1, 0.16), (1.32, 0.1)):
            build.ball((x + 0.05 * dz, y, dz), (half, half, 0.26), Look("foliage", LEAF, (0.25, 0.33, 0.08), 0.3))
    else:
        build.post((x, y, 0.0), 0.09, 1.12, Look("stripes", color, PALE, 0.28))
        build.ball((x, y, 1.14), (0.1, 0.1, 0.1), Look("plain", color, PALE, 0.2))


def car(build: Builder, x: float, y: float, color: Color) -> None:
    paint, glass = Look("plain", color, color, 2.0), Look("windows", (0.03, 0.035, 0.04), (0.05, 0.05, 0.05), 1.1)
    build.box((x, y, 0.28), (1.75, 4.1, 0.55), paint)
    build.box((x, y + 0.2, 0.83), (1.5, 2.2, 0.5), glass)
    build.box((x, y + 0.2, 1.33), (1.45, 2.1, 0.05), paint)
    build.box((x, y, 0.0), (1.6, 3.0, 0.3), Look("plain", (0.02, 0.02, 0.02), METAL, 0.5))
    build.box((x, y - 2.06, 0.52), (1.5, 0.04, 0.12), Look("stripes", PALE, METAL, 0.04))
