"""Depth carried forward: the surfaces that one camera sees, put before another."""

import numpy as np
from numba import njit

from cyclorama.core.camera import Camera
from cyclorama.scenery.project import project_row

_FINE_LONG_SIDE = 960  # above, depth is carried at every second pixel: it was measured no finer
_FARTHEST = 8.0  # pixels that a magnified pixel covers on either side, at most


def carrying_camera(camera: Camera) -> tuple[Camera, int]:
    """The camera at the size at which depth is carried to it, and every how many pixels of a view's are taken."""
    step = 2 if max(camera.hw) > _FINE_LONG_SIDE else 1
    return camera.resized((-(-camera.hw[0] // step), -(-camera.hw[1] // step))), step


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def splat(inverse_depth, way, grown, out):  # type: ignore[no-untyped-def]
    """Puts the pixels of ``inverse_depth`` (h w float32; those below 0 are none) into ``out``, another such plane; the
    nearest wins. ``grown``: pixels of ``out`` to one of these, where the depth stays."""
    h, w = inverse_depth.shape
    u, v, inverse = np.empty(w, np.float32), np.empty(w, np.float32), np.empty(w, np.float32)
    box = np.empty((4, w), np.int32)
    for y in range(h):
        project_row(inverse_depth[y], (0, y), way, u, v, inverse)
        _cover(inverse_depth[y], u, v, inverse, grown, out.shape, box)
        for x in range(w):
            x0, x1, y0, y1 = np.intp(box[0, x]), np.intp(box[1, x]), np.intp(box[2, x]), np.intp(box[3, x])
            if x0 > x1 or y0 > y1:
                continue
            d = inverse[x]
            if x1 <= x0 + 1 and y1 <= y0 + 1:
                out[y0, x0] = max(out[y0, x0], d)
                out[y0, x1] = max(out[y0, x1], d)
                out[y1, x0] = max(out[y1, x0], d)
                out[y1, x1] = max(out[y1, x1], d)
                continue
            for ty in range(y0, y1 + 1):
                for tx in range(x0, x1 + 1):
                    out[ty, tx] = max(out[ty, tx], d)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _cover(inverse_depth, u, v, inverse, grown, hw, box):  # type: ignore[no-untyped-def]
    """Of pixels at ``u``, ``v`` the first and last columns and rows that they cover, none where the first is greater;
    ``inverse`` becomes their inverse depth there. Without branches, so that it runs several at a time."""
    half, one, farthest = np.float32(0.5), np.float32(1), np.float32(_FARTHEST)
    first, last_x, last_y = np.int32(0), np.int32(hw[1] - 1), np.int32(hw[0] - 1)
    away, right, down = np.float32(-2), np.float32(hw[1] + 2), np.float32(hw[0] + 2)
    for x in range(len(u)):
        d = inverse_depth[x]
        reach = min(half * max(one, grown * inverse[x]), farthest)  # a pixel that is magnified covers more
        there = (d >= 0) & (u[x] > away) & (v[x] > away) & (u[x] < right) & (v[x] < down)
        box[0, x] = max(first, np.int32(np.ceil(u[x] - reach - half)))
        box[1, x] = min(last_x, np.int32(np.floor(u[x] + reach - half))) if there else np.int32(-1)
        box[2, x] = max(first, np.int32(np.ceil(v[x] - reach - half)))
        box[3, x] = min(last_y, np.int32(np.floor(v[x] + reach - half)))
        inverse[x] *= d


@njit(cache=True, nogil=True)
def close_cracks(depth):  # type: ignore[no-untyped-def]
    """A hole with five or more neighbours takes their median. Returns the plane, and whether holes are left."""
    h, w = depth.shape
    out = depth.copy()
    near = np.empty(8, np.float32)
    holes = False
    for y in range(h):
        for x in range(w):
            if depth[y, x] >= 0:
                continue
            count = 0
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    sy, sx = y + dy, x + dx
                    if 0 <= sy < h and 0 <= sx < w and depth[sy, sx] >= 0:
                        near[count] = depth[sy, sx]
                        count += 1
            if count >= 5:
                out[y, x] = np.sort(near[:count])[count // 2]
            else:
                holes = True
    return out, holes
