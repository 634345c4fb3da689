"""The solids of a place and how a ray meets them, as kernels.

The world of this room, stated once: metres, x right, y away from the first camera, z up, the ground at z = 0, the actor
near the origin. A ray's direction is never normalised: from a camera it has length 1 along the optical axis, so that
its parameter is depth along that axis.
"""

from typing import NamedTuple

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera
from cyclorama.synthetic.noise import kernel

GROUND, BOX, CYLINDER, ELLIPSOID = range(4)
TILE_PX = 8
_NEAR = 1e-4


class Solids(NamedTuple):
    """What stands in a place. ``shape``: n x 9 float64, ``kind, center x y z, half x y z, cos yaw, sin yaw`` (a
    cylinder is upright: radius in half x, half height in half z). ``surface``: n x 10, see ``textures``. ``bound``:
    n x 4, a sphere around each (radius 0: never casts a shadow)."""

    shape: Array
    surface: Array
    bound: Array


class Eye(NamedTuple):
    """A camera for kernels: ``position`` (3,), ``rotation`` 3 x 3 world from camera, focal and centre in pixels."""

    position: Array
    rotation: Array
    focal: float
    center_x: float
    center_y: float


class Tiles(NamedTuple):
    """Which solids can show in each tile of the picture: ``items[start[k]:start[k + 1]]`` for tile ``k``, row by row,
    nearest first. ``nearest``: no part of a solid has less depth than this (m), by solid."""

    start: Array
    items: Array
    nearest: Array
    num_across: int


def eye_of(camera: Camera) -> Eye:
    """Square pixels are assumed, as this room's cameras have."""
    k = camera.px_from_cam
    m = camera.world_from_camera
    return Eye(m[:3, 3].copy(), m[:3, :3].copy(), float(k[0, 0]), float(k[0, 2]), float(k[1, 2]))


