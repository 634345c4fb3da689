"""The planes among which a pixel chooses.

Where its surface is confirmed by another picture: its own, a fit through those around, its neighbours' near and far,
what the other pictures found there, its own shaken, and infinity. Elsewhere nothing measured speaks for its own, and it
chooses among the nearest confirmed planes in eight directions, continued to it, and what was chosen around it since.
"""

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera

NUM_OWN = 12  # without what the other pictures tell
_NEAR, _FAR = 3, 60  # pixels, how far a neighbour may be
_AROUND = 40  # the same of one that is not confirmed
_SHAKE_PX = 4.0  # of parallax; and an eighth of it in the slopes
_HALVINGS = 4  # the shake is that often halved, by chance


@njit(cache=True, nogil=True)
def carried(planes, sure, out):  # type: ignore[no-untyped-def]
    """``out`` 8 h w 3: the nearest sure plane in each of eight directions, continued; -1 where there is none."""
    h, w, _ = planes.shape
    for way in range(8):
        dy, dx = (0, 0, 1, -1, 1, 1, -1, -1)[way], (1, -1, 0, 0, 1, -1, 1, -1)[way]
        for yy in range(h):
            y = yy if dy >= 0 else h - 1 - yy
            for xx in range(w):
                x = xx if dx >= 0 else w - 1 - xx
                by, bx = y - dy, x - dx
                if sure[y, x]:
                    out[way, y, x] = planes[y, x]
                elif by < 0 or bx < 0 or by >= h or bx >= w or out[way, by, bx, 0] < 0:
                    out[way, y, x] = -1
                else:
                    gx, gy = out[way, by, bx, 1], out[way, by, bx, 2]
                    out[way, y, x, 0] = max(np.float32(0), out[way, by, bx, 0] + dx * gx + dy * gy)
                    out[way, y, x, 1], out[way, y, x, 2] = gx, gy


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def gather(own, fit, told, sure, carry, bounds, planes):  # type: ignore[no-untyped-def]
    """``planes`` h w k 3, k = NUM_OWN + the number of other pictures. ``bounds``: the largest inverse depth, pixels of
    parallax per inverse depth, a ``Generator``, and whether unconfirmed planes were chosen, not measured."""
    limit, unit, rng, chosen = bounds
    h, w, _ = own.shape
    for y in range(h):
        for x in range(w):
            here = planes[y, x]
            first = -1 if sure[y, x] else _first(carry, y, x, limit)
            if first < 0:
                _around(own, y, x, fit, unit, rng, here)
            else:
                here[:4] = carry[first, y, x]
                here[4:12] = carry[:, y, x]
                if chosen:
                    here[0] = own[y, x]
                    for k in range(1, 4):
                        reach = 2 * (_NEAR if k == 1 else _AROUND)
                        dy, dx = (rng.random() - 0.5) * reach, (rng.random() - 0.5) * reach
                        _continued(own, int(np.rint(y + dy)), int(np.rint(x + dx)), y, x, here[k])
            here[NUM_OWN:] = told[:, y, x]
            for k in range(len(here)):
                if not (here[k, 0] >= 0 and here[k, 0] <= limit):
                    here[k] = own[y, x] if first < 0 else carry[first, y, x]


