"""What was made up once is laid where no picture shows anything, from the world, so that it stays where it is."""

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import MadeView
from cyclorama.core.camera import Camera
from cyclorama.scenery.look_up import add_row
from cyclorama.scenery.project import project_row, rows_of, way_between
from cyclorama.scenery.splat import carrying_camera, splat

_TOLERANCE = 0.05  # of the nearest inverse depth: surfaces closer than this are one


def lay_made(made: tuple[MadeView, ...], camera: Camera, place: tuple[Array, Array], bare: Array) -> Array:
    """Lays what was made up into ``place`` (colour h w 3, inverse depth h w, float32, in place) where it is ``bare``
    (h w bool). Returns what is bare still."""
    rest = bare.copy()
    if not made or not bare.any():
        return rest
    color, inverse_depth = place
    depth = _depth(made, camera)
    tolerance = np.float32(_TOLERANCE * float(depth.max()) + 1e-9)
    for view in made:
        picture = (np.ascontiguousarray(view.image), view.inverse_depth, view.made)
        _lay(picture, way_between(camera, view.camera), depth, tolerance, (color, inverse_depth), rest)
    return rest


def _depth(made: tuple[MadeView, ...], camera: Camera) -> Array:
    """Inverse depth of the nearest made surface at the size at which depth is carried, float32; -1 where there is
    none."""
    small, step = carrying_camera(camera)
    if not any(view.inverse_depth.any() for view in made):
        return np.zeros(small.hw, np.float32)
    out = np.full(small.hw, -1.0, np.float32)
    beside = step // 2 + 0.5 - step / 2
    for view in made:
        source = _thinned(view.inverse_depth, view.made, step)
        way = way_between(view.camera, small)
        a = way.a @ np.array([[step, 0, beside], [0, step, beside], [0, 0, 1]], np.float32)
        splat(source, way._replace(a=a), np.float32(abs(np.linalg.det(a[:2, :2])) ** 0.5), out)
    _close(out)
    return out


@njit(cache=True, nogil=True)
def _thinned(inverse_depth, made, step):  # type: ignore[no-untyped-def]
    """Every ``step``-th pixel, -1 where it was not made."""
    h, w = made.shape
    out = np.full(((h - step // 2 - 1) // step + 1, (w - step // 2 - 1) // step + 1), np.float32(-1))
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            if made[y * step + step // 2, x * step + step // 2]:
                out[y, x] = inverse_depth[y * step + step // 2, x * step + step // 2]
    return out


@njit(cache=True, nogil=True)
def _close(depth):  # type: ignore[no-untyped-def]
    """Cracks: a pixel between two others, beside or above each other, takes the farther of them."""
    h, w = depth.shape
    for y in range(1, h - 1):
        for x in range(1, w - 1):
            if depth[y, x] < 0:
                beside = min(depth[y, x - 1], depth[y, x + 1])
                depth[y, x] = max(beside, min(depth[y - 1, x], depth[y + 1, x]))


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _lay(picture, way, depth, tolerance, place, rest):  # type: ignore[no-untyped-def]
    """One view's colour, bicubic, where it is bare and the view made that surface."""
    image, own_depth, made = picture
    color, inverse_depth = place
    h, w = made.shape
    th, tw = rest.shape
    u, v, inverse, amount = rows_of(tw)
    here = np.empty(tw, np.float32)
    step = -(-th // depth.shape[0])
    for y in range(th):
        if not rest[y].any():
            continue
        _spread(depth[y // step], step, here)
        project_row(here, (0, y), way, u, v, inverse)
        some = False
        for x in range(tw):
            amount[x] = 0
            if not (rest[y, x] and here[x] >= 0 and u[x] >= 0 and v[x] >= 0 and u[x] < w and v[x] < h):
                continue
            i, j = np.uint32(u[x]), np.uint32(v[x])
            if made[j, i] and abs(own_depth[j, i] - here[x] * inverse[x]) <= tolerance:
                amount[x], some, rest[y, x] = 1, True, False
                inverse_depth[y, x] = here[x]
                color[y, x, 0] = color[y, x, 1] = color[y, x, 2] = 0
        if some:
            add_row(image, u, v, amount, color[y])
            _hold(color[y], amount)


@njit(cache=True, nogil=True)
def _spread(values, step, out):  # type: ignore[no-untyped-def]
    for i in range(len(values)):
        for x in range(i * step, min(len(out), (i + 1) * step)):
            out[x] = values[i]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _hold(color, amount):  # type: ignore[no-untyped-def]
    """Nothing that was laid is negative."""
    for x in range(len(amount)):
        if amount[x] > 0:
            for c in range(3):
                color[x, c] = max(np.float32(0), color[x, c])
