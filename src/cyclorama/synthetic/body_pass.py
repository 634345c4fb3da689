"""Draws the actor's body: sphere tracing of melted tapered capsules, lit for the stage and for the place at once."""

from typing import NamedTuple

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.synthetic.cloth import material_color
from cyclorama.synthetic.figure_shadow import shadow
from cyclorama.synthetic.light import Light, dome, toward
from cyclorama.synthetic.noise import clamp01, entry_kernel, kernel
from cyclorama.synthetic.place_pass import ray, tile_of
from cyclorama.synthetic.solids import Eye, Solids, Tiles, first_hit, lit

Vector = tuple[float, float, float]

ALPHA, STAGE, SPILL, PLACE, VISIBLE, DEPTH = 0, 1, 4, 7, 10, 11
NUM_CHANNELS = 12
"""Channels of the body's picture: coverage, colour as the stage lights it, the screen's bounce on it, colour as the
place lights it, coverage that nothing of the place hides, inverse depth (1/m). Colours are premultiplied."""


class Surroundings(NamedTuple):
    """All that colours the actor. ``paint``: (3,) the screen's radiance."""

    solids: Solids
    tiles: Tiles
    place_light: Light
    stage_light: Light
    paint: Array


@kernel
def _limb_distance(part: Array, x: float, y: float, z: float) -> float:
    ex, ey, ez = part[3] - part[0], part[4] - part[1], part[5] - part[2]
    wx, wy, wz = x - part[0], y - part[1], z - part[2]
    q = clamp01((wx * ex + wy * ey + wz * ez) / (ex * ex + ey * ey + ez * ez + 1e-12))
    wx, wy, wz = wx - q * ex, wy - q * ey, wz - q * ez
    return np.sqrt(wx * wx + wy * wy + wz * wz) - part[6] - q * (part[7] - part[6])


@kernel
def distance(parts: Array, near: Array, x: float, y: float, z: float) -> float:
    """Signed distance (m) to the melted limbs listed in ``near``."""
    total = 10.0
    for index in near:
        d, melt = _limb_distance(parts[index], x, y, z), parts[index, 15]
        overlap = max(melt - abs(total - d), 0.0)
        total = min(total, d) - 0.25 * overlap * overlap / melt
    return total


@kernel
def _nearest(parts: Array, near: Array, point: Vector) -> int:
    best, found = np.inf, -1
    for index in near:
        d = _limb_distance(parts[index], point[0], point[1], point[2])
        if d < best:
            best, found = d, index
    return found


@kernel
def limbs_along(parts: Array, origin: Vector, direction: Vector, near: Array) -> int:
    """Writes the limbs that a ray (unit direction) passes close to into ``near``; returns how many."""
    count = 0
    for index in range(1, len(parts)):
        part = parts[index]
        ex, ey, ez = part[3] - part[0], part[4] - part[1], part[5] - part[2]
        x, y, z = part[0] + 0.5 * ex - origin[0], part[1] + 0.5 * ey - origin[1], part[2] + 0.5 * ez - origin[2]
        radius = 0.5 * np.sqrt(ex * ex + ey * ey + ez * ez) + max(part[6], part[7]) + part[15]
        along = x * direction[0] + y * direction[1] + z * direction[2]
        if x * x + y * y + z * z - along * along < radius * radius:
            near[count] = index
            count += 1
    return count


@kernel
def trace(parts: Array, near: Array, origin: Vector, direction: Vector) -> float:
    """Distance along a unit direction to the figure, or -1."""
    x, y, z = parts[0, 0] - origin[0], parts[0, 1] - origin[1], parts[0, 2] - origin[2]
    along = x * direction[0] + y * direction[1] + z * direction[2]
    inside = parts[0, 6] ** 2 - (x * x + y * y + z * z - along * along)
    if inside <= 0.0 or len(near) == 0:
        return -1.0
    s, end = max(0.05, along - np.sqrt(inside)), along + np.sqrt(inside)
    for _ in range(150):
        d = distance(
            parts, near, origin[0] + s * direction[0], origin[1] + s * direction[1], origin[2] + s * direction[2]
        )
        if d < 4e-4:
            return s
        s += max(0.95 * d, 1e-3)
        if s > end:
            break
    return -1.0


@kernel
def _normal(parts: Array, near: Array, p: Vector) -> Vector:
    e = 1.5e-3
    a = distance(parts, near, p[0] + e, p[1] - e, p[2] - e)
    b = distance(parts, near, p[0] - e, p[1] - e, p[2] + e)
    c = distance(parts, near, p[0] - e, p[1] + e, p[2] - e)
    d = distance(parts, near, p[0] + e, p[1] + e, p[2] + e)
    x, y, z = a - b - c + d, -a - b + c + d, -a + b - c + d
    size = np.sqrt(x * x + y * y + z * z) + 1e-12
    return x / size, y / size, z / size


