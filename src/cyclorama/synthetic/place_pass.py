"""Draws the place, with and without the actor's shadow, and its depth."""

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.synthetic.figure_shadow import occlusion, shadow
from cyclorama.synthetic.light import Light, dome, sky_color, toward
from cyclorama.synthetic.noise import entry_kernel, kernel, smooth
from cyclorama.synthetic.solids import BOX, TILE_PX, Eye, Solids, Tiles, first_hit, lit, normal_and_coordinates
from cyclorama.synthetic.textures import EMISSION, surface_color

Vector = tuple[float, float, float]
_FACE_ORDER = (0, 3, 1, 2)


@kernel
def ray(eye: Eye, x: float, y: float) -> Vector:
    """The direction through a point of the picture, of length 1 along the optical axis."""
    a, b, m = (x - eye.center_x) / eye.focal, (y - eye.center_y) / eye.focal, eye.rotation
    return m[0, 0] * a + m[0, 1] * b + m[0, 2], m[1, 0] * a + m[1, 1] * b + m[1, 2], m[2, 0] * a + m[2, 1] * b + m[2, 2]


@kernel
def tile_of(tiles: Tiles, column: int, row: int) -> int:
    return (row // TILE_PX) * tiles.num_across + column // TILE_PX


@kernel
def footprints(direction: Vector, normal: Vector, along: Vector, width: float) -> tuple[float, float]:
    """Widths in metres that a ray of ``width`` metres covers on a surface, along u and along v."""
    size = np.sqrt(direction[0] ** 2 + direction[1] ** 2 + direction[2] ** 2)
    cosine = abs(direction[0] * normal[0] + direction[1] * normal[1] + direction[2] * normal[2]) / size + 1e-3
    u = (direction[0] * along[0] + direction[1] * along[1] + direction[2] * along[2]) / size / cosine
    v2 = max(0.0, 1.0 / (cosine * cosine) - 1.0 - u * u)
    return width * np.sqrt(1.0 + u * u), width * np.sqrt(1.0 + v2)


@kernel
def _key_share(solids: Solids, light: Light, start: Vector, face: int) -> float:
    """How much of the key is open from ``start``: seen at one point of its face (0..3), or over all of it (-1)."""
    if face >= 0:
        x, y, z, reach, _ = toward(light, start, face)
        return lit(solids, start, (x, y, z), reach)
    total = 0.0
    for k in range(4):
        x, y, z, reach, _ = toward(light, start, _FACE_ORDER[k])
        total += lit(solids, start, (x, y, z), reach)
        if k == 1 and total != 1.0:  # opposite corners agree
            return 0.5 * total
    return 0.25 * total


@kernel
def _add_surface(
    solids: Solids, index: int, light: Light, sight: tuple[Vector, Vector, float, float, int], out: Array
) -> int:
    """Adds a surface's light to ``out``: 0..2 what does not come from the key, 3..5 what does. Returns the number of
    the solid's face."""
    point, direction, t, width, face = sight
    normal, along, u, v = normal_and_coordinates(solids.shape[index], point[0], point[1], point[2])
    fu, fv = footprints(direction, normal, along, width)
    row = solids.surface[index]
    albedo = surface_color(row, u, v, fu, fv)
    lx, ly, lz, _, strength = toward(light, point, -1)
    key = strength * (normal[0] * lx + normal[1] * ly + normal[2] * lz)
    if key > 0.0:
        start = (point[0] + 1e-3 * normal[0], point[1] + 1e-3 * normal[1], point[2] + 1e-3 * normal[2])
        key *= _key_share(solids, light, start, face)
    corner = 0.62 + 0.38 * smooth(0.0, 0.6, point[2]) if normal[2] < 0.5 else 1.0
    clear = np.exp(-t / light.haze)
    for channel in range(3):
        base = albedo[channel] * (dome(light, normal[2], channel) * corner + row[EMISSION])
        out[channel] += clear * base + (1.0 - clear) * light.horizon[channel]
        out[channel + 3] += clear * albedo[channel] * max(0.0, key) * light.key[channel]
    return face_number(solids.shape, index, normal)


@kernel
def face_number(shape: Array, index: int, normal: Vector) -> int:
    """A number for every flat face of every box and for every other solid; -1 is the sky."""
    if index < 0 or shape[index, 0] != BOX:
        return index
    return (
        len(shape)
        + 1000 * index
        + int(np.round(4.0 * normal[0]) * 100 + np.round(4.0 * normal[1]) * 10 + np.round(4.0 * normal[2]))
    )


@kernel
def _face_at(solids: Solids, tiles: Tiles, eye: Eye, x: float, y: float) -> int:
    """The face that a point of the picture shows."""
    column = min(int(x), int(2.0 * eye.center_x) - 1)
    row = min(int(y), int(2.0 * eye.center_y) - 1)
    origin, direction = (eye.position[0], eye.position[1], eye.position[2]), ray(eye, x, y)
    t, index = first_hit(solids.shape, tiles, tile_of(tiles, column, row), origin, direction)
    if index < 0 or solids.shape[index, 0] != BOX:
        return index
    point = (origin[0] + t * direction[0], origin[1] + t * direction[1], origin[2] + t * direction[2])
    return face_number(
        solids.shape, index, normal_and_coordinates(solids.shape[index], point[0], point[1], point[2])[0]
    )


@kernel
def _sample(
    solids: Solids, tiles: Tiles, light: Light, view: tuple[Eye, float, float, float, int, int], out: Array
) -> tuple[int, float, Vector]:
    """One ray through ``(x, y)``; returns the face it met (-1: sky), at what depth and where."""
    eye, x, y, step, face, tile = view
    origin, direction = (eye.position[0], eye.position[1], eye.position[2]), ray(eye, x, y)
    t, index = first_hit(solids.shape, tiles, tile, origin, direction)
    if index < 0:
        color = sky_color(light, direction, step / eye.focal)
        for channel in range(3):
            out[channel] += color[channel]
        return -1, np.inf, origin
    point = (origin[0] + t * direction[0], origin[1] + t * direction[1], origin[2] + t * direction[2])
    return _add_surface(solids, index, light, (point, direction, t, t * step / eye.focal, face), out), t, point


@kernel
def _pixel(
    solids: Solids, tiles: Tiles, light: Light, view: tuple[Eye, int, int, int, Array], out: Array
) -> tuple[int, float]:
    """Sums a grid of rays over one pixel into ``out``: 0..2 the place, 3..5 the place in the actor's shadow. Returns
    the face and depth of the last ray."""
    eye, column, row, grid, parts = view
    one = np.zeros(6)
    out[:] = 0.0
    met, depth, tile = -1, np.inf, tile_of(tiles, column, row)
    for k in range(grid * grid):
        x, y = column + (k % grid + 0.5) / grid, row + (k // grid + 0.5) / grid
        face = (k % grid & 1) + 2 * (k // grid & 1) if grid > 1 else -1
        one[:] = 0.0
        met, depth, point = _sample(solids, tiles, light, (eye, x, y, 2.0 / (grid + 1.0), face, tile), one)
        open_sky, open_key = 1.0, 1.0
        if met >= 0 and len(parts):
            lx, ly, lz, _, _ = toward(light, point, -1)
            open_key = shadow(parts, point, (lx, ly, lz), light.size)
            open_sky = occlusion(parts, point)
        for channel in range(3):
            out[channel] += (one[channel] + one[channel + 3]) / (grid * grid)
            out[channel + 3] += (one[channel] * open_sky + one[channel + 3] * open_key) / (grid * grid)
    return met, depth


@entry_kernel
def draw_place(solids: Solids, tiles: Tiles, light: Light, eye: Eye, parts: Array, out: Array) -> None:
    """Fills ``out`` h w 7 float32: the place, the place in the actor's shadow, and inverse depth through the middle of
    the pixel (1/m, 0 at infinity). One ray a pixel, its texture filtered in closed form; sixteen where faces meet."""
    height, width, _ = out.shape
    color = np.zeros(6)
    above, below = np.zeros(width + 1, np.int64), np.zeros(width + 1, np.int64)
    for row in range(-1, height):
        for column in range(width + 1):
            above[column] = below[column]
            below[column] = _face_at(solids, tiles, eye, float(column), row + 1.0)
        if row < 0:
            continue
        for column in range(width):
            a, b, c, d = above[column], above[column + 1], below[column], below[column + 1]
            for attempt in range(2):
                met, depth = _pixel(solids, tiles, light, (eye, column, row, 1 + 3 * attempt, parts), color)
                if attempt == 0:
                    out[row, column, 6] = 1.0 / depth
                    if met == a and a == b and a == c and a == d:
                        break
            for channel in range(6):
                out[row, column, channel] = color[channel]
