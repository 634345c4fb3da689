"""Motion blur of the place: every pixel is averaged along the way that the camera makes it go while the shutter is
open, in linear light. The lens's bend is left out of the way, which is short."""

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.camera import Camera, CameraPath

_LEAST_PX = 1.0  # of way: less is not seen
_FINE = np.float32(65536)  # steps of a pixel
_MOST_TAPS = 24  # one a pixel of the way, up to so many


def moved_blur(place: SetFrame, path: CameraPath, index: int, shutter: float) -> Array:
    """The colour of ``place`` at frame ``index``, h w 3 float32, blurred by ``shutter`` (share of the time of a frame
    that it is open, centred on the frame); the same array where nothing goes a pixel."""
    if shutter == 0 or len(path) < 2:
        return place.color
    before, after = path[max(index - 1, 0)], path[min(index + 1, len(path) - 1)]
    steps = 2 if 0 < index < len(path) - 1 else 1
    ways = [np.asarray(m, np.float32) for c in (before, after) for m in _mapping(path[index], c)]
    share = np.float32(shutter / steps)
    if not _moves(place.inverse_depth, ways[0], ways[1], ways[2], ways[3], share):
        return place.color
    out = np.empty_like(place.color)
    _average(place.color, place.inverse_depth, ways[0], ways[1], ways[2], ways[3], share, out)
    return out


def _mapping(a: Camera, b: Camera) -> tuple[Array, Array]:
    """M, m: pixel p of ``a`` at inverse depth q is seen by ``b`` at M (p, 1) + q m, homogeneous."""
    b_from_a = b.camera_from_world @ a.world_from_camera
    return b.px_from_cam @ b_from_a[:3, :3] @ np.linalg.inv(a.px_from_cam), b.px_from_cam @ b_from_a[:3, 3]


@njit(cache=True, nogil=True)
def _at(m, t, u, v, q):  # type: ignore[no-untyped-def]
    z = m[2, 0] * u + m[2, 1] * v + m[2, 2] + q * t[2]
    z = max(z, np.float32(1e-3))
    x = m[0, 0] * u + m[0, 1] * v + m[0, 2] + q * t[0]
    y = m[1, 0] * u + m[1, 1] * v + m[1, 2] + q * t[1]
    return x / z, y / z


@njit(cache=True, nogil=True)
def _moves(inverse_depth, m0, t0, m1, t1, share):  # type: ignore[no-untyped-def]
    """Whether anything goes far enough, looked at on a grid."""
    h, w = inverse_depth.shape
    half = np.float32(0.5)
    for y in range(0, h, 4):
        for x in range(0, w, 4):
            q = inverse_depth[y, x]
            x0, y0 = _at(m0, t0, x + half, y + half, q)
            x1, y1 = _at(m1, t1, x + half, y + half, q)
            if max(abs(x1 - x0), abs(y1 - y0)) * share > _LEAST_PX:
                return True
    return False


@njit(cache=True, nogil=True)
def _average(color, inverse_depth, m0, t0, m1, t1, share, out):  # type: ignore[no-untyped-def]
    h, w = inverse_depth.shape
    half, one = np.float32(0.5), np.float32(1.0)
    for y in range(h):
        for x in range(w):
            q = inverse_depth[y, x]
            x0, y0 = _at(m0, t0, np.float32(x) + half, np.float32(y) + half, q)
            x1, y1 = _at(m1, t1, np.float32(x) + half, np.float32(y) + half, q)
            dx, dy = (x1 - x0) * share, (y1 - y0) * share
            way = np.float32(np.sqrt(dx * dx + dy * dy))
            if way <= _LEAST_PX:
                out[y, x, 0], out[y, x, 1], out[y, x, 2] = color[y, x, 0], color[y, x, 1], color[y, x, 2]
                continue
            taps = min(int(way) + 2, _MOST_TAPS)
            step = one / np.float32(taps)
            go_x, go_y = int(dx * step * _FINE), int(dy * step * _FINE)
            u, v = (x << 16) + 32768 - (go_x * (taps - 1) >> 1), (y << 16) + 32768 - (go_y * (taps - 1) >> 1)
            r = g = b = np.float32(0.0)
            for _ in range(taps):
                column, row = min(max(u >> 16, 0), w - 1), min(max(v >> 16, 0), h - 1)
                r += color[row, column, 0]
                g += color[row, column, 1]
                b += color[row, column, 2]
                u += go_x
                v += go_y
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = r * step, g * step, b * step