@kernel
def key_on(parts: Array, solids: Solids, light: Light, point: Vector, normal: Vector) -> tuple[float, float]:
    """How strongly the key falls on a point of the figure (Lambert), and the same for a highlight toward -y."""
    x, y, z, reach, strength = toward(light, point, -1)
    facing = normal[0] * x + normal[1] * y + normal[2] * z
    if facing <= 0.0:
        return 0.0, 0.0
    start = (point[0] + 0.02 * normal[0], point[1] + 0.02 * normal[1], point[2] + 0.02 * normal[2])
    open_share = shadow(parts, start, (x, y, z), light.size)
    if open_share > 0.0:
        open_share *= lit(solids, start, (x, y, z), reach)
    hx, hy, hz = x, y - 1.0, z
    half = (normal[0] * hx + normal[1] * hy + normal[2] * hz) / np.sqrt(hx * hx + hy * hy + hz * hz + 1e-9)
    return facing * strength * open_share, max(0.0, half) ** 24 * strength * open_share


@kernel
def bounce(normal: Vector, height: float) -> float:
    """How much of the lit screen a normal looks at: the wall behind (+y), and the floor close by."""
    wall = (0.5 + 0.5 * normal[1]) ** 2
    return 0.12 + 0.5 * wall + 0.4 * max(0.0, -normal[2]) * np.exp(-height)


@kernel
def _shade(parts: Array, near: Array, around: Surroundings, sight: tuple[Vector, Vector, int], out: Array) -> None:
    """Adds one hit's colours to ``out``; ``sight`` is the point, the unit direction of view and the limb."""
    point, direction, limb = sight
    normal = _normal(parts, near, point)
    albedo = material_color(parts[limb], point)
    gap = distance(parts, near, point[0] + 0.06 * normal[0], point[1] + 0.06 * normal[1], point[2] + 0.06 * normal[2])
    open_sky = 0.45 + 0.55 * clamp01(gap / 0.06)
    nobody = Solids(around.solids.shape, around.solids.surface, around.solids.bound[:0])
    stage_key, stage_shine = key_on(parts, nobody, around.stage_light, point, normal)
    place_key, place_shine = key_on(parts, around.solids, around.place_light, point, normal)
    gloss = 0.22 if parts[limb, 11] >= 3.0 else 0.06
    graze = (1.0 - abs(normal[0] * direction[0] + normal[1] * direction[1] + normal[2] * direction[2])) ** 4
    seen = bounce(normal, point[2]) * open_sky
    for channel in range(3):
        stage, place = around.stage_light, around.place_light
        out[STAGE + channel] += albedo[channel] * (
            stage_key * stage.key[channel] + open_sky * dome(stage, normal[2], channel)
        )
        out[STAGE + channel] += gloss * stage_shine * stage.key[channel]
        out[SPILL + channel] += around.paint[channel] * (0.4 * albedo[channel] * seen + 0.09 * graze * seen)
        out[PLACE + channel] += albedo[channel] * (
            place_key * place.key[channel] + open_sky * dome(place, normal[2], channel)
        )
        out[PLACE + channel] += (
            gloss * place_shine * place.key[channel] + 0.08 * graze * open_sky * place.horizon[channel]
        )


@kernel
def _body_pixel(parts: Array, around: Surroundings, view: tuple[Eye, int, int, int], scratch: Array, out: Array) -> int:
    """Sums a grid of rays over one pixel into ``out``; returns how many of them met the body."""
    eye, column, row, grid = view
    origin, hits = (eye.position[0], eye.position[1], eye.position[2]), 0
    out[:] = 0.0
    one = np.zeros(NUM_CHANNELS)
    for k in range(grid * grid):
        look = ray(eye, column + (k % grid + 0.5) / grid, row + (k // grid + 0.5) / grid)
        size = np.sqrt(look[0] ** 2 + look[1] ** 2 + look[2] ** 2)
        direction = (look[0] / size, look[1] / size, look[2] / size)
        near = scratch[: limbs_along(parts, origin, direction, scratch)]
        s = trace(parts, near, origin, direction)
        if s < 0.0:
            continue
        hits += 1
        point = (origin[0] + s * direction[0], origin[1] + s * direction[1], origin[2] + s * direction[2])
        one[:] = 0.0
        _shade(parts, near, around, (point, direction, _nearest(parts, near, point)), one)
        one[ALPHA], one[DEPTH], one[VISIBLE] = 1.0, size / s, 1.0
        if first_hit(around.solids.shape, around.tiles, tile_of(around.tiles, column, row), origin, look)[0] < s / size:
            one[VISIBLE] = one[PLACE] = one[PLACE + 1] = one[PLACE + 2] = 0.0
        for channel in range(NUM_CHANNELS):
            out[channel] += one[channel]
    out[DEPTH] /= max(1, hits)
    for channel in range(DEPTH):
        out[channel] /= grid * grid
    return hits


@entry_kernel
def draw_body(parts: Array, around: Surroundings, eye: Eye, window: tuple[int, int, int, int], out: Array) -> None:
    """Fills ``out`` h w NUM_CHANNELS float32 inside ``window`` (top, left, bottom, right); 0 elsewhere. Pixels on the
    outline are drawn again with a finer grid."""
    scratch = np.zeros(len(parts), np.int64)
    color = np.zeros(NUM_CHANNELS)
    out[:] = 0.0
    for row in range(window[0], window[2]):
        for column in range(window[1], window[3]):
            for attempt in range(2):
                grid = 2 + 2 * attempt
                hits = _body_pixel(parts, around, (eye, column, row, grid), scratch, color)
                if hits == 0 or hits == grid * grid:
                    break
            for channel in range(NUM_CHANNELS):
                out[row, column, channel] = color[channel]
