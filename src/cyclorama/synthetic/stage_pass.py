"""Draws the stage: a round cyclorama of painted floor and wall, its light, its tracking markers, the actor's shadow."""

from typing import NamedTuple

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.synthetic.figure_shadow import occlusion, shadow
from cyclorama.synthetic.light import Light, toward
from cyclorama.synthetic.noise import band, entry_kernel, fractal, hash01, kernel, smooth
from cyclorama.synthetic.place_pass import ray
from cyclorama.synthetic.solids import Eye

Vector = tuple[float, float, float]


class Stage(NamedTuple):
    """``radius`` of the wall around the origin (m), ``cove`` (m, the curve between floor and wall), ``paint`` (3,)
    linear albedo times light, ``uneven`` (0..1), ``markers`` 0 or 1, ``seed``."""

    radius: float
    cove: float
    paint: Array
    uneven: float
    markers: float
    seed: int


@kernel
def _marker(u: float, v: float, footprint: float, seed: int) -> float:
    """How much of a footprint a cross of tape covers; one per cell of 0.85 m, a little out of place."""
    iu, iv = int(np.floor(u / 0.85)), int(np.floor(v / 0.85))
    x = u - (iu + 0.5 + 0.22 * (hash01(iu, iv, seed) - 0.5)) * 0.85
    y = v - (iv + 0.5 + 0.22 * (hash01(iu, iv, seed + 1) - 0.5)) * 0.85
    turn = 0.5 * (hash01(iu, iv, seed + 2) - 0.5)
    x, y = x + turn * y, y - turn * x
    bar = band(x, -0.085, 0.085, footprint) * band(y, -0.014, 0.014, footprint)
    post = band(y, -0.085, 0.085, footprint) * band(x, -0.014, 0.014, footprint)
    return max(bar, post)


@kernel
def _paint(stage: Stage, point: Vector, direction: Vector, on_wall: bool, width: float) -> tuple[float, float]:
    """At a point of the stage: how strongly it is lit, and how much of it is tape."""
    x, y, z = point
    rho = np.hypot(x, y)
    if on_wall:
        wall = 1.0 - 0.5 * smooth(stage.cove, 0.0, z)
        u, v = np.arctan2(x, y) * stage.radius, z
        cosine = abs(direction[0] * x + direction[1] * y) / rho
    else:
        wall = 0.5 * smooth(stage.cove, 0.0, stage.radius - rho)
        u, v = x, y
        cosine = abs(direction[2])
    size = np.sqrt(direction[0] ** 2 + direction[1] ** 2 + direction[2] ** 2)
    footprint = width / np.sqrt(cosine / size + 0.02)
    level = 0.82 + 0.2 * wall - 0.13 * wall * smooth(1.5, 5.0, z)
    azimuth = np.arctan2(x, y)
    lamps = 0.5 * np.sin(2.6 * azimuth + hash01(1, 2, stage.seed) * 6.0) + 0.5 * fractal(
        x, y + z, 0.35, 0.6, stage.seed
    )
    level *= 1.0 + stage.uneven * (lamps + 0.35 * (hash01(2, 5, stage.seed) - 0.5) * x / stage.radius)
    level *= 1.0 + 0.035 * fractal(u, v, 2.2, footprint, stage.seed + 3)
    tape = stage.markers * _marker(u + 0.4, v + 0.2, footprint, stage.seed + 4) if z > 0.15 or not on_wall else 0.0
    return level, tape


@kernel
def _stage_point(stage: Stage, origin: Vector, direction: Vector) -> tuple[float, bool]:
    """Where a ray from inside meets the stage, and whether that is on the wall."""
    floor = -origin[2] / direction[2] if direction[2] < -1e-9 else np.inf
    a = direction[0] ** 2 + direction[1] ** 2 + 1e-18
    b = origin[0] * direction[0] + origin[1] * direction[1]
    c = origin[0] ** 2 + origin[1] ** 2 - stage.radius**2
    wall = (-b + np.sqrt(b * b - a * c)) / a
    return (floor, False) if floor < wall else (wall, True)


@entry_kernel
def draw_stage(stage: Stage, light: Light, eye: Eye, parts: Array, out: Array) -> None:
    """Fills ``out`` h w 3 float32 with the empty stage in the actor's shadow, scene-linear. One ray a
    pixel: nothing on the stage has an edge but the tape, whose coverage is a closed form."""
    origin = (eye.position[0], eye.position[1], eye.position[2])
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            direction = ray(eye, column + 0.5, row + 0.5)
            t, on_wall = _stage_point(stage, origin, direction)
            point = (origin[0] + t * direction[0], origin[1] + t * direction[1], origin[2] + t * direction[2])
            level, tape = _paint(stage, point, direction, on_wall, t / eye.focal)
            x, y, z, _, _ = toward(light, point, -1)
            level *= (0.5 + 0.5 * shadow(parts, point, (x, y, z), light.size)) * occlusion(parts, point)
            for channel in range(3):
                out[row, column, channel] = level * (stage.paint[channel] * (1.0 - tape) + 0.04 * tape)
