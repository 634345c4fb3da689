"""Lenses in the kernels.

A backdrop is drawn as the plate's lens shows it, in one step: every pixel of the drawn frame looks along its own
straightened ray, and every surface falls where the lens shows it; no picture is sampled twice. Views that were taken
through a lens are looked up where it shows things.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera
from cyclorama.core.lens import Lens

_STEPS = 2048
"""Of the table; even in the squared radius, where the factor is so smooth that lines between them err by 1e-7."""
_BESIDE = 1.1
"""Surfaces up to so many times as far out as the corners are still followed: those just outside the frame."""


class Bend(NamedTuple):
    """A camera's lens for kernels, float32; ``table`` is empty where the lens is straight, and nothing else counts.

    ``table[i]``: straight over seen radius at the squared seen radius ``i / per_square``. ``k``: k1, k2. ``reach``: the
    largest squared straight radius that is followed. ``px_from_plane`` and ``plane_from_px``: 2 x 3.
    """

    table: Array
    per_square: np.float32
    k: Array
    reach: np.float32
    px_from_plane: Array
    plane_from_px: Array


_NOTHING, _NO_ROWS = np.zeros(0, np.float32), np.zeros((2, 3), np.float32)
_STRAIGHT = Bend(_NOTHING, np.float32(0), _NOTHING, np.float32(0), _NO_ROWS, _NO_ROWS)


def bend_of(camera: Camera) -> Bend:
    """What kernels need of a camera's lens."""
    if camera.lens.is_straight:
        return _STRAIGHT
    px_from_plane, plane_from_px = camera.px_from_cam, np.linalg.inv(camera.px_from_cam)
    h, w = camera.hw
    corners = np.array([[0, 0, 1], [w, 0, 1], [0, h, 1], [w, h, 1]], np.float64) @ plane_from_px.T
    far = float((corners[:, :2] ** 2).sum(1).max())
    table = _table(camera.lens, far)
    reach = min(camera.lens.turn, _BESIDE * float(table[-2]) * far**0.5) ** 2
    k = np.array([camera.lens.k1, camera.lens.k2], np.float32)
    rows = (np.ascontiguousarray(m[:2], np.float32) for m in (px_from_plane, plane_from_px))
    return Bend(table, np.float32(_STEPS / far), k, np.float32(reach), *rows)


@lru_cache(maxsize=4)
def _table(lens: Lens, far: float) -> Array:
    """One value more than steps, so that the outermost corner has a next one."""
    seen = np.sqrt(np.arange(1, _STEPS + 1) * (far / _STEPS))
    straight = lens.straightened(np.stack([seen, np.zeros(_STEPS)], 1))[:, 0]
    factor = np.concatenate([[1.0], straight / seen])
    return np.append(factor, factor[-1]).astype(np.float32)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def sight_row(start, bend, u, v):  # type: ignore[no-untyped-def]
    """Where on the picture plane the pixels of a row look, from ``start`` (x, y) on."""
    m, table = bend.plane_from_px, bend.table
    left, py = np.float32(start[0]) + np.float32(0.5), np.float32(start[1]) + np.float32(0.5)
    u0, v0, last = m[0, 1] * py + m[0, 2], m[1, 1] * py + m[1, 2], len(table) - 2
    for x in range(len(u)):
        px = np.float32(x) + left
        p, q = m[0, 0] * px + u0, m[1, 0] * px + v0
        at = (p * p + q * q) * bend.per_square
        i = min(int(at), last)
        factor = table[i] + (at - np.float32(i)) * (table[i + 1] - table[i])
        u[x], v[x] = p * factor, q * factor


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def seen_row(bend, u, v):  # type: ignore[no-untyped-def]
    """Places on the picture plane to the pixels at which the lens shows them, in place; far outside where it shows
    nothing."""
    m = bend.px_from_plane
    for x in range(len(u)):
        r2 = u[x] * u[x] + v[x] * v[x]
        factor = np.float32(1.0) + r2 * (bend.k[0] + bend.k[1] * r2)
        p, q = u[x] * factor, v[x] * factor
        u[x] = m[0, 0] * p + m[0, 1] * q + m[0, 2] if r2 <= bend.reach else np.float32(-1e9)
        v[x] = m[1, 0] * p + m[1, 1] * q + m[1, 2]