def tile_solids(solids: Solids, camera: Camera) -> Tiles:
    """Sort the solids into tiles by the pixels that their bounding boxes cover."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
    down, across = (-(-n // TILE_PX) for n in camera.hw)
    hit = np.zeros((len(solids.shape), down, across), bool)
    nearest = np.zeros(len(hit))
    for index, (kind, *rest) in enumerate(solids.shape):
        center, half, (c, s) = np.array(rest[:3]), np.array(rest[3:6]), rest[6:]
        local = corners * half
        points = center + np.stack(
            [local[:, 0] * c - local[:, 1] * s, local[:, 0] * s + local[:, 1] * c, local[:, 2]], 1
        )
        px, depth = camera.project(points)
        if kind == GROUND or (depth.min() < 0.05 and depth.max() > 0):
            hit[index] = True
        elif depth.max() > 0:
            nearest[index] = depth.min()
            x0, y0 = np.maximum(np.floor((px.min(0) - 1) / TILE_PX), 0).astype(int)
            x1, y1 = np.minimum(np.floor((px.max(0) + 1) / TILE_PX), (across - 1, down - 1)).astype(int)
            hit[index, y0 : y1 + 1, x0 : x1 + 1] = True
    order = np.argsort(nearest, kind="stable")
    shows = hit.reshape(len(hit), -1).T[:, order]
    start = np.concatenate([[0], np.cumsum(shows.sum(1))]).astype(np.int64)
    return Tiles(start, order[np.nonzero(shows)[1]].astype(np.int64), nearest, across)


@kernel
def _box(row: Array, x: float, y: float, z: float, direction: tuple[float, float, float]) -> float:
    px, py = x * row[7] + y * row[8], y * row[7] - x * row[8]
    dx, dy = direction[0] * row[7] + direction[1] * row[8], direction[1] * row[7] - direction[0] * row[8]
    ix, iy, iz = 1.0 / (dx + 1e-18), 1.0 / (dy + 1e-18), 1.0 / (direction[2] + 1e-18)
    ax, bx = (-row[4] - px) * ix, (row[4] - px) * ix
    ay, by = (-row[5] - py) * iy, (row[5] - py) * iy
    az, bz = (-row[6] - z) * iz, (row[6] - z) * iz
    enter = max(min(ax, bx), min(ay, by), min(az, bz))
    leave = min(max(ax, bx), max(ay, by), max(az, bz))
    return enter if enter <= leave and enter > _NEAR else np.inf


@kernel
def _cylinder(row: Array, x: float, y: float, z: float, direction: tuple[float, float, float]) -> float:
    dx, dy, dz = direction
    a, b, c = dx * dx + dy * dy, x * dx + y * dy, x * x + y * y - row[4] * row[4]
    if a > 1e-12:
        inner = b * b - a * c
        if inner < 0.0:
            return np.inf
        t = (-b - np.sqrt(inner)) / a
        if t > _NEAR and abs(z + t * dz) <= row[6]:
            return t
    if abs(dz) > 1e-9:
        t = (-row[6] - z) / dz if dz > 0.0 else (row[6] - z) / dz
        u, v = x + t * dx, y + t * dy
        if t > _NEAR and u * u + v * v <= row[4] * row[4]:
            return t
    return np.inf


@kernel
def _ellipsoid(row: Array, x: float, y: float, z: float, direction: tuple[float, float, float]) -> float:
    px, py, pz = x / row[4], y / row[5], z / row[6]
    dx, dy, dz = direction[0] / row[4], direction[1] / row[5], direction[2] / row[6]
    a, b = dx * dx + dy * dy + dz * dz, px * dx + py * dy + pz * dz
    inner = b * b - a * (px * px + py * py + pz * pz - 1.0)
    if inner < 0.0:
        return np.inf
    t = (-b - np.sqrt(inner)) / a
    return t if t > _NEAR else np.inf


@kernel
def meet(row: Array, origin: tuple[float, float, float], direction: tuple[float, float, float]) -> float:
    """Where a ray first enters a solid, in lengths of ``direction``; infinity when it does not."""
    x, y, z = origin[0] - row[1], origin[1] - row[2], origin[2] - row[3]
    if row[0] == BOX:
        return _box(row, x, y, z, direction)
    if row[0] == CYLINDER:
        return _cylinder(row, x, y, z, direction)
    if row[0] == ELLIPSOID:
        return _ellipsoid(row, x, y, z, direction)
    if direction[2] < -1e-12 and z > 0.0:
        return -z / direction[2]
    return np.inf


@kernel
def first_hit(
    shape: Array, tiles: Tiles, tile: int, origin: tuple[float, float, float], direction: tuple[float, float, float]
) -> tuple[float, int]:
    """The nearest solid along a ray of ``tile`` from the eye: its depth and its index, or infinity and -1."""
    best, index = np.inf, -1
    for k in range(tiles.start[tile], tiles.start[tile + 1]):
        item = tiles.items[k]
        if tiles.nearest[item] > best:
            break
        t = meet(shape[item], origin, direction)
        if t < best:
            best, index = t, item
    return best, index


@kernel
def lit(
    solids: Solids, origin: tuple[float, float, float], direction: tuple[float, float, float], reach: float
) -> float:
    """1 when nothing stands between ``origin`` and ``origin + reach * direction``, 0 when something does."""
    squared = direction[0] ** 2 + direction[1] ** 2 + direction[2] ** 2
    for index in range(len(solids.bound)):
        ball = solids.bound[index]
        x, y, z = ball[0] - origin[0], ball[1] - origin[1], ball[2] - origin[2]
        along = max(0.0, (x * direction[0] + y * direction[1] + z * direction[2]) / squared)
        x, y, z = x - along * direction[0], y - along * direction[1], z - along * direction[2]
        if x * x + y * y + z * z < ball[3] * ball[3] and meet(solids.shape[index], origin, direction) < reach:
            return 0.0
    return 1.0


@kernel
def normal_and_coordinates(
    row: Array, x: float, y: float, z: float
) -> tuple[tuple[float, float, float], tuple[float, float, float], float, float]:
    """At a point of a solid: its normal, the direction of u along the surface, and the coordinates u, v in metres."""
    px, py, pz = x - row[1], y - row[2], z - row[3]
    if row[0] == BOX:
        c, s = row[7], row[8]
        a, b = px * c + py * s, py * c - px * s
        gap_x, gap_y, gap_z = row[4] - abs(a), row[5] - abs(b), row[6] - abs(pz)
        if gap_z < gap_x and gap_z < gap_y:
            return (0.0, 0.0, np.sign(pz)), (c, s, 0.0), a, b
        if gap_x < gap_y:
            return (c * np.sign(a), s * np.sign(a), 0.0), (-s, c, 0.0), b + 3.7, z
        return (-s * np.sign(b), c * np.sign(b), 0.0), (c, s, 0.0), a, z
    if row[0] == CYLINDER:
        if row[6] - abs(pz) < row[4] - np.hypot(px, py):
            return (0.0, 0.0, np.sign(pz)), (1.0, 0.0, 0.0), px, py
        a, b = px / row[4], py / row[4]
        return (a, b, 0.0), (-b, a, 0.0), np.arctan2(b, a) * row[4], pz
    if row[0] == ELLIPSOID:
        a, b, c = px / row[4] ** 2, py / row[5] ** 2, pz / row[6] ** 2
        size = np.sqrt(a * a + b * b + c * c)
        flat = np.hypot(a, b) + 1e-12
        return (a / size, b / size, c / size), (-b / flat, a / flat, 0.0), np.arctan2(py, px) * row[4], pz
    return (0.0, 0.0, 1.0), (1.0, 0.0, 0.0), x, y
