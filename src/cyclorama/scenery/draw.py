"""A backdrop as a camera sees it.

Depth goes forward, colour comes back: every view's depth is splatted into the new camera (nearest surface wins), and
each new pixel fetches its colour from the views that saw that surface, so that one pixel has one depth and nothing
ghosts.
"""

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop, SetFrame, View
from cyclorama.core.camera import Camera
from cyclorama.scenery.fill import fill_holes
from cyclorama.scenery.mapping import mapping


def draw(backdrop: Backdrop, camera: Camera, time: float) -> SetFrame:
    """The place from ``camera``; ``time``, in frames of the plate, says which references to prefer."""
    h, w = camera.hw
    views = backdrop.views
    depth = np.full((h, w), -1.0, np.float32)
    for view in views:
        _splat(view.inverse_depth, *mapping(view.camera, camera), depth)
    depth = fill_cracks(depth)
    hidden = depth < 0
    depth_whole = fill_holes(depth[..., None], hidden)[..., 0] if hidden.any() else depth
    color = np.zeros((h, w, 3), np.float32)
    weight = np.zeros((h, w), np.float32)
    tolerance = np.float32(0.03 * max(float(v.inverse_depth.max()) for v in views) + 1e-9)
    for view, share in zip(views, time_weights(views, time)):
        _gather(view.image, view.inverse_depth, depth_whole, *mapping(camera, view.camera), share, tolerance, color, weight)
    coverage = (weight > 1e-6).astype(np.float32)
    _normalise(color, weight)
    bare = coverage < 0.5
    if bare.any():
        color = fill_holes(color, bare)
    return SetFrame(color, depth_whole, coverage)


def time_weights(views: tuple[View, ...], time: float) -> list[np.float32]:
    """Nearest reference in time first: 1 / (1 + |dt|)^3, so that a reference's own frame is that reference."""
    weights = [1.0 / (1.0 + abs(v.time - time)) ** 3 for v in views]
    return [np.float32(x / sum(weights)) for x in weights]


@njit(cache=True, nogil=True)
def _splat(inverse_depth, a, b, out):  # type: ignore[no-untyped-def]
    h, w = inverse_depth.shape
    th, tw = out.shape
    for y in range(h):
        for x in range(w):
            d = inverse_depth[y, x]
            px, py = x + 0.5, y + 0.5
            z = a[2, 0] * px + a[2, 1] * py + a[2, 2] + b[2] * d
            if z <= 1e-6:
                continue
            u = (a[0, 0] * px + a[0, 1] * py + a[0, 2] + b[0] * d) / z
            v = (a[1, 0] * px + a[1, 1] * py + a[1, 2] + b[1] * d) / z
            if u < -2 or v < -2 or u > tw + 2 or v > th + 2:
                continue
            target = np.float32(d / z)
            half = max(0.5, 0.5 / z)
            for ty in range(max(0, int(np.ceil(v - half - 0.5))), min(th - 1, int(np.floor(v + half - 0.5))) + 1):
                for tx in range(max(0, int(np.ceil(u - half - 0.5))), min(tw - 1, int(np.floor(u + half - 0.5))) + 1):
                    if target > out[ty, tx]:
                        out[ty, tx] = target


@njit(cache=True, nogil=True)
def fill_cracks(depth):  # type: ignore[no-untyped-def]
    """One-pixel cracks and specks: a hole with five or more neighbours takes their median, and so does a pixel that
    stands alone."""
    h, w = depth.shape
    out = depth.copy()
    near = np.empty(8, np.float32)
    for y in range(1, h - 1):
        for x in range(1, w - 1):
            count = 0
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    if (dy != 0 or dx != 0) and depth[y + dy, x + dx] >= 0:
                        near[count] = depth[y + dy, x + dx]
                        count += 1
            if depth[y, x] < 0 and count >= 5:
                out[y, x] = np.sort(near[:count])[count // 2]
    return out


@njit(cache=True, nogil=True)
def _gather(image, own_depth, depth, a, b, share, tolerance, color, weight):  # type: ignore[no-untyped-def]
    """Adds one view's colour, Catmull-Rom, weighted by ``share`` and by whether it saw the surface."""
    h, w = own_depth.shape
    th, tw = depth.shape
    wx = np.empty(4, np.float32)
    wy = np.empty(4, np.float32)
    for y in range(th):
        for x in range(tw):
            d = depth[y, x]
            px, py = x + 0.5, y + 0.5
            z = a[2, 0] * px + a[2, 1] * py + a[2, 2] + b[2] * d
            if z <= 1e-6:
                continue
            u = (a[0, 0] * px + a[0, 1] * py + a[0, 2] + b[0] * d) / z - 0.5
            v = (a[1, 0] * px + a[1, 1] * py + a[1, 2] + b[1] * d) / z - 0.5
            if u < -0.5 or v < -0.5 or u > w - 0.5 or v > h - 0.5:
                continue
            iu, iv = int(np.floor(u)), int(np.floor(v))
            nu, nv = min(w - 1, max(0, int(u + 0.5))), min(h - 1, max(0, int(v + 0.5)))
            gap = own_depth[nv, nu] - d / z
            amount = share
            if gap > tolerance:
                amount *= np.float32(1e-4)
            elif gap < -tolerance:
                amount *= np.float32(0.01)
            fx, fy = np.float32(u - iu), np.float32(v - iv)
            _cubic(fx, wx)
            _cubic(fy, wy)
            r = g = bl = np.float32(0.0)
            for j in range(4):
                sy = min(h - 1, max(0, iv - 1 + j))
                for i in range(4):
                    sx = min(w - 1, max(0, iu - 1 + i))
                    k = wy[j] * wx[i]
                    r += k * image[sy, sx, 0]
                    g += k * image[sy, sx, 1]
                    bl += k * image[sy, sx, 2]
            color[y, x, 0] += amount * r
            color[y, x, 1] += amount * g
            color[y, x, 2] += amount * bl
            weight[y, x] += amount


@njit(cache=True, nogil=True, inline="always")
def _cubic(t, out):  # type: ignore[no-untyped-def]
    """Catmull-Rom weights of the four samples around a fraction ``t``."""
    t2, t3 = t * t, t * t * t
    out[0] = np.float32(0.5) * (-t + 2 * t2 - t3)
    out[1] = np.float32(0.5) * (2 - 5 * t2 + 3 * t3)
    out[2] = np.float32(0.5) * (t + 4 * t2 - 3 * t3)
    out[3] = np.float32(0.5) * (-t2 + t3)


@njit(cache=True, nogil=True)
def _normalise(color, weight):  # type: ignore[no-untyped-def]
    h, w = weight.shape
    for y in range(h):
        for x in range(w):
            if weight[y, x] > 1e-6:
                for c in range(3):
                    color[y, x, c] = max(np.float32(0.0), color[y, x, c] / weight[y, x])
