"""Rows of pixels with depth from one camera to another, through both lenses."""

from typing import NamedTuple

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera
from cyclorama.scenery.bend import Bend, bend_of, seen_row, sight_row
from cyclorama.scenery.mapping import mapping


class Way(NamedTuple):
    """From one camera to another: ``mapping`` in float32, and the lenses of both."""

    a: Array
    b: Array
    here: Bend
    there: Bend


def way_between(here: Camera, there: Camera) -> Way:
    """From the pixels of ``here`` to those of ``there``."""
    a, b = mapping(here, there)
    return Way(a.astype(np.float32), b.astype(np.float32), bend_of(here), bend_of(there))


@njit(cache=True, nogil=True)
def rows_of(width):  # type: ignore[no-untyped-def]
    """Four rows to work in, float32; each an array of its own, or nothing would run several pixels at a time."""
    return (
        np.empty(width, np.float32),
        np.empty(width, np.float32),
        np.empty(width, np.float32),
        np.empty(width, np.float32),
    )


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def project_row(inverse_depth, start, way, u, v, inverse):  # type: ignore[no-untyped-def]
    """Pixels of a row from ``start`` (x, y) on, with their ``inverse_depth``: ``u``, ``v`` in the other picture
    (float32, centres at one half; far outside where they lie behind its camera) and ``inverse`` = z_here / z_there."""
    if len(way.here.table):
        sight_row(start, way.here, u, v)
        _project_sight(inverse_depth, way.a, way.b, u, v, inverse)
    else:
        _project(inverse_depth, start, way.a, way.b, u, v, inverse)
    if len(way.there.table):
        seen_row(way.there, u, v)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _project(inverse_depth, start, a, b, u, v, inverse):  # type: ignore[no-untyped-def]
    """Without branches, so that it runs several pixels at a time."""
    left, py = np.float32(start[0]) + np.float32(0.5), np.float32(start[1]) + np.float32(0.5)
    u0, v0, z0 = a[0, 1] * py + a[0, 2], a[1, 1] * py + a[1, 2], a[2, 1] * py + a[2, 2]
    a0, a1, a2, b0, b1, b2 = a[0, 0], a[1, 0], a[2, 0], b[0], b[1], b[2]
    for x in range(len(inverse_depth)):
        px, d = np.float32(x) + left, inverse_depth[x]
        z = a2 * px + z0 + b2 * d
        k = np.float32(1.0) / max(z, np.float32(1e-6))
        away = np.float32(-1e9) if z <= np.float32(1e-6) else np.float32(0.0)
        u[x] = (a0 * px + u0 + b0 * d) * k + away
        v[x] = (a1 * px + v0 + b1 * d) * k
        inverse[x] = k


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _project_sight(inverse_depth, a, b, u, v, inverse):  # type: ignore[no-untyped-def]
    """As ``_project``, of places ``u``, ``v`` on the picture plane, in place."""
    for x in range(len(inverse_depth)):
        p, q, d = u[x], v[x], inverse_depth[x]
        z = a[2, 0] * p + a[2, 1] * q + a[2, 2] + b[2] * d
        k = np.float32(1.0) / max(z, np.float32(1e-6))
        away = np.float32(-1e9) if z <= np.float32(1e-6) else np.float32(0.0)
        u[x] = (a[0, 0] * p + a[0, 1] * q + a[0, 2] + b[0] * d) * k + away
        v[x] = (a[1, 0] * p + a[1, 1] * q + a[1, 2] + b[1] * d) * k
        inverse[x] = k
