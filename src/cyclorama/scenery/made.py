"""What was made up once is laid where no picture shows anything, from the world, so that it stays where it is."""

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import MadeView
from cyclorama.core.camera import Camera
from cyclorama.scenery.bend import bend_of, seen_row, sight_row
from cyclorama.scenery.look_up import cubic
from cyclorama.scenery.mapping import mapping

FINE_LONG_SIDE = 960  # above, depth is carried at every second pixel: it was measured no finer
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
    bend = bend_of(camera)
    for view in made:
        a, b = (m.astype(np.float32) for m in mapping(camera, view.camera))
        _lay(view.image, view.inverse_depth, view.made, depth, a, b, bend, tolerance, color, inverse_depth, rest)
    return rest


def _depth(made: tuple[MadeView, ...], camera: Camera) -> Array:
    """Inverse depth of the nearest made surface, h w float32; -1 where there is none."""
    if not any(view.inverse_depth.any() for view in made):
        return np.zeros(camera.hw, np.float32)
    step = 2 if max(camera.hw) > FINE_LONG_SIDE else 1
    small = camera.resized((-(-camera.hw[0] // step), -(-camera.hw[1] // step)))
    out = np.full(small.hw, -1.0, np.float32)
    for view in made:
        a, b = (m.astype(np.float32) for m in mapping(view.camera, small))
        _splat(view.inverse_depth, view.made, step, a, b, bend_of(small), out)
    _close(out)
    return out if step == 1 else cv2.resize(out, camera.hw[::-1], interpolation=cv2.INTER_NEAREST)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _splat(inverse_depth, made, step, a, b, bend, out):  # type: ignore[no-untyped-def]
    """Every ``step``-th made pixel; the nearest wins."""
    h, w = made.shape
    th, tw = out.shape
    us, vs, zs = np.empty(w, np.float32), np.empty(w, np.float32), np.empty(w, np.float32)
    bent = len(bend.table) > 0
    grown = np.float32(step) * np.float32(np.sqrt(abs(a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0])))
    for y in range(step // 2, h, step):
        py = np.float32(y) + np.float32(0.5)
        for x in range(step // 2, w, step):
            us[x], vs[x], zs[x] = -1e9, -1e9, 1
            if made[y, x]:
                px, d = np.float32(x) + np.float32(0.5), inverse_depth[y, x]
                z = a[2, 0] * px + a[2, 1] * py + a[2, 2] + b[2] * d
                if z > np.float32(1e-6):
                    us[x] = (a[0, 0] * px + a[0, 1] * py + a[0, 2] + b[0] * d) / z
                    vs[x] = (a[1, 0] * px + a[1, 1] * py + a[1, 2] + b[1] * d) / z
                    zs[x] = z
        if bent:
            seen_row(bend, us, vs)
        for x in range(step // 2, w, step):
            u, v = us[x], vs[x]
            if not (u > -2 and v > -2 and u < tw + 2 and v < th + 2):
                continue
            target = inverse_depth[y, x] / zs[x]
            reach = np.float32(0.5) * max(np.float32(1.0), grown / zs[x])  # a pixel that is magnified covers more
            reach = min(reach, np.float32(3.0))
            for ty in range(max(0, int(np.ceil(v - reach - 0.5))), min(th - 1, int(np.floor(v + reach - 0.5))) + 1):
                for tx in range(max(0, int(np.ceil(u - reach - 0.5))), min(tw - 1, int(np.floor(u + reach - 0.5))) + 1):
                    if target > out[ty, tx]:
                        out[ty, tx] = target


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
def _lay(image, own_depth, made, depth, a, b, bend, tolerance, color, inverse_depth, rest):  # type: ignore[no-untyped-def]
    """One view's colour, bicubic, where it is bare and the view made that surface."""
    h, w = made.shape
    th, tw = rest.shape
    half = np.float32(0.5)
    us, vs = np.empty(tw, np.float32), np.empty(tw, np.float32)
    wx = np.empty(4, np.float32)
    bent = len(bend.table) > 0
    for y in range(th):
        if not rest[y].any():
            continue
        if bent:
            sight_row(y, bend, us, vs)
        for x in range(tw):
            d = depth[y, x]
            if not rest[y, x] or d < 0:
                continue
            px = us[x] if bent else np.float32(x) + half
            py = vs[x] if bent else np.float32(y) + half
            z = a[2, 0] * px + a[2, 1] * py + a[2, 2] + b[2] * d
            if z <= np.float32(1e-6):
                continue
            u = (a[0, 0] * px + a[0, 1] * py + a[0, 2] + b[0] * d) / z
            v = (a[1, 0] * px + a[1, 1] * py + a[1, 2] + b[1] * d) / z
            if not (u >= 0 and v >= 0 and u < w and v < h) or not made[int(v), int(u)]:
                continue
            if abs(own_depth[int(v), int(u)] - d / z) > tolerance:
                continue
            u, v = u - half, v - half
            iu, iv = int(np.floor(u)), int(np.floor(v))
            for i in range(4):
                wx[i] = cubic(u - np.float32(iu) - np.float32(i - 1))
            r, g, bl = np.float32(0), np.float32(0), np.float32(0)
            for j in range(4):
                sy, wy = min(h - 1, max(0, iv - 1 + j)), cubic(v - np.float32(iv) - np.float32(j - 1))
                for i in range(4):
                    sx, k = min(w - 1, max(0, iu - 1 + i)), wy * wx[i]
                    r += k * image[sy, sx, 0]
                    g += k * image[sy, sx, 1]
                    bl += k * image[sy, sx, 2]
            nothing = np.float32(0)
            color[y, x, 0], color[y, x, 1], color[y, x, 2] = max(nothing, r), max(nothing, g), max(nothing, bl)
            inverse_depth[y, x] = d
            rest[y, x] = False