@njit(cache=True, nogil=True)
def _first(carry, y, x, limit):  # type: ignore[no-untyped-def]
    for way in range(8):
        if carry[way, y, x, 0] >= 0 and carry[way, y, x, 0] <= limit:
            return way
    return -1


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _around(own, y, x, fit, unit, rng, out):  # type: ignore[no-untyped-def]
    """The candidates of a confirmed pixel."""
    out[0], out[1] = own[y, x], fit[y, x]
    for way in range(8):
        far = way >= 4
        reach = 4 + int(rng.random() ** 2 * _FAR) if far else 1 + int(rng.random() * _NEAR)
        aside = int((rng.random() - 0.5) * 0.6 * reach) if far else 0
        dy, dx = (0, 0, 1, -1)[way % 4] * reach, (1, -1, 0, 0)[way % 4] * reach
        dy, dx = (aside if dy == 0 else dy), (aside if dx == 0 else dx)
        _continued(own, y + dy, x + dx, y, x, out[2 + way])
    size = np.float32(_SHAKE_PX * 2.0 ** (-_HALVINGS * rng.random())) / unit
    out[10, 0] = own[y, x, 0] + np.float32(2 * rng.random() - 1) * size
    for c in range(1, 3):
        out[10, c] = own[y, x, c] + np.float32(2 * rng.random() - 1) * size / 8
    out[11] = 0


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def _continued(own, sy, sx, y, x, out):  # type: ignore[no-untyped-def]
    """The plane of another pixel (of the border's, outside), at pixel (y, x)."""
    h, w, _ = own.shape
    sy, sx = min(h - 1, max(0, sy)), min(w - 1, max(0, sx))
    gx, gy = own[sy, sx, 1], own[sy, sx, 2]
    out[0] = own[sy, sx, 0] - gx * (sx - x) - gy * (sy - y)
    out[1], out[2] = gx, gy


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def tell(planes, a, b, turn, told):  # type: ignore[no-untyped-def]
    """Splats one picture's planes into another, the nearest first. ``a``, ``b``: ``mapping``; ``turn``: ``plane_map``;
    ``told`` h w 3, -1 where nothing came."""
    h, w, _ = planes.shape
    th, tw, _ = told.shape
    m, n = turn
    for y in range(h):
        for x in range(w):
            px, py, d = x + 0.5, y + 0.5, planes[y, x, 0]
            z = a[2, 0] * px + a[2, 1] * py + a[2, 2] + b[2] * d
            if z < 1e-3:
                continue
            u = (a[0, 0] * px + a[0, 1] * py + a[0, 2] + b[0] * d) / z
            v = (a[1, 0] * px + a[1, 1] * py + a[1, 2] + b[1] * d) / z
            if not (u > 0 and v > 0 and u < tw and v < th) or d / z <= told[int(v), int(u), 0]:
                continue
            p, q = planes[y, x, 1], planes[y, x, 2]
            r = d - p * px - q * py
            scale = 1 - (n[0] * p + n[1] * q + n[2] * r)
            if scale < 1e-3:  # it passes behind the other camera
                continue
            iu, iv = int(u), int(v)
            gx = (m[0, 0] * p + m[0, 1] * q + m[0, 2] * r) / scale
            gy = (m[1, 0] * p + m[1, 1] * q + m[1, 2] * r) / scale
            level = (m[2, 0] * p + m[2, 1] * q + m[2, 2] * r) / scale
            told[iv, iu, 0] = gx * (iu + 0.5) + gy * (iv + 0.5) + level
            told[iv, iu, 1], told[iv, iu, 2] = gx, gy


def plane_map(source: Camera, target: Camera) -> tuple[Array, Array]:
    """``(m, n)``: the plane whose inverse depth is ``p @ (u, v, 1)`` over ``source`` is ``m @ p / (1 - n @ p)`` over
    ``target``. ``m`` is 3 x 3, ``n`` is (3,)."""
    source_from_target = source.camera_from_world @ target.world_from_camera
    rotation, shift = source_from_target[:3, :3], source_from_target[:3, 3]
    k = source.px_from_cam
    return np.linalg.inv(target.px_from_cam).T @ rotation.T @ k.T, k @ shift


@njit(cache=True, nogil=True)
def finer(planes, guide, full_guide, out):  # type: ignore[no-untyped-def]
    """Each pixel takes, of the four planes around it, that of the most similar colour, continued to it (no value is
    between two surfaces)."""
    h, w, _ = planes.shape
    th, tw, _ = full_guide.shape
    for y in range(th):
        v = (y + 0.5) * h / th - 0.5
        y0 = int(np.floor(v))
        for x in range(tw):
            u = (x + 0.5) * w / tw - 0.5
            x0 = int(np.floor(u))
            best = np.float32(1e9)
            for dy in range(2):
                for dx in range(2):
                    sy, sx = min(h - 1, max(0, y0 + dy)), min(w - 1, max(0, x0 + dx))
                    unlike = np.float32(0.05 * (abs(v - sy) + abs(u - sx)))
                    for c in range(3):
                        unlike += abs(full_guide[y, x, c] - guide[sy, sx, c])
                    if unlike < best:
                        best = unlike
                        gx, gy = planes[sy, sx, 1], planes[sy, sx, 2]
                        out[y, x, 0] = max(0.0, planes[sy, sx, 0] + gx * (u - sx) + gy * (v - sy))
                        out[y, x, 1], out[y, x, 2] = gx * w / tw, gy * h / th
